"""What nearly all entries of two lists are apart: in time, or in bars."""

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np

from hewston.pipeline.parity.trades.lists import Flags, Ints, Lists, is_same

NEARLY_ALL = 0.9
FEW = 5  # trades, of which no shift is read unless all their prices agree too
HOUR_MS, HALF_MS = 3_600_000, 1_800_000
_LONGEST_MS = 15 * HOUR_MS  # between two clocks of the world, and some bars
_MOST_BARS = 50  # that entries are looked for apart
_SAMPLE = 400  # entries, of which all distances are counted
_TRIED = 8  # of the most frequent distances
_LEAST_SHARE = 0.2  # of the longer list that the shorter one has, for a shift to mean anything
_NEAR = 9  # trades in time that must mostly agree on which of two shifts holds
_MOST_NOISE = 0.1  # of them that do not
_YEAR_MS = 366 * 24 * HOUR_MS


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Shift:
    """What Python's entries are after Pine's: one amount, or two by turns, as daylight saving is.

    ``by_row`` says which amount holds of each row that it was found of.
    """

    amounts: tuple[int, ...]
    by_row: Ints


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Partners:
    """Which entry of Python is each of Pine's under a shift; ``found`` tells where there is one."""

    rows: Ints
    found: Flags


def find_shift(lists: Lists) -> Shift | None:
    """Find what nearly all entries are apart in time (ms), other than nothing."""
    pine, python = lists.pine.entry, lists.python.entry
    shift = _find(lists, pine, python, most=_LONGEST_MS, in_turns=True)
    return shift if shift is None or _is_enough(lists, shift) else None


def find_lag(lists: Lists) -> int:
    """Find how many bars all entries of Python come after Pine's; 0 where nothing is common."""
    bars = lists.bars
    pine, python = bars.number(lists.pine.entry), bars.number(lists.python.entry)
    shift = _find(lists, pine, python, most=_MOST_BARS, in_turns=False)
    if shift is None or min(len(lists.pine), len(lists.python)) < FEW:
        return 0
    return shift.amounts[0]


def find_partners(lists: Lists, by_row: Ints) -> Partners:
    """Find the first entry of Python that is each of Pine's, moved by what is given of each."""
    rows = np.zeros(len(lists.pine), np.int64)
    found = np.zeros(len(lists.pine), np.bool_)
    for is_long in (True, False):
        own = np.flatnonzero(lists.pine.is_long == is_long)
        other = np.flatnonzero(lists.python.is_long == is_long)
        if not len(own) or not len(other):
            continue
        times = lists.python.entry[other]
        moved = lists.pine.entry[own] + by_row[own]
        at = np.minimum(np.searchsorted(times, moved), len(times) - 1)
        rows[own], found[own] = other[at], times[at] == moved
    return Partners(rows=rows, found=found)


def choose(hits: Sequence[Flags], amounts: Sequence[int], times: Ints, *, need: float) -> Shift:
    """Choose the amount with the most hits, or two in turns where one is less than needed.

    ``hits`` tells of each amount the rows that it explains. Two are chosen where they are an hour
    or half an hour apart, each holds for stretches of time, and they explain what one does not.
    """
    counts = [int(one.sum()) for one in hits]
    best = max(range(len(amounts)), key=lambda at: (counts[at], -abs(amounts[at])))
    single = Shift(amounts=(amounts[best],), by_row=np.full(len(times), amounts[best]))
    pairs = sorted(
        (-int((hits[one] | hits[two]).sum()), one, two)
        for one, two in itertools.combinations(range(len(amounts)), 2)
        if abs(amounts[one] - amounts[two]) in {HOUR_MS, HALF_MS}
    )
    for less, one, two in pairs[:_TRIED]:
        if -less < need or -less - counts[best] < FEW:
            break
        turns = _find_turns(hits[one], hits[two], times)
        if turns is not None:
            both = np.where(turns, amounts[two], amounts[one])
            return Shift(amounts=tuple(sorted((amounts[one], amounts[two]), key=abs)), by_row=both)
    return single


