"""Which trade of Pine is which of Python, and where the two first do otherwise."""

import dataclasses
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from hewston.pipeline.matching import pair
from hewston.pipeline.parity.trades.lists import (
    LOOSE,
    OPEN,
    Flags,
    Floats,
    Ints,
    Listed,
    Lists,
    is_same,
)
from hewston.pipeline.parity.trades.shifts import NEARLY_ALL

_NOBODY = -1
_AT_ENDS = 2  # trades at the ends of two lists that are cut at the same time


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """An entry or an exit that one side does not share, at Pine's time (ms).

    Rows are -1 where a side has no such trade; both have one where only their exits differ.
    """

    at: int
    is_exit: bool
    pine: int
    python: int


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Paired:
    """Trades put together, those of Python moved by ``lag`` bars so that they are at Pine's.

    ``same`` are rows of one side, entry and exit in time, and ``entered`` rows of one side and
    entry whose exits differ; ``only_pine`` and ``only_python`` have no partner at all. An open
    trade of Pine is the one entered with it, whatever became of that later.
    """

    lists: Lists
    lag: int
    moved: Listed  # Python's trades at Pine's times
    same: tuple[Ints, Ints]
    entered: tuple[Ints, Ints]
    only_pine: Ints
    only_python: Ints

    @property
    def is_whole(self) -> bool:
        """Tell whether no time differs."""
        return not (len(self.entered[0]) or len(self.only_pine) or len(self.only_python))

    @cached_property
    def both(self) -> tuple[Ints, Ints]:
        """Give the rows of all that were entered alike, whatever became of them."""
        own, here = (np.concatenate(rows) for rows in zip(self.same, self.entered, strict=True))
        return own, here

    @property
    def has_few_alone(self) -> bool:
        """Tell whether all but a tenth have a partner, or one at the end of each list."""
        alone = len(self.only_pine) + len(self.only_python)
        total = max(len(self.lists.pine), len(self.lists.python))
        return alone <= max(_AT_ENDS, (1 - NEARLY_ALL) * total)

    def read(self, column: str) -> tuple[Floats, Floats]:
        """Give a column of all that both entered, of Pine and of Python."""
        own: Floats = getattr(self.lists.pine, column)[self.both[0]]
        here: Floats = getattr(self.lists.python, column)[self.both[1]]
        return own, here

    def differs(self, column: str, tolerance: float = LOOSE) -> Flags:
        """Tell of each that both entered whether a value differs, not by its printing alone."""
        own, here = self.read(column)
        half = self.lists.half_unit(column)
        is_other: Flags = ~is_same(own, here, tolerance)
        if half is not None:
            is_other &= np.abs(own - here) > half
        return is_other

    @cached_property
    def other_prices(self) -> tuple[Flags, Flags]:
        """Tell of each that both entered whether its entry's price differs, and its exit's.

        Of exits at other times the price does not count.
        """
        entry, exit_ = (self.differs(name) for name in ("entry_price", "exit_price"))
        exit_ &= np.arange(len(exit_)) < len(self.same[0])
        return entry, exit_

    @property
    def first_at(self) -> int:
        """When the first time or price differs (ms); OPEN where none does."""
        pine, rows = self.lists.pine, self.both[0]
        entry, exit_ = self.other_prices
        times = np.concatenate((pine.entry[rows][entry], pine.exit[rows][exit_]))
        first = OPEN if self.first is None else self.first.at
        return min(int(times.min(initial=OPEN)), first)

    @cached_property
    def first(self) -> Event | None:
        """Give the first event that differs; None where no time does."""
        return min(self.events(), key=lambda one: (one.at, not one.is_exit), default=None)

    def events(self) -> Iterator[Event]:
        """List all that one side does and the other does not, in no order."""
        pine, moved = self.lists.pine, self.moved
        for row, other in zip(*(rows.tolist() for rows in self.entered), strict=True):
            at = min(int(pine.exit[row]), int(moved.exit[other]))
            yield Event(at=at, is_exit=True, pine=row, python=other)
        for row in self.only_pine.tolist():
            at, is_exit = _place(pine, row, is_part=bool(self.is_part[row]))
            yield Event(at=at, is_exit=is_exit, pine=row, python=_NOBODY)
        for row in self.only_python.tolist():
            at, is_exit = _place(moved, row, is_part=bool(self.is_part_here[row]))
            yield Event(at=at, is_exit=is_exit, pine=_NOBODY, python=row)

    @cached_property
    def is_part(self) -> Flags:
        """Tell which of Pine's trades is a part of an entry that Python has as well."""
        pine = self.lists.pine
        return find_parts(pine) & np.isin(_name_entries(pine), _name_entries(self.moved))

    @cached_property
    def is_part_here(self) -> Flags:
        """Tell which of Python's is a part of an entry that Pine has as well."""
        pine = self.lists.pine
        is_part: Flags = find_parts(self.moved)
        return is_part & np.isin(_name_entries(self.moved), _name_entries(pine))


