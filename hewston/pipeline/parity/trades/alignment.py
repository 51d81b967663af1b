"""The first layer: whether both lists are of the same bars, and their times of the same clock."""

import numpy as np

from hewston.pipeline.parity.trades.finding import (
    MS_NS,
    TradeFinding,
    write_time,
)
from hewston.pipeline.parity.trades.lists import LOOSE, Flags, Floats, Ints, Lists, is_same
from hewston.pipeline.parity.trades.long_bars import explain_long_bars
from hewston.pipeline.parity.trades.shifts import (
    FEW,
    HALF_MS,
    HOUR_MS,
    NEARLY_ALL,
    Shift,
    choose,
    find_partners,
    find_shift,
)

_BETTER = 0.1  # more of the fills must lie inside their bars when times are moved
_SURELY_INSIDE = 0.98
_LEAST_FILLS = 20  # of which a zone is read without any trade that both have
_LEAST_HALVES_MS = 3 * HOUR_MS  # clocks less apart from UTC than this are whole hours apart
_ODD_MS = frozenset(
    sign * (hours * HOUR_MS + 3 * HALF_MS // 2) for sign in (1, -1) for hours in (5, 8, 12)
)  # clocks that are three quarters of an hour off: Nepal, Eucla, the Chatham Islands
_MOSTLY = 0.5  # of entries at edges here, that are at none in other bars: some prices agree
_EITHER_WAY = 0.1  # of the prices at least are better, and as many worse, where bars are others


def explain_alignment(lists: Lists) -> TradeFinding | None:
    """Name another zone, stamp or feed, or rows that are moved; None where all are the same."""
    shift = find_shift(lists)
    moved = shift if shift is not None and _is_moved(lists, shift) else None
    if moved is not None and _tells_clock(lists, moved) and _has_same_prices(lists, moved):
        return _write_shift(lists, moved)
    by_fills = _find_by_fills(lists)
    if by_fills is not None and (moved is None or _is_nearer(lists, by_fills, moved)):
        return _write_shift(lists, by_fills)
    if moved is not None:
        return _write_shift(lists, moved)
    return explain_long_bars(lists) or _find_outside(lists) or _find_other_prices(lists)


def _is_nearer(lists: Lists, one: Shift, other: Shift) -> bool:
    """Tell under which shift more of Pine's entries are opens, as orders of a bar before fill.

    Where a close and the next open are one price, fills lie inside their bars a bar off, too.
    """
    pine = lists.pine
    shares = [
        float(lists.bars.at_edges(pine.entry + shift.by_row, pine.entry_price)[0].mean())
        for shift in (one, other)
    ]
    return shares[0] > shares[1] + _BETTER


def _is_moved(lists: Lists, shift: Shift) -> bool:
    """Tell times that are moved from orders that come late: these have prices of their own bars."""
    pine, bars = lists.pine, lists.bars
    own = float(bars.is_inside(pine.entry, pine.entry_price).mean())
    then = float(bars.is_inside(pine.entry + shift.by_row, pine.entry_price).mean())
    better = _BETTER if len(shift.amounts) == 1 else 0.0  # one season may be short
    if then >= NEARLY_ALL and then > own + better:
        return True
    if not _has_same_prices(lists, shift):
        return False
    # A close and the next open are often one price: then each side is at an edge of its own bar.
    return not (_is_one_bar(lists, shift) and _fill_at_edges(lists))


def _fill_at_edges(lists: Lists) -> bool:
    shares = [
        float(_at_edge(lists, trades.entry, trades.entry_price).mean())
        for trades in (lists.pine, lists.python)
    ]
    return min(shares) >= NEARLY_ALL


def _has_same_prices(lists: Lists, shift: Shift) -> bool:
    partners = find_partners(lists, shift.by_row)
    same = is_same(
        lists.pine.entry_price[partners.found],
        lists.python.entry_price[partners.rows[partners.found]],
        LOOSE,
    )
    return bool(len(same)) and float(same.mean()) >= NEARLY_ALL


def _is_one_bar(lists: Lists, shift: Shift) -> bool:
    if len(shift.amounts) > 1:
        return False
    number = lists.bars.number
    apart = number(lists.pine.entry + shift.by_row) - number(lists.pine.entry)
    return float((np.abs(apart) == 1).mean()) >= NEARLY_ALL


def _is_clock(amount: int) -> bool:
    """Tell whether clocks of the world are so far apart."""
    is_far = abs(amount) >= _LEAST_HALVES_MS
    return amount % HOUR_MS == 0 or (is_far and amount % HALF_MS == 0) or amount in _ODD_MS


def _tells_clock(lists: Lists, shift: Shift) -> bool:
    is_stamp = shift.amounts in {(lists.bars.interval_ms,), (-lists.bars.interval_ms,)}
    return is_stamp or all(map(_is_clock, shift.amounts))


def _find_by_fills(lists: Lists) -> Shift | None:
    """Find the clock under which Pine's fills lie inside their bars, whatever Python traded."""
    pine, bars = lists.pine, lists.bars
    closed = ~pine.is_open
    times = np.concatenate((pine.entry, pine.exit[closed]))
    prices = np.concatenate((pine.entry_price, pine.exit_price[closed]))
    if len(times) < _LEAST_FILLS or not len(bars):
        return None
    own = float(bars.is_inside(times, prices).mean())
    if own > _SURELY_INSIDE - _BETTER:
        return None
    amounts = sorted(
        {
            *(half * HALF_MS for half in range(-28, 29) if _is_clock(half * HALF_MS)),
            *_ODD_MS,
            bars.interval_ms,
            -bars.interval_ms,
        }
    )
    hits = [bars.is_inside(times + amount, prices) for amount in amounts]
    starts = [bars.is_start(times + amount) for amount in amounts]
    if max(float(one.mean()) for one in starts) >= NEARLY_ALL / 2:  # of one season at least
        hits = [one & two for one, two in zip(hits, starts, strict=True)]
    need = _SURELY_INSIDE * len(times)
    shift = choose(hits, amounts, times, need=need)
    inside = bars.is_inside(times + shift.by_row, prices)
    if inside.sum() < need or not any(shift.amounts):
        return None
    return Shift(amounts=shift.amounts, by_row=shift.by_row[: len(pine)])


def _write_shift(lists: Lists, shift: Shift) -> TradeFinding:
    cause = _name_shift(lists, shift)
    away = " and ".join(_write_amount(amount) for amount in shift.amounts)
    said = f"Every entry here comes {away} than Pine's"
    if len(shift.amounts) > 1:
        said = f"By turns, entries here come {away} than Pine's"
    is_ours = cause == "offset" and _is_python_moved(lists)
    why = {
        "zone": "the list is of another zone"
        + (" with daylight saving." if len(shift.amounts) > 1 else "."),
        "stamp": "times of one list are those of its bars' closes, and of the other of their "
        "opens.",
        "offset": f"prices are the same, so times of {'trades here' if is_ours else 'the list'} "
        "are moved.",
    }
    return TradeFinding(
        class_name="python_implementation" if is_ours else "data_alignment",
        cause=cause,
        layer="signals" if is_ours else "candles",
        at=_find_begin(lists, shift.by_row) * MS_NS,
        sentence=f"{said}: {why[cause]}",
        shifts_ms=shift.amounts,
    )


def _is_python_moved(lists: Lists) -> bool:
    """Tell whose times are wrong: of one side, fills lie inside their bars where they are."""
    there, here = (
        float(lists.bars.is_inside(trades.entry, trades.entry_price).mean())
        for trades in (lists.pine, lists.python)
    )
    return here < there - _BETTER


def _name_shift(lists: Lists, shift: Shift) -> str:
    if shift.amounts in {(lists.bars.interval_ms,), (-lists.bars.interval_ms,)}:
        return "stamp"
    return "zone" if all(map(_is_clock, shift.amounts)) else "offset"


def _write_amount(amount: int) -> str:
    hours, minutes = divmod(abs(amount) / 60_000, 60)
    parts = []
    if hours:
        parts.append(f"{hours:g} {'hour' if hours == 1 else 'hours'}")
    if minutes:
        parts.append(f"{minutes:g} {'minute' if minutes == 1 else 'minutes'}")
    if not parts:
        return "no time later"
    return f"{' '.join(parts)} {'later' if amount > 0 else 'earlier'}"


def _find_begin(lists: Lists, by_row: Ints) -> int:
    """Give the first entry of Pine whose time is another here."""
    differs = by_row != 0
    return int(lists.pine.entry[differs][0]) if differs.any() else lists.begins


def _find_outside(lists: Lists) -> TradeFinding | None:
    """Pine filled where the bars here never were, or when there are none."""
    pine, bars = lists.pine, lists.bars
    if not len(bars):
        return None
    has_none = bars.find(pine.entry) < 0
    outside = ~bars.is_inside(pine.entry, pine.entry_price)
    partners = find_partners(lists, np.zeros(len(pine), np.int64))
    own = np.flatnonzero(partners.found)
    if len(own) >= max(NEARLY_ALL * len(pine), FEW) and not _goes_either_way(
        lists, partners.rows[own], own
    ):
        return None  # what fills cost: slippage takes them out of their bars
    count, missing = int(outside.sum()), int(has_none.sum())
    few = len(pine) < FEW
    if count <= (1 - NEARLY_ALL) * len(pine) or (few and (count < 2 or count < len(pine))):  # noqa: PLR2004 (one trade is no rule)
        return None
    return TradeFinding(
        class_name="data_alignment",
        cause="feed",
        layer="candles",
        at=int(pine.entry[outside][0]) * MS_NS,
        sentence=f"Of {len(pine):,} entries of Pine {count - missing:,} lie outside their bar here "
        f"and {missing:,} have no bar: the bars are others.",
    )


def _find_other_prices(lists: Lists) -> TradeFinding | None:
    """Python fills at edges of its bars, and Pine on the same bars beside them, either way."""
    partners = find_partners(lists, np.zeros(len(lists.pine), np.int64))
    own = np.flatnonzero(partners.found)
    times, prices = lists.pine.entry[own], lists.pine.entry_price[own]
    here = lists.python.entry_price[partners.rows[own]]
    at_edge = _at_edge(lists, times, here)
    own, times, prices, here = own[at_edge], times[at_edge], prices[at_edge], here[at_edge]
    if len(own) < 2 * FEW:
        return None
    differs = ~is_same(prices, here, LOOSE) & ~_at_edge(lists, times, prices)
    if differs.mean() < _MOSTLY:
        return None
    if not _goes_either_way(lists, partners.rows[own], own):
        return None
    return TradeFinding(
        class_name="data_alignment",
        cause="feed",
        layer="candles",
        at=int(times[differs][0]) * MS_NS,
        sentence=f"From {write_time(int(times[differs][0]))} on, {int(differs.sum()):,} of "
        f"{len(own):,} entries on the same bars have prices that are neither the open nor the "
        "close here, now better and now worse: the bars are others.",
    )


def _at_edge(lists: Lists, times: Ints, prices: Floats) -> Flags:
    at_open, at_close = lists.bars.at_edges(times, prices)
    return at_open | at_close


def _goes_either_way(lists: Lists, here: Ints, own: Ints) -> bool:
    """Tell other bars from what fills cost: costs make every fill worse, or every one better."""
    sign = lists.pine.sign[own]
    worse = (lists.python.entry_price[here] - lists.pine.entry_price[own]) * sign
    same_exit = lists.pine.exit[own] == lists.python.exit[here]
    left = (lists.pine.exit_price[own] - lists.python.exit_price[here]) * sign
    all_worse = np.concatenate((worse, left[same_exit & ~np.isnan(left)]))
    share = float((all_worse > 0).mean())
    return _EITHER_WAY <= share <= 1 - _EITHER_WAY
