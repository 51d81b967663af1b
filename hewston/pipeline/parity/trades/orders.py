"""The third layer: what became of orders that both sides gave, told from one event."""

from typing import Literal

import numpy as np

from hewston.pipeline.parity.trades.finding import MS_NS, TradeFinding, write_count, write_time
from hewston.pipeline.parity.trades.lists import (
    LOOSE,
    OPEN,
    SAME,
    Flags,
    Floats,
    Ints,
    Listed,
    Lists,
    is_same,
)
from hewston.pipeline.parity.trades.pairs import Event, Paired
from hewston.pipeline.parity.trades.shifts import NEARLY_ALL

type Kind = Literal["called", "price", "part", "signals", "levels", "intrabar"]


def judge_first(paired: Paired) -> Kind | None:
    """Say of what kind the first time is that differs; None where none does.

    An order that rests is filled inside a bar, one that signals make at an edge of it. Where all
    entries have other prices, levels that hang on them are others too.
    """
    first = paired.first
    if first is None:
        return None
    if first.pine >= 0 and paired.lists.pine.is_called[first.pine]:
        return "called"
    is_alike = not paired.lag and _enters_alike(paired, first)
    if paired.lag or not is_alike:
        return "price" if paired.has_few_alone else "signals"
    if not first.is_exit:
        return "intrabar" if _enters_inside(paired, first) else "signals"
    return "part" if min(first.pine, first.python) < 0 else _judge_exits(paired, first)


def _judge_exits(paired: Paired, first: Event) -> Kind:
    """Say how trades that both entered alike are left otherwise: as most of them are.

    Where many trades have no partner at all, a first exit by a signal counts more than the others.
    """
    entry, exit_ = paired.other_prices
    other_time = np.arange(len(exit_)) >= len(paired.same[0])
    pine = paired.lists.pine
    rows = np.flatnonzero((other_time | exit_) & ~entry & ~pine.is_called[paired.both[0]])
    kinds = _list_kinds(paired, rows)
    is_first = (paired.both[0][rows] == first.pine) & (paired.both[1][rows] == first.python)
    own = kinds[int(np.argmax(is_first))]
    if own == "signals" and not paired.has_few_alone:
        return "signals"
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    return max(counts, key=lambda kind: (counts[kind], kind == own, kind))


def _list_kinds(paired: Paired, rows: Ints) -> list[Kind]:
    """Say of each how it is left: by other signals, at another level, or inside a bar by one."""
    lists, moved = paired.lists, paired.moved
    own, here = paired.both[0][rows], paired.both[1][rows]
    inside = [
        is_inside(lists, trades, "exit", places)
        for trades, places in ((lists.pine, own), (lists.python, here))
    ]
    prices = lists.pine.exit_price[own], lists.python.exit_price[here]
    bar = np.minimum(lists.pine.exit[own], moved.exit[here])
    same_bar = lists.pine.exit[own] == moved.exit[here]
    across = same_bar & lists.bars.lie_apart(bar, *prices)
    is_path = across | (~same_bar & (is_same(*prices, LOOSE) | (bar == lists.pine.entry[own])))
    kinds = np.where(inside[0] & inside[1] & ~is_path, "levels", "intrabar")
    return list(np.where(inside[0] | inside[1], kinds, "signals"))


def is_inside(lists: Lists, trades: Listed, end: str, rows: Ints) -> Flags:
    """Tell which ``entry`` or ``exit`` is at neither edge of its bar, as a resting order's is.

    What all entries of a side cost beside the edges of their bars is no sign of it.
    """
    times: Ints = getattr(trades, end)[rows]
    prices: Floats = getattr(trades, f"{end}_price")[rows]
    is_there = times != OPEN
    apart = lists.bars.measure(np.where(is_there, times, -1), prices)
    size = np.abs(prices)
    beside_cost = np.abs(apart - _find_cost(lists, trades)) > LOOSE * size
    inside: Flags = is_there & (apart > SAME * size) & beside_cost
    return inside


def _find_cost(lists: Lists, trades: Listed) -> float:
    """Give the one distance of nearly all entries from the edges of their bars, else nothing."""
    apart = lists.bars.measure(trades.entry, trades.entry_price)
    known = apart[~np.isnan(apart)]
    if not len(known):
        return 0.0
    cost = float(np.median(known))
    return cost if float((np.abs(known - cost) <= LOOSE * cost).mean()) >= NEARLY_ALL else 0.0


