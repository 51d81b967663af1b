"""The second layer: whether both sides decide to trade the same, at the same bars."""

import numpy as np

from hewston.pipeline.parity.trades.finding import (
    MS_NS,
    Layer,
    TradeFinding,
    write_count,
    write_time,
)
from hewston.pipeline.parity.trades.lists import Ints, Lists
from hewston.pipeline.parity.trades.orders import judge_first, write_event
from hewston.pipeline.parity.trades.pairs import Event, Paired, find_parts, find_stacked
from hewston.pipeline.parity.trades.shifts import FEW, find_partners

_AT_THE_BEGINNING = 0.25  # of the time, in which a warm-up must be over
_MOSTLY = 0.5
_OPENS, _CLOSES = 0.8, 0.2  # of fills nearer to their bar's open than to its close


def find_gap(paired: Paired) -> TradeFinding | None:
    """Python makes no trade of a kind that Pine makes."""
    pine, python = paired.lists.pine, paired.lists.python
    if len(pine) and not len(python):
        said = f"Pine made {write_count(len(pine))}, and none was made here."
        return _write_gap("signals", int(pine.entry[0]), said)
    for side, is_long in (("long", True), ("short", False)):
        rows = np.flatnonzero(pine.is_long == is_long)
        if len(rows) and not (python.is_long == is_long).any():
            trades = write_count(len(rows), f"{side} trade")
            said = f"Pine made {trades}, and none was made here."
            return _write_gap("signals", int(pine.entry[rows[0]]), said)
    return _find_kind(paired)


def _find_kind(paired: Paired) -> TradeFinding | None:
    """Python never leaves a trade in parts, or never adds to one, where Pine first does."""
    first = paired.first
    pine, python = paired.lists.pine, paired.lists.python
    if first is None or first.pine < 0:
        return None
    is_called = np.isin(pine.entry, pine.entry[pine.is_called])
    parts = paired.is_part & ~is_called
    if parts[first.pine] and not find_parts(python).any():
        said = (
            f"Pine leaves trades in parts, {int(parts.sum()):,} of them, and none is left in parts "
            "here."
        )
        return _write_gap("orders", first.at, said)
    stacked = find_stacked(pine) & ~is_called & ~parts
    if stacked[first.pine] and not find_stacked(python).any():
        said = (
            f"Pine enters while a trade of the same side is open, "
            f"{write_count(int(stacked.sum()), 'time')}, and here that never happens: pyramiding."
        )
        return _write_gap("orders", first.at, said)
    return None


def _write_gap(layer: Layer, at: int, sentence: str) -> TradeFinding:
    return TradeFinding(
        class_name="pine_only_function_gap",
        cause="unknown",
        layer=layer,
        at=at * MS_NS,
        sentence=sentence,
    )


def is_fill_clock(lists: Lists, lag: int) -> bool:
    """Tell one fill clock against another from signals a bar late: both then fill at one edge.

    What a fill costs moves it a little, so it counts to which edge of its bar it is nearer.
    """
    if abs(lag) != 1:
        return False
    own, here = _find_lagging(lists, lag)
    leans = [
        lists.bars.lean(trades.entry[rows], trades.entry_price[rows])
        for trades, rows in ((lists.pine, own), (lists.python, here))
    ]
    alike = min(leans) >= _OPENS or max(leans) <= _CLOSES
    return not alike


def _find_lagging(lists: Lists, lag: int) -> tuple[Ints, Ints]:
    """Give rows of entries that are so many bars apart."""
    moved = lists.bars.move(lists.pine.entry, lag)
    partners = find_partners(lists, moved - lists.pine.entry)
    return np.flatnonzero(partners.found), partners.rows[partners.found]


