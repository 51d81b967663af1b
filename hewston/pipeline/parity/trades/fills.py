"""The fourth layer: at which bar and price orders are filled."""

import numpy as np

from hewston.pipeline.parity.trades.finding import MS_NS, TradeFinding, write_count, write_time
from hewston.pipeline.parity.trades.lists import LOOSE, OPEN, Flags, Floats, Ints, Lists, is_same
from hewston.pipeline.parity.trades.orders import (
    enters_alike,
    is_inside,
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
    if first is None or paired.lag or not enters_alike(paired, first):
        return None
    return _write_intrabar(first.at, write_event(paired, first))


def _write_intrabar(at: int, sentence: str) -> TradeFinding:
    return TradeFinding(
        class_name="python_implementation",
        cause="intrabar",
        layer="fills",
        at=at * MS_NS,
        sentence=f"{sentence} What happens inside the bar is taken otherwise.",
    )


def find_other_prices(paired: Paired) -> TradeFinding | None:
    """Entries are the same in time, and prices are not; so are exits, as far as they are."""
    if paired.lag:
        return None
    entry = differs(paired, "entry_price")
    at_same_time = np.arange(len(entry)) < len(paired.same[0])
    exit_ = differs(paired, "exit_price") & at_same_time
    if not (entry | exit_).any():
        return None
    if entry.mean() >= NEARLY_ALL:
        return _judge_all(paired, entry, exit_)
    return _judge_first(paired, entry, exit_)


def differs(paired: Paired, column: str, tolerance: float = LOOSE) -> Flags:
    """Tell of each that both entered whether a value differs, and not by its printing alone."""
    own, here = read_both(paired, column)
    half = paired.lists.half_unit(column)
    is_other: Flags = ~is_same(own, here, tolerance)
    if half is not None:
        is_other &= np.abs(own - here) > half
    return is_other


def read_both(paired: Paired, column: str) -> tuple[Floats, Floats]:
    """Give a column of all that both entered, of Pine and of Python."""
    lists = paired.lists
    own: Floats = getattr(lists.pine, column)[paired.both[0]]
    here: Floats = getattr(lists.python, column)[paired.both[1]]
    return own, here


def _judge_all(paired: Paired, entry: Flags, exit_: Flags) -> TradeFinding:
    """No entry has the same price: other edges of the bars, what fills cost, or neither."""
    lists = paired.lists
    times = lists.pine.entry[paired.both[0]]
    leans = [lists.bars.lean(times, prices) for prices in read_both(paired, "entry_price")]
    at = int(times[entry][0])
    count = int((entry | exit_).sum())
    if (leans[0] >= _OPENS and leans[1] <= _CLOSES) or (leans[0] <= _CLOSES and leans[1] >= _OPENS):
        there, here = ("open", "close") if leans[0] >= _OPENS else ("close", "open")
        return TradeFinding(
            class_name="python_implementation",
            cause="fill_clock",
            layer="fills",
            at=at * MS_NS,
            sentence=f"{write_count(count)} fill on the same bars, Pine's at their {there} and the "
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
        sentence=f"{write_count(count)} fill on the same bars at other prices.{cost}",
    )


def _count_worse(paired: Paired, entry: Flags, exit_: Flags) -> Flags:
    """Tell of each fill that differs whether Python's is worse."""
    sign = paired.lists.pine.sign[paired.both[0]]
    (paid, paid_here), (got, got_here) = (
        read_both(paired, name) for name in ("entry_price", "exit_price")
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
        is_inside(lists, trades, end, at)
        for trades, at in ((lists.pine, own), (lists.python, here))
    ]
    prices = [
        float(getattr(trades, f"{end}_price")[at])
        for trades, at in ((lists.pine, own), (lists.python, here))
    ]
    at = int(times[row])
    count = int((entry | exit_).sum())
    said = (
        f"{write_count(count)} fill on the same bars at other prices; first at {write_time(at)}: "
        f"{prices[0]!r} in Pine and {prices[1]!r} here."
    )
    if any(inside):
        if all(inside) and not _lie_apart(lists, at, prices):
            return write_levels(at, f"{said} Both lie inside the bar, on one side of its open.")
        return _write_intrabar(at, said)
    return _judge_edges(lists, at, prices, said)


def _lie_apart(lists: Lists, at: int, prices: list[float]) -> bool:
    """Tell whether a bar's open is between two prices: a stop of one side, a limit of the other."""
    bar = int(lists.bars.find(np.array([at]))[0])
    opened = float(lists.bars.opened[bar])
    return (prices[0] - opened) * (prices[1] - opened) < 0


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
