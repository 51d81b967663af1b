"""The third layer: what became of orders that both sides gave, told from one event."""

import numpy as np

from hewston.pipeline.parity.trades.finding import MS_NS, TradeFinding, write_count, write_time
from hewston.pipeline.parity.trades.lists import LOOSE, OPEN, SAME, Listed, Lists, is_same
from hewston.pipeline.parity.trades.pairs import Event, Paired
from hewston.pipeline.parity.trades.shifts import NEARLY_ALL


def is_of_orders(paired: Paired, event: Event) -> bool:
    """Tell an event of orders and fills from one that signals make: an edge of a bar on each side.

    An order that rests is filled inside a bar. A margin call is the broker's order.
    """
    if event.pine >= 0 and paired.lists.pine.is_called[event.pine]:
        return True
    if event.is_exit and min(event.pine, event.python) < 0:
        return True  # a part of a trade
    return leaves_inside(paired, event) if event.is_exit else _enters_inside(paired, event)


def leaves_inside(paired: Paired, event: Event) -> bool:
    """Tell whether a trade that both entered is left inside a bar by one of them at least."""
    return any(_ends_inside(paired, event))


def _ends_inside(paired: Paired, event: Event) -> tuple[bool, bool]:
    lists = paired.lists
    found = [
        row >= 0 and is_inside(lists, trades, "exit", row)
        for trades, row in ((lists.pine, event.pine), (lists.python, event.python))
    ]
    return found[0], found[1]


def is_inside(lists: Lists, trades: Listed, end: str, row: int) -> bool:
    """Tell whether an ``entry`` or ``exit`` is at neither edge of its bar, as a resting order's is.

    What all entries of a side cost beside the edges of their bars is no sign of it.
    """
    time: int = getattr(trades, end)[row]
    price: float = getattr(trades, f"{end}_price")[row]
    apart = lists.bars.measure(np.array([time]), np.array([price]))[0] if time != OPEN else np.nan
    if np.isnan(apart):
        return False
    near = SAME * abs(price)
    return bool(apart > near and abs(apart - _find_cost(lists, trades)) > LOOSE * abs(price))


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
        is_inside(lists, trades, "entry", at)
        for trades, at in zip((lists.pine, lists.python), ends, strict=True)
    )
    return there != here


def enters_alike(paired: Paired, event: Event) -> bool:
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
    first = paired.first
    if first is None or paired.lag or not first.is_exit or min(first.pine, first.python) >= 0:
        return None
    return write_levels(first.at, write_event(paired, first))


def find_other_levels(paired: Paired) -> TradeFinding | None:
    """Both leave a trade inside a bar, each another one: their orders rest at other prices."""
    first = paired.first
    if first is None or paired.lag or not first.is_exit or not all(_ends_inside(paired, first)):
        return None
    if not enters_alike(paired, first):
        return None
    pine, python = paired.lists.pine, paired.lists.python
    ends = (pine.exit_price[[first.pine]], python.exit_price[[first.python]])
    is_entry_bar = pine.entry[first.pine] == first.at
    if is_entry_bar or is_same(*ends, LOOSE)[0]:
        return None
    return write_levels(
        first.at, f"{write_event(paired, first)} Both are inside their bars, so the orders differ."
    )


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