def _name_entries(trades: Listed) -> Ints:
    """Give a number of its own to each side and time of an entry."""
    return 2 * trades.entry + trades.is_long


def pair_lists(lists: Lists, lag: int) -> Paired:
    """Put trades together by side and times, Python's moved back by ``lag`` bars.

    Of a moved trade the exit may also be at its own time, as a stop's or a limit's is.
    """
    pine, python = lists.pine, lists.python
    moved = python
    if lag:
        bars = lists.bars
        moved = dataclasses.replace(
            python, entry=bars.move(python.entry, -lag), exit=bars.move(python.exit, -lag)
        )
    left = np.arange(len(pine)), np.arange(len(python))
    found = _Found(left)
    found.take(pine, moved)
    if lag:
        at_own = dataclasses.replace(moved, exit=np.maximum(python.exit, moved.entry))
        rows = found.take(pine, at_own, but=pine.is_called)
        ends = moved.exit.copy()
        ends[rows[1]] = at_own.exit[rows[1]]
        moved = dataclasses.replace(moved, exit=ends)
    found.take(pine, moved, chosen=pine.is_open)
    same = found.give()
    entered = found.take(pine, moved, chosen=np.ones(len(pine), np.bool_))
    return Paired(
        lists=lists,
        lag=lag,
        moved=moved,
        same=same,
        entered=entered,
        only_pine=found.left[0],
        only_python=found.left[1],
    )


def _place(trades: Listed, row: int, *, is_part: bool) -> tuple[int, bool]:
    """Say when a trade without a partner first differs: a part of one by its exit alone."""
    is_exit = is_part and trades.exit[row] != OPEN
    return int(trades.exit[row] if is_exit else trades.entry[row]), is_exit


def find_parts(trades: Listed) -> Flags:
    """Tell which trades share side, time and price of the entry and differ in their exits."""
    keys = np.rec.fromarrays([trades.is_long, trades.entry, trades.entry_price])
    _, group = np.unique(keys, return_inverse=True)
    is_part = np.zeros(len(trades), np.bool_)
    for ends in (trades.exit.astype(np.float64), np.nan_to_num(trades.exit_price)):
        first, last = np.full(len(trades), np.inf), np.full(len(trades), -np.inf)
        np.minimum.at(first, group, ends)
        np.maximum.at(last, group, ends)
        is_part |= first[group] != last[group]
    return is_part


def find_stacked(trades: Listed) -> Flags:
    """Tell which trades are entered while another of their side is open, or on its bar."""
    stacked = np.zeros(len(trades), np.bool_)
    for is_long in (True, False):
        rows = np.flatnonzero(trades.is_long == is_long)
        if len(rows) < 2:  # noqa: PLR2004 (one is open alone)
            continue
        until = np.maximum.accumulate(trades.exit[rows])[:-1]
        stacked[rows[1:]] = trades.entry[rows][1:] < until
    return stacked


class _Found:
    """Rows that were paired so far, and those that were not."""

    def __init__(self, left: tuple[Ints, Ints]) -> None:
        self.left = left
        self._pairs: list[tuple[Ints, Ints]] = []

    def take(
        self,
        pine: Listed,
        python: Listed,
        *,
        chosen: Flags | None = None,
        but: Flags | None = None,
    ) -> tuple[Ints, Ints]:
        """Pair what is left, but for some: by both times, or some of Pine's by entry alone."""
        rows = self.left[0] if chosen is None else self.left[0][chosen[self.left[0]]]
        rows = rows if but is None else rows[~but[rows]]
        by_entry = chosen is not None
        at = pair(
            pine.place(rows, by_entry=by_entry),
            python.place(self.left[1], by_entry=by_entry),
            tolerance=0,
        )
        taken = rows[at[0]], self.left[1][at[1]]
        self._pairs.append(taken)
        self.left = np.setdiff1d(self.left[0], taken[0]), np.setdiff1d(self.left[1], taken[1])
        return taken

    def give(self) -> tuple[Ints, Ints]:
        """Give all pairs so far, in the order of Pine's."""
        own, other = (np.concatenate(rows) for rows in zip(*self._pairs, strict=True))
        order = np.argsort(own, kind="stable")
        return own[order], other[order]
