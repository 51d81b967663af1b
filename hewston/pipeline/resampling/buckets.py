"""Which longer bar each bar goes into, and when that one begins."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVAL_NS, coarser, is_daily
from hewston.pipeline.schemas import SESSIONS

type Ints = npt.NDArray[np.int64]

_CLOSED = SESSIONS.index("closed")
# What begins at each edge of a session; after a break the regular session goes on.
_BEGINS = {
    "pre_open": SESSIONS.index("pre"),
    "open": SESSIONS.index("regular"),
    "break_end": SESSIONS.index("regular"),
    "close": SESSIONS.index("post"),
    "post_close": _CLOSED,
}
_DAYS_PER_WEEK = 7
_MONDAY = 3  # days from 1970-01-01 back to the Monday before it


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """Longer bars: their starts (ns, UTC), and the row of the first bar in each."""

    starts: Ints
    rows: Ints


def check_interval(interval: str, stored: str) -> None:
    """Raise InputError unless bars of the length ``stored`` can be merged to ``interval``."""
    coarser(interval)  # which refuses one that there is not
    if interval not in coarser(stored):
        raise InputError(
            f"Bars of {stored} cannot be made into bars of {interval}.",
            field="interval",
            allowed=coarser(stored),
        )


def find_buckets(
    bars: pl.DataFrame,
    interval: str,
    *,
    stored: str,
    schedule: pl.DataFrame,
    calendar: str,
    tz: str | None,
) -> Buckets:
    """Part sorted bars into those of ``interval``; see ``resample``."""
    ts = bars["ts_open"]
    ns = ts.to_physical().to_numpy()
    if is_daily(stored):
        anchors = ns
    else:
        anchors, labels = _anchor(ns, schedule, with_breaks=not is_daily(interval))
        _check_sessions(bars, labels)
        anchors = _divide_closed_time(anchors, labels, ts, calendar, tz)
    if is_daily(interval):
        rows = _new_rows(_count_periods(ts, interval, calendar, tz))
        return Buckets(starts=anchors[rows], rows=rows)
    length = INTERVAL_NS[interval]
    starts = anchors + (ns - anchors) // length * length
    rows = _new_rows(starts)
    return Buckets(starts=starts[rows], rows=rows)


def list_edges(
    schedule: pl.DataFrame, *, with_breaks: bool = True
) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """List when parts of sessions begin (ns, UTC; sorted), and the number of each in SESSIONS."""
    names = [name for name in _BEGINS if with_breaks or name != "break_end"]
    edges = schedule.select(pl.col(names).to_physical())
    is_there = edges.select(pl.all().is_not_null()).to_numpy()
    numbers = edges.fill_null(0).to_numpy()
    begins = np.array([_BEGINS[name] for name in names], np.uint8)
    return numbers[is_there], np.broadcast_to(begins, numbers.shape)[is_there]


def _anchor(
    ns: Ints, schedule: pl.DataFrame, *, with_breaks: bool
) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """Give the start of the part of a session that each time is in, and the number of that part.

    Before the first session there is none: then both are of closed time, from the time itself.
    """
    edges, begins = list_edges(schedule, with_breaks=with_breaks)
    counts = np.diff(np.searchsorted(ns, edges), prepend=0, append=len(ns))
    anchors = np.repeat(np.concatenate(([np.iinfo(np.int64).min], edges)), counts)
    return anchors, np.repeat(np.concatenate(([np.uint8(_CLOSED)], begins)), counts)


def _check_sessions(bars: pl.DataFrame, labels: npt.NDArray[np.uint8]) -> None:
    other = np.flatnonzero(bars["session"].to_physical().to_numpy() != labels)
    if other.size:
        row = int(other[0])
        raise InputError(
            f"The bar at {bars['ts_open'][row]} is marked {bars['session'][row]}, but the calendar "
            "says otherwise. Give the calendar of these bars, for all of their dates.",
            field="calendar",
        )


def _divide_closed_time(
    anchors: Ints, labels: npt.NDArray[np.uint8], ts: pl.Series, calendar: str, tz: str | None
) -> Ints:
    """Count closed time from where its exchange date begins: it may reach over several."""
    closed = np.flatnonzero(labels == _CLOSED)
    if not closed.size:
        return anchors
    dates = exchange_calendar.exchange_date(ts.gather(closed), calendar, tz)
    begin = exchange_calendar.start_of_date(dates, calendar, tz).to_physical().to_numpy()
    anchors = anchors.copy()
    anchors[closed] = np.maximum(anchors[closed], begin)
    return anchors


def _count_periods(ts: pl.Series, interval: str, calendar: str, tz: str | None) -> Ints:
    """Number the day, week or month of each time's exchange date."""
    dates = exchange_calendar.exchange_date(ts, calendar, tz)
    return number_periods(dates, interval)


def number_periods(dates: pl.Series, interval: str) -> Ints:
    """Number the days, weeks (from Monday) or months of dates: 1d, 1w or 1mo."""
    if interval == "1mo":
        months = dates.dt.year().cast(pl.Int64) * 12 + dates.dt.month()
        return months.to_numpy()
    days = dates.to_physical().cast(pl.Int64).to_numpy()
    return days if interval == "1d" else (days + _MONDAY) // _DAYS_PER_WEEK


def first_dates_after(dates: pl.Series, interval: str) -> pl.Series:
    """Give the first date after the day, week or month of each date."""
    return dates.dt.truncate(interval).dt.offset_by(interval)


def _new_rows(keys: Ints) -> Ints:
    """Find the rows at which a new key begins."""
    return np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))
