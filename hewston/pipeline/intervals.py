"""The lengths that a bar may have, and which of them others are made of."""

import datetime as dt

from hewston.pipeline.errors import InputError

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)

# A week is seven exchange dates from Monday, a month those of a calendar month: their lengths here
# are the longest that they can be.
INTERVALS: dict[str, dt.timedelta] = {
    "1m": MINUTE,
    "2m": 2 * MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "10m": 10 * MINUTE,
    "15m": 15 * MINUTE,
    "20m": 20 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "3h": 3 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "1w": 7 * DAY,
    "1mo": 31 * DAY,
}
CHART_INTERVALS = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1mo")  # on pages
INTERVAL_NS: dict[str, int] = {
    name: length // dt.timedelta(microseconds=1) * 1000 for name, length in INTERVALS.items()
}


def is_daily(interval: str) -> bool:
    """Tell whether bars of an interval are of whole exchange dates."""
    return INTERVALS[interval] >= DAY


def coarser(interval: str) -> list[str]:
    """List the intervals that bars of one can be merged to, itself first, shortest to longest.

    Raises InputError for an unknown interval.
    """
    if interval not in INTERVALS:
        raise InputError(
            f"There is no interval {interval!r}. Use one of {', '.join(INTERVALS)}.",
            field="interval",
            allowed=list(INTERVALS),
        )
    own = INTERVALS[interval]
    return [
        name
        for name, length in INTERVALS.items()
        if name == interval or (length > own and _divides(interval, name))
    ]


def _divides(shorter: str, longer: str) -> bool:
    if longer == "1mo":
        return INTERVALS[shorter] <= DAY  # weeks go over the end of a month
    return INTERVALS[longer] % INTERVALS[shorter] == dt.timedelta()
