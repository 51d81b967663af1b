"""The fourth layer: at which bar and price orders are filled."""

import numpy as np

from hewston.pipeline.parity.trades.finding import MS_NS, TradeFinding, write_count, write_time
from hewston.pipeline.parity.trades.lists import OPEN, Flags, Ints, Lists
from hewston.pipeline.parity.trades.orders import (
    is_inside,
    judge_first,
    write_event,
    write_levels,
)
from hewston.pipeline.parity.trades.pairs import Paired
from hewston.pipeline.parity.trades.shifts import FEW, NEARLY_ALL

_OPENS, _CLOSES = 0.8, 0.2  # of fills nearer to their bar's open than to its close
_ALL_WORSE = 0.98


def find_fill_clock(paired: Paired) -> TradeFinding | None:
    """All entries are one bar apart: one side fills at a close, the other at the next open."""
    if not paired.lag:
        return None
    later = paired.lag > 0
    rows = np.concatenate((paired.both[0], paired.entered[0]))
    begin = int(paired.lists.pine.entry[rows].min()) if len(rows) else paired.lists.begins
    return TradeFinding(
        class_name="python_implementation",
        cause="fill_clock",
        layer="fills",
        at=begin * MS_NS,
        sentence=f"Every entry here comes one bar {'later' if later else 'earlier'} than Pine's: "
        "one fills at a bar's close, the other at the next open.",
        later=later,
    )


def find_intrabar(paired: Paired) -> TradeFinding | None:
    """What differs first is filled inside a bar by one side, and by the other it is not."""
    first = paired.first
    if first is None or judge_first(paired) != "intrabar":
        return None
    return _write_intrabar(paired.first_at, write_event(paired, first))


def _write_intrabar(at: int, sentence: str) -> TradeFinding:
    return TradeFinding(
        class_name="python_implementation",
        cause="intrabar",
        layer="fills",
        at=at * MS_NS,
        sentence=f"{sentence} What happens inside the bar is taken otherwise.",
    )


def _write_filled(count: int) -> str:
    """Write how many trades fill."""
    return f"{write_count(count)} {'fills' if count == 1 else 'fill'}"


def find_other_prices(paired: Paired) -> TradeFinding | None:
    """Entries are the same in time, and prices are not; so are exits, as far as they are."""
    if paired.lag:
        return None
    entry, exit_ = paired.other_prices
    if not (entry | exit_).any():
        return None
    if entry.mean() >= NEARLY_ALL:
        return _judge_all(paired, entry, exit_)
    return _judge_first(paired, entry, exit_)


def _judge_all(paired: Paired, entry: Flags, exit_: Flags) -> TradeFinding:
    """No entry has the same price: other edges of the bars, what fills cost, or neither."""
    lists = paired.lists
    times = lists.pine.entry[paired.both[0]]
    leans = [lists.bars.lean(times, prices) for prices in paired.read("entry_price")]
    at = int(times[entry][0])
    count = int((entry | exit_).sum())
    if (leans[0] >= _OPENS and leans[1] <= _CLOSES) or (leans[0] <= _CLOSES and leans[1] >= _OPENS):
        there, here = ("open", "close") if leans[0] >= _OPENS else ("close", "open")
        return TradeFinding(
            class_name="python_implementation",
            cause="fill_clock",
            layer="fills",
            at=at * MS_NS,
            sentence=f"{_write_filled(count)} on the same bars, Pine's at their {there} and the "
            f"run's at their {here}.",
            later=here == "close",
        )
    worse = _count_worse(paired, entry, exit_)
    cost = ""
    if len(worse) >= FEW and abs(float(worse.mean()) - 0.5) >= _ALL_WORSE - 0.5:
        than = "worse" if worse.mean() > 0.5 else "better"  # noqa: PLR2004 (most of them)
        cost = f" All fills are {than} here: slippage or spread is not the same."
    return TradeFinding(
        class_name="python_implementation",
        cause="unknown",
        layer="fills",
        at=at * MS_NS,
        sentence=f"{_write_filled(count)} on the same bars at other prices.{cost}",
    )


def _count_worse(paired: Paired, entry: Flags, exit_: Flags) -> Flags:
    """Tell of each fill that differs whether Python's is worse."""
    sign = paired.lists.pine.sign[paired.both[0]]
    (paid, paid_here), (got, got_here) = (
        paired.read(name) for name in ("entry_price", "exit_price")
    )
    apart = np.concatenate((((paid_here - paid) * sign)[entry], ((got - got_here) * sign)[exit_]))
    worse: Flags = apart > 0
    return worse


def _judge_first(paired: Paired, entry: Flags, exit_: Flags) -> TradeFinding:
    """Some fills differ: the first of them says how."""
    lists = paired.lists
    rows, other = paired.both
    times = np.where(entry, lists.pine.entry[rows], np.where(exit_, lists.pine.exit[rows], OPEN))
    row = int(np.argmin(times))
    end = "entry" if entry[row] else "exit"
    own, here = int(rows[row]), int(other[row])
    inside = [
        bool(is_inside(lists, trades, end, np.array([at]))[0])
        for trades, at in ((lists.pine, own), (lists.python, here))
    ]
    prices = [
        float(getattr(trades, f"{end}_price")[at])
        for trades, at in ((lists.pine, own), (lists.python, here))
    ]
    at = int(times[row])
    count = int((entry | exit_).sum())
    said = (
        f"{_write_filled(count)} on the same bars at other prices; first at {write_time(at)}: "
        f"{prices[0]!r} in Pine and {prices[1]!r} here."
    )
    if any(inside):
        if all(inside) and not lists.bars.lie_apart(*(np.array([one]) for one in (at, *prices)))[0]:
            return write_levels(at, f"{said} Both lie inside the bar, on one side of its open.")
        return _write_intrabar(at, said)
    return _judge_edges(lists, at, prices, said)


def _judge_edges(lists: Lists, at: int, prices: list[float], said: str) -> TradeFinding:
    """Neither is inside its bar: both are at edges of it, or one of them is no price of it."""
    time: Ints = np.array([at, at])
    at_open, at_close = lists.bars.at_edges(time, np.array(prices))
    is_clock = bool((at_open | at_close).all())
    return TradeFinding(
        class_name="python_implementation",
        cause="fill_clock" if is_clock else "unknown",
        layer="fills",
        at=at * MS_NS,
        sentence=f"{said} One is the bar's open, the other its close." if is_clock else said,
        later=bool(at_close[1]) if is_clock else None,
    )
