"""The sessions of a calendar: their dates and edges."""

import datetime as dt
import functools
import warnings
from typing import Any

import polars as pl

from hewston.pipeline.calendar.codes import (
    ALWAYS_OPEN,
    CHICAGO,
    CME,
    FX,
    ICE,
    NEW_YORK,
    US_EQUITIES,
    zone,
)
from hewston.pipeline.calendar.dates import start_of_date
from hewston.pipeline.errors import InputError
from hewston.pipeline.schemas import UTC_NS, Schema

SCHEDULE: Schema = {
    "date": pl.Date,  # exchange date
    "pre_open": UTC_NS,  # inclusive
    "open": UTC_NS,  # inclusive
    "close": UTC_NS,  # exclusive: the closing minute is post
    "post_close": UTC_NS,  # exclusive
    "break_start": UTC_NS,  # inclusive; null where the session has no break
    "break_end": UTC_NS,  # exclusive; likewise
}

_PRE_OPEN = dt.time(4)
_POST_CLOSE = dt.time(20)
_POST_CLOSE_HALF_DAY = dt.time(17)
_CME_HALT = dt.time(16)
_CME_EARLY = dt.time(12)
_CME_JUNETEENTH_YEAR = 2022  # the first in which it was kept
_LAST_WEEKDAY = 5

# Nanosecond times end in 1677 and 2262; these are the whole years inside.
_FIRST_DATE = dt.date(1678, 1, 1)
_LAST_DATE = dt.date(2261, 12, 31)

# Where exchange_calendars has the sessions of a code under another one.
_SOURCES = {CME: "CMES", ICE: "IEPA", **dict.fromkeys(US_EQUITIES, "XNYS")}


def schedule(calendar: str, first: dt.date, last: dt.date) -> pl.DataFrame:
    """List the sessions from ``first`` to ``last``, both exchange dates and inclusive.

    Columns are those of ``SCHEDULE``, one row a session, sorted. There may be no session: then
    there is no row.

    - "24/7": every UTC day from midnight to midnight.
    - FX: Monday to Friday, each from 17:00 New York time of the evening before to 17:00. None is
      on 25 December and 1 January, when next to nobody quotes.
    - CME: from 17:00 Chicago time of the evening before to 16:00, or to 12:00 before and on United
      States holidays, whose hours differ by product: these are the shortest.
    - ICE: from 20:00 New York time of the evening before to 18:00.
    - United States equities: regular hours, pre from 04:00 New York time, post until 20:00, or
      until 17:00 after an early close.
    - Other exchanges: regular hours, with the break at noon where there is one.

    Raises InputError for an unknown calendar, for dates that nanosecond times do not hold, and
    for years that the calendar of an exchange does not know.
    """
    zone(calendar)
    if not _FIRST_DATE <= first <= last <= _LAST_DATE:
        raise InputError(
            f"Sessions from {first} to {last} cannot be listed: the first date must not be after "
            f"the last, and both must be between {_FIRST_DATE} and {_LAST_DATE}.",
            field="from",
            allowed=f"{_FIRST_DATE} to {_LAST_DATE}",
        )
    return _schedule(calendar, first, last)


@functools.lru_cache(maxsize=64)  # many symbols of one range have the same sessions
def _schedule(calendar: str, first: dt.date, last: dt.date) -> pl.DataFrame:
    if calendar == ALWAYS_OPEN:
        sessions = _every_day(first, last)
    elif calendar == FX:
        sessions = _fx_week(first, last)
    else:
        # Whole years, so that a process builds each calendar once and not for every range.
        source = _SOURCES.get(calendar, calendar)
        listed = _list_years(source, first.year, last.year)
        sessions = _extended(listed.filter(pl.col("date").is_between(first, last)), calendar)
    return sessions.match_to_schema(
        pl.Schema(SCHEDULE), missing_columns="insert", extra_columns="ignore"
    ).select(list(SCHEDULE))


def _every_day(first: dt.date, last: dt.date) -> pl.DataFrame:
    days = pl.select(date=pl.date_range(first, last))
    start = pl.col("date").cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    end = start + pl.duration(days=1, time_unit="ns")
    return days.with_columns(pre_open=start, open=start, close=end, post_close=end)


