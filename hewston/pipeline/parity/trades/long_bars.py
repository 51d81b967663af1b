"""Times of bars of a day and longer that are some bars apart, which no amount of time tells."""

import numpy as np

from hewston.pipeline.parity.trades.finding import MS_NS, TradeFinding
from hewston.pipeline.parity.trades.lists import LOOSE, Lists, is_same
from hewston.pipeline.parity.trades.shifts import HOUR_MS, NEARLY_ALL, find_lag, find_partners

_DAY_MS = 24 * HOUR_MS
_BETTER = 0.1  # more of the fills must lie inside their bars when times are moved


def explain_long_bars(lists: Lists) -> TradeFinding | None:
    """Say that entries of days, weeks or months are all the same count of bars apart.

    Nights, weekends and holidays are between them, so they are not the same time apart. Prices
    must be those of Python's entries, and lie inside the bars of these rather than of Pine's own.
    """
    pine, bars = lists.pine, lists.bars
    lag = find_lag(lists) if bars.interval_ms >= _DAY_MS and len(bars) else 0
    if not lag:
        return None
    by_row = bars.move(pine.entry, lag) - pine.entry
    partners = find_partners(lists, by_row)
    here = lists.python.entry_price[partners.rows[partners.found]]
    same = is_same(pine.entry_price[partners.found], here, LOOSE)
    own, then = (
        float(bars.is_inside(times, pine.entry_price).mean())
        for times in (pine.entry, pine.entry + by_row)
    )
    if not len(same) or np.mean(same) < NEARLY_ALL or then <= own + _BETTER:
        return None
    is_next = abs(lag) == 1
    away = f"{'one bar' if is_next else f'{abs(lag):,} bars'} {'later' if lag > 0 else 'earlier'}"
    why = (
        "dates of one list are those on which its bars close, and of the other those on which "
        "they open."
        if is_next
        else "prices are the same, so dates of the list are moved."
    )
    return TradeFinding(
        class_name="data_alignment",
        cause="stamp" if is_next else "offset",
        layer="candles",
        at=int(pine.entry[by_row != 0][0]) * MS_NS,
        sentence=f"Every entry here comes {away} than Pine's: {why}",
    )
