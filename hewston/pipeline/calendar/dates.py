"""The exchange date of a time, and the time at which an exchange date begins."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl

from hewston.pipeline.calendar.codes import EVENINGS, zone

_HOURS_PER_DAY = 24
_QUARTER_NS = 900_000_000_000  # the clocks of all zones differ by quarters of an hour


def exchange_date[Times: (pl.Series, pl.Expr)](
    ts: Times, calendar: str, tz: str | None = None
) -> Times:
    """Give the exchange date of each UTC time; nulls stay null.

    That is the date in the calendar's zone. Where a session begins in the evening (FX and CME at
    17:00, ICE at 18:00), the evening belongs to the next date: the date is that of the close.
    ``tz``, when it is another zone than the calendar's, is the zone of bars that have one of
    their own, such as daily bars stamped at midnight UTC: then it is the plain date there.

    Raises InputError for an unknown calendar.
    """
    own, evening = _rule(calendar, tz)
    local = ts.dt.convert_time_zone(own)
    if evening == _HOURS_PER_DAY:
        return local.dt.date()
    # Hours of the clock on the wall: on a day on which it is changed too.
    return (local.dt.replace_time_zone(None).dt.offset_by(_until_midnight(evening))).dt.date()


def dates_of_bars(ts_open: pl.Series, calendar: str, tz: str | None = None) -> pl.Series:
    """Give the exchange date of each bar, in order of time, as ``exchange_date`` does.

    Zones are asked once a quarter of an hour: of minutes that takes a tenth of the time.
    """
    quarter = ts_open.to_physical() // _QUARTER_NS
    begins = quarter.ne_missing(quarter.shift())
    known = exchange_date(ts_open.filter(begins), calendar, tz)
    return known.gather(begins.cum_sum() - 1)


def start_of_date[Dates: (pl.Series, pl.Expr)](
    dates: Dates, calendar: str, tz: str | None = None
) -> Dates:
    """Give the time (ns, UTC) at which each exchange date begins, inclusive; see exchange_date.

    Where the clock is put forward at midnight, a date begins at one o'clock.
    """
    own, evening = _rule(calendar, tz)
    wall = dates.cast(pl.Datetime("ns"))
    if evening != _HOURS_PER_DAY:
        wall = wall.dt.offset_by("-" + _until_midnight(evening))
    first = _as_utc(wall, own)
    return first.fill_null(_as_utc(wall.dt.offset_by("1h"), own))


def date_of(moment: dt.datetime, calendar: str, tz: str | None = None) -> dt.date:
    """Give the exchange date of one aware time; see exchange_date."""
    own, evening = _rule(calendar, tz)
    wall = moment.astimezone(ZoneInfo(own)).replace(tzinfo=None)
    return (wall + dt.timedelta(hours=_HOURS_PER_DAY - evening)).date()


def evening_of(calendar: str, tz: str | None = None) -> int:
    """Give the hour on the wall at which the next exchange date begins; 24 is midnight.

    ``tz`` as of exchange_date. Raises InputError for an unknown calendar.
    """
    return _rule(calendar, tz)[1]


def _rule(calendar: str, tz: str | None) -> tuple[str, int]:
    own = zone(calendar)
    if tz in {None, own}:
        return own, EVENINGS.get(calendar, _HOURS_PER_DAY)
    return tz or own, _HOURS_PER_DAY


def _until_midnight(evening: int) -> str:
    return f"{_HOURS_PER_DAY - evening}h"


def _as_utc[Times: (pl.Series, pl.Expr)](wall: Times, tz: str) -> Times:
    return wall.dt.replace_time_zone(
        tz, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC")