def _enters_inside(paired: Paired, event: Event) -> bool:
    """One side enters inside a bar, and the other on that side at an edge one bar away at most."""
    lists = paired.lists
    is_pine = event.pine >= 0
    own, other = (lists.pine, paired.moved) if is_pine else (paired.moved, lists.pine)
    row = event.pine if is_pine else event.python
    rows = paired.only_python if is_pine else paired.only_pine
    at = lists.bars.number(own.entry[row : row + 1])[0]
    near = rows[
        (other.is_long[rows] == own.is_long[row])
        & (np.abs(lists.bars.number(other.entry[rows]) - at) <= 1)
    ]
    if not len(near):
        return False
    ends = (row, int(near[0])) if is_pine else (int(near[0]), row)
    there, here = (
        bool(is_inside(lists, trades, "entry", np.array([at]))[0])
        for trades, at in zip((lists.pine, lists.python), ends, strict=True)
    )
    return there != here


def _enters_alike(paired: Paired, event: Event) -> bool:
    """Tell whether a trade was entered at one price: levels hang on it. Of one side's, it was."""
    if min(event.pine, event.python) < 0:
        return True
    prices = (
        paired.lists.pine.entry_price[[event.pine]],
        paired.lists.python.entry_price[[event.python]],
    )
    return bool(is_same(*prices, LOOSE)[0])


def find_margin_call(paired: Paired) -> TradeFinding | None:
    """A trade of Pine that has no equal was ended by a margin call, whatever was filled before."""
    pine = paired.lists.pine
    rows = np.concatenate((paired.only_pine, paired.entered[0]))
    called = rows[pine.is_called[rows]]
    if not len(called):
        return None
    count = write_count(len(called))
    return TradeFinding(
        class_name="python_implementation",
        cause="margin_call",
        layer="orders",
        at=int(pine.exit[called].min()) * MS_NS,
        sentence=f"{count} of Pine {'was' if len(called) == 1 else 'were'} ended by a margin "
        "call, wholly or in part, which does not happen here: give the account there more money, "
        "or less leverage.",
    )


def find_other_parts(paired: Paired) -> TradeFinding | None:
    """A trade that both entered is first left in parts by one side, in others or in none."""
    if paired.first is None or judge_first(paired) != "part":
        return None
    return write_levels(paired.first.at, write_event(paired, paired.first))


def find_other_levels(paired: Paired) -> TradeFinding | None:
    """Both leave trades inside a bar, each another one: their orders rest at other prices."""
    if paired.first is None or judge_first(paired) != "levels":
        return None
    said = f"{write_event(paired, paired.first)} Both leave such trades inside bars, at prices of "
    return write_levels(paired.first_at, f"{said}their own, so the orders differ.")


def write_levels(at: int, sentence: str) -> TradeFinding:
    """Name orders that rest at other prices."""
    return TradeFinding(
        class_name="python_implementation",
        cause="unknown",
        layer="orders",
        at=at * MS_NS,
        sentence=sentence,
    )


def write_event(paired: Paired, event: Event) -> str:
    """Say what both sides do at an event."""
    pine, python = paired.lists.pine, paired.lists.python
    if event.is_exit and min(event.pine, event.python) >= 0:
        side = "long" if pine.is_long[event.pine] else "short"
        begun = write_time(int(pine.entry[event.pine]))
        there = _write_exit(pine, event.pine)
        here = _write_exit(python, event.python)
        return f"The {side} of {begun}: Pine {there}, the run {here}."
    if event.is_exit:
        trades, row = (pine, event.pine) if event.pine >= 0 else (python, event.python)
        side = "long" if trades.is_long[row] else "short"
        who, other = ("Pine", "the run") if event.pine >= 0 else ("the run", "Pine")
        begun = write_time(int(trades.entry[row]))
        part = f"a part of {float(trades.qty[row]):g}, which {other} does not"
        return f"The {side} of {begun}: {who} {_write_exit(trades, row)} with {part}."
    if event.pine >= 0:
        side = "long" if pine.is_long[event.pine] else "short"
        at = write_time(int(pine.entry[event.pine]))
        return (
            f"{at}: Pine goes {side} at {float(pine.entry_price[event.pine])!r}, the run does not."
        )
    side = "long" if python.is_long[event.python] else "short"
    at = write_time(int(python.entry[event.python]))
    price = float(python.entry_price[event.python])
    return f"{at}: the run goes {side} at {price!r}, Pine does not."


def _write_exit(trades: Listed, row: int) -> str:
    if trades.exit[row] == OPEN:
        return "holds it"
    at = write_time(int(trades.exit[row]))
    return f"leaves at {at} at {float(trades.exit_price[row])!r}"