def _fx_week(first: dt.date, last: dt.date) -> pl.DataFrame:
    date = pl.col("date")
    is_holiday = ((date.dt.month() == 12) & (date.dt.day() == 25)) | (date.dt.ordinal_day() == 1)  # noqa: PLR2004  # Christmas and New Year's Day
    days = pl.select(date=pl.date_range(first, last)).filter(
        (date.dt.weekday() <= _LAST_WEEKDAY) & ~is_holiday
    )
    start = start_of_date(date, FX)
    end = start_of_date(date + pl.duration(days=1), FX)
    return days.with_columns(pre_open=start, open=start, close=end, post_close=end)


def _extended(listed: pl.DataFrame, calendar: str) -> pl.DataFrame:
    """Add the hours before and after, and what the source has of longer or shorter hours."""
    if calendar == CME:
        halt = _wall(pl.lit(_CME_HALT), CHICAGO)
        early = pl.when("is_early").then(_wall(pl.lit(_CME_EARLY), CHICAGO))
        listed = listed.with_columns(close=pl.min_horizontal("close", halt, early))
    if calendar not in US_EQUITIES:
        return listed.with_columns(pre_open="open", post_close="close")
    last = pl.when("is_early").then(pl.lit(_POST_CLOSE_HALF_DAY)).otherwise(pl.lit(_POST_CLOSE))
    return listed.with_columns(
        pre_open=_wall(pl.lit(_PRE_OPEN), NEW_YORK), post_close=_wall(last, NEW_YORK)
    )


def _wall(time: pl.Expr, tz: str) -> pl.Expr:
    local = pl.col("date").dt.combine(time, time_unit="ns")
    return local.dt.replace_time_zone(tz).dt.convert_time_zone("UTC")


@functools.lru_cache(maxsize=16)
def _list_years(source: str, first_year: int, last_year: int) -> pl.DataFrame:
    """Give date, open, close, break and is_early of every session of whole years, inclusive."""
    # Loads pandas, which the web process must not: whoever labels or dates bars needs none of it.
    import exchange_calendars  # noqa: PLC0415  # loaded only by the jobs that list sessions

    start, end = dt.date(first_year, 1, 1), dt.date(last_year, 12, 31)
    with warnings.catch_warnings():
        # exchange_calendars 4.13 still uses what pandas 3 deprecates; its values are right.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            # The default range moves with today's date, so both ends are given.
            known = exchange_calendars.get_calendar(
                source, start=start.isoformat(), end=end.isoformat()
            )
        except ValueError as problem:
            raise InputError(
                f"The sessions of {source} are not known for all of {start} to {end}: {problem} "
                "Choose another calendar, such as 24/7.",
                field="calendar",
            ) from problem
        early = {day.date() for day in known.early_closes}
        if source == _SOURCES[CME]:
            early |= _juneteenths(start, end)
        times = {
            "open": known.opens,
            "close": known.closes,
            "break_start": known.break_starts,
            "break_end": known.break_ends,
        }
        return pl.DataFrame(
            {
                "date": [day.date() for day in known.sessions],
                **{name: _nanoseconds(column) for name, column in times.items()},
            },
            schema={"date": pl.Date} | dict.fromkeys(times, UTC_NS),
        ).with_columns(is_early=pl.col("date").is_in(sorted(early)))


def _nanoseconds(times: Any) -> pl.Series:  # noqa: ANN401  # pandas is not loaded here
    """Read a pandas column of times (UTC); NaT is null."""
    numbers = pl.Series(times.dt.as_unit("ns").astype("int64").to_numpy())
    return numbers.replace(-(2**63), None).cast(UTC_NS)


def _juneteenths(start: dt.date, end: dt.date) -> set[dt.date]:
    """Give the days on which it is kept, which exchange_calendars 4.13 does not know of the CME."""
    kept = set()
    for year in range(max(start.year, _CME_JUNETEENTH_YEAR), end.year + 1):
        day = dt.date(year, 6, 19)
        kept.add(day + dt.timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)))
    return kept