def find_late(paired: Paired) -> TradeFinding | None:
    """All entries come so many bars late or early, at the prices of those bars."""
    lag = paired.lag
    if not lag or is_fill_clock(paired.lists, lag):
        return None
    bars = write_count(abs(lag), "bar")
    return TradeFinding(
        class_name="python_implementation",
        cause="offset",
        layer="signals",
        at=_find_begin(paired) * MS_NS,
        sentence=f"Every entry here comes {bars} {'later' if lag > 0 else 'earlier'} than Pine's, "
        "at the price of its own bar: signals are computed or read at another bar.",
        later=lag > 0,
    )


def _find_begin(paired: Paired) -> int:
    """Give the first entry that both have, at Pine's time."""
    rows = np.concatenate((paired.same[0], paired.entered[0]))
    return int(paired.lists.pine.entry[rows].min()) if len(rows) else paired.lists.begins


def find_warmup(paired: Paired) -> TradeFinding | None:
    """What differs is at the beginning, mostly, and what follows is the same."""
    first = paired.first
    pine = paired.lists.pine
    if first is None or not len(pine) or _is_of_one_trade(paired) or _is_cut(paired):
        return None
    differ = np.concatenate(
        (
            pine.entry[paired.only_pine],
            pine.entry[paired.entered[0]],
            paired.moved.entry[paired.only_python],
        )
    )
    agree = pine.entry[paired.same[0]]
    last = int(differ.max())
    after = agree[agree > last]
    before = len(agree) - len(after)
    allowed = _AT_THE_BEGINNING * (int(pine.entry[-1]) - int(pine.entry[0]))
    begins_there = differ.min() < agree.min(initial=np.iinfo(np.int64).max)
    if not begins_there or len(after) < FEW or last - int(pine.entry[0]) > allowed:
        return None
    if before > _MOSTLY * len(differ):
        return None
    return TradeFinding(
        class_name="warmup_window",
        cause="unknown",
        layer="signals",
        at=first.at * MS_NS,
        sentence=f"Only trades before {write_time(int(after.min()))} differ; all that follow are "
        f"the same.{_tell_lag(paired)}",
    )


def _is_cut(paired: Paired) -> bool:
    """Tell what only lies at the ends of lists that were cut at one time, a bar or so apart."""
    return bool(paired.lag) and paired.has_few_alone


def _is_of_one_trade(paired: Paired) -> bool:
    """Tell what is no warm-up: a first trade entered alike and left inside a bar, or by a call."""
    first = paired.first
    is_exit = first is not None and first.is_exit
    return is_exit and judge_first(paired) in {"called", "part", "levels", "intrabar"}


def find_other_signals(paired: Paired) -> TradeFinding | None:
    """What differs first is whether, when or on which side to trade: no order explains it."""
    first = paired.first
    if first is None or judge_first(paired) != "signals":
        return None
    return _write_unknown(paired, first, "signals", _tell_lag(paired))


def _tell_lag(paired: Paired) -> str:
    if not paired.lag:
        return ""
    return f" Besides, every entry here comes a bar {'later' if paired.lag > 0 else 'earlier'}."


def find_anything(paired: Paired) -> TradeFinding | None:
    """Times differ, and nothing tells why."""
    return None if paired.first is None else _write_unknown(paired, paired.first, "fills")


def _write_unknown(paired: Paired, first: Event, layer: Layer, besides: str = "") -> TradeFinding:
    missing = len(paired.only_pine) + len(paired.entered[0])
    surplus = len(paired.only_python) + len(paired.entered[0])
    counts = (
        f"{write_count(missing)} of Pine {'has' if missing == 1 else 'have'} no equal here, and "
        f"{surplus:,} made here {'has' if surplus == 1 else 'have'} none there."
    )
    if not missing:
        counts = f"Every trade of Pine is here too, and {write_count(surplus)} besides."
    if not len(paired.lists.pine):
        counts = (
            f"Pine made no trade, and {surplus:,} {'was' if surplus == 1 else 'were'} made here."
        )
    return TradeFinding(
        class_name="python_implementation",
        cause="unknown",
        layer=layer,
        at=first.at * MS_NS,
        sentence=f"{counts} {write_event(paired, first)}{besides}",
    )