def _find(lists: Lists, pine: Ints, python: Ints, *, most: int, in_turns: bool) -> Shift | None:
    """Find what the entries are apart, in whatever unit they are given."""
    sides = [
        (pine[own], np.unique(python[other]), own)
        for is_long in (True, False)
        if (own := lists.pine.is_long == is_long).any()
        and (other := lists.python.is_long == is_long).any()
    ]
    least = sum(min(len(own), len(other)) for own, other, _ in sides)
    if not sides or least < _LEAST_SHARE * max(len(pine), len(python)):
        return None
    amounts = _count_distances([(own, other) for own, other, _ in sides], most)
    hits = []
    for amount in amounts:
        hit = np.zeros(len(pine), np.bool_)
        for own, other, rows in sides:
            at = np.minimum(np.searchsorted(other, own + amount), len(other) - 1)
            hit[rows] = other[at] == own + amount
        hits.append(hit)
    need = NEARLY_ALL * least
    if in_turns:
        shift = choose(hits, amounts, pine, need=need)
    else:
        best = max(range(len(amounts)), key=lambda at: (int(hits[at].sum()), -abs(amounts[at])))
        shift = Shift(amounts=(amounts[best],), by_row=np.full(len(pine), amounts[best]))
    covered = np.zeros(len(pine), np.bool_)
    for amount, hit in zip(amounts, hits, strict=True):
        covered |= hit & (shift.by_row == amount)
    if not any(shift.amounts) or covered.sum() < need:
        return None
    if len(shift.amounts) == 1 and hits[amounts.index(0)].sum() >= need:
        return None  # as good at its place: trades come at regular distances
    return shift


def _count_distances(sides: Sequence[tuple[Ints, Ints]], most: int) -> list[int]:
    """Give the most frequent distances between entries of a side, and 0."""
    apart = []
    for own, other in sides:
        for at in own[:: max(len(own) // _SAMPLE, 1)]:
            near = other[np.searchsorted(other, at - most) : np.searchsorted(other, at + most + 1)]
            apart.append(near - at)
    distances, counts = np.unique(np.concatenate(apart), return_counts=True)
    order = np.lexsort((np.abs(distances), -counts))[:_TRIED]
    return sorted({0, *distances[order].tolist()})


def _find_turns(one: Flags, two: Flags, times: Ints) -> Flags | None:
    """Tell where the second of two holds, if they take turns as seasons do; else None."""
    told = np.flatnonzero(one != two)
    told = told[np.argsort(times[told], kind="stable")]
    if len(told) < 2 * FEW:
        return None
    labels = two[told].astype(np.float64)
    window = np.ones(_NEAR)
    around = np.convolve(labels, window, "same") / np.convolve(np.ones(len(labels)), window, "same")
    smooth = around > 1 / 2
    turns = int((smooth[1:] != smooth[:-1]).sum())
    years = math.ceil((times[told[-1]] - times[told[0]]) / _YEAR_MS)
    is_noisy = float((smooth != (labels > 0)).mean()) > _MOST_NOISE
    if not turns or turns > 2 * years + 1 or is_noisy:
        return None
    at = np.minimum(np.searchsorted(times[told], times), len(told) - 1)
    return np.where(one != two, two, smooth[at])


def _is_enough(lists: Lists, shift: Shift) -> bool:
    """A few trades tell a shift only if they are the same ones, with all their prices."""
    count = min(len(lists.pine), len(lists.python))
    if count >= FEW:
        return True
    with_partner = find_partners(lists, shift.by_row)
    if count < 2 or not with_partner.found.all() or len(lists.pine) != len(lists.python):  # noqa: PLR2004 (one trade is no rule)
        return False
    rows = with_partner.rows
    ends_alike = np.where(
        lists.pine.is_open, lists.python.is_open[rows],
        lists.pine.exit + np.where(lists.pine.is_open, 0, shift.by_row) == lists.python.exit[rows],
    )  # fmt: skip
    prices = is_same(lists.pine.entry_price, lists.python.entry_price[rows]) & is_same(
        lists.pine.exit_price, lists.python.exit_price[rows]
    )
    return bool((ends_alike & prices).all())
