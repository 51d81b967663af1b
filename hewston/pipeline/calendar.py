"""Exchange sessions: when they open and close, and which one a time belongs to.

Two rule sets: United States equities (one calendar under the code of each exchange) and
"24/7", where every UTC day is one regular session from midnight to midnight.
"""

import datetime as dt
import functools
import importlib.metadata
import warnings

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.schemas import SESSION, UTC_NS, Schema

ALWAYS_OPEN = "24/7"
US_EQUITIES = ("ARCX", "BATS", "IEXG", "OOTC", "XASE", "XNAS", "XNYS")
CALENDARS = (ALWAYS_OPEN, *US_EQUITIES)

SCHEDULE: Schema = {
    "date": pl.Date,  # exchange date
    "pre_open": UTC_NS,  # inclusive
    "open": UTC_NS,  # inclusive
    "close": UTC_NS,  # exclusive: the closing minute is post
    "post_close": UTC_NS,  # exclusive
}

_PRE_OPEN = dt.time(4)
_POST_CLOSE = dt.time(20)
_POST_CLOSE_HALF_DAY = dt.time(17)

# Nanosecond times end in 1677 and 2262; these are the whole years inside.
_FIRST_DATE = dt.date(1678, 1, 1)
_LAST_DATE = dt.date(2261, 12, 31)

_EDGES = ("pre_open", "open", "close", "post_close")


def zone(calendar: str) -> str:
    """Give the calendar's zone by its IANA name.

    Raises InputError for an unknown calendar.
    """
    _check(calendar)
    return "UTC" if calendar == ALWAYS_OPEN else "America/New_York"


@functools.cache
def calendar_version() -> str:
    """Name the source of the sessions and its release."""
    return f"exchange_calendars {importlib.metadata.version('exchange_calendars')}"


def exchange_date(ts: pl.Series, calendar: str) -> pl.Series:
    """Give the date in the calendar's zone of each UTC time; nulls stay null.

    Raises InputError for an unknown calendar.
    """
    return ts.dt.convert_time_zone(zone(calendar)).dt.date()


def schedule(calendar: str, first: dt.date, last: dt.date) -> pl.DataFrame:
    """List the sessions from ``first`` to ``last``, both exchange dates and inclusive.

    Columns are those of ``SCHEDULE``, one row a session, sorted. United States equities: pre
    from 04:00 New York time, post until 20:00, or until 17:00 after an early close. "24/7":
    every UTC day from midnight to midnight. There may be no session: then there is no row.

    Raises InputError for an unknown calendar and for dates that nanosecond times do not hold.
    """
    _check(calendar)
    if not _FIRST_DATE <= first <= last <= _LAST_DATE:
        raise InputError(
            f"Sessions from {first} to {last} cannot be listed: the first date must not be after "
            f"the last, and both must be between {_FIRST_DATE} and {_LAST_DATE}.",
            field="from",
            allowed=f"{_FIRST_DATE} to {_LAST_DATE}",
        )
    sessions = _every_day(first, last) if calendar == ALWAYS_OPEN else _us_equities(first, last)
    return sessions.match_to_schema(pl.Schema(SCHEDULE))


def label(ts_open: pl.Series, schedule: pl.DataFrame) -> pl.Series:
    """Give the session of each UTC time: pre, regular, post, or else closed.

    Every session includes its start and excludes its end. ``schedule`` holds the columns of
    ``SCHEDULE`` for at least the dates of ``ts_open``; the times may come in any order.
    """
    names = pl.Series("session", ["closed", "pre", "regular", "post"], SESSION)
    if schedule.is_empty():
        return pl.repeat("closed", len(ts_open), dtype=SESSION, eager=True).alias("session")
    # Edges in order of time: e.g. 0 pre_open, 1 open, 2 close, 3 post_close, 4 the next pre_open.
    edges = schedule.select(pl.concat_list(_EDGES).explode(empty_as_null=True)).to_series()
    passed = edges.search_sorted(ts_open, side="right")
    return names.gather(passed % len(_EDGES)).alias("session")


def _check(calendar: str) -> None:
    if calendar not in CALENDARS:
        raise InputError(
            f"There is no calendar {calendar!r}. Use one of {', '.join(CALENDARS)}.",
            field="calendar",
            allowed=list(CALENDARS),
        )


def _every_day(first: dt.date, last: dt.date) -> pl.DataFrame:
    days = pl.select(date=pl.date_range(first, last))
    start = pl.col("date").cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    end = start + pl.duration(days=1, time_unit="ns")
    return days.with_columns(pre_open=start, open=start, close=end, post_close=end)


@functools.lru_cache(maxsize=64)  # many symbols of one range have the same sessions
def _us_equities(first: dt.date, last: dt.date) -> pl.DataFrame:
    # Whole years, so that a process builds each calendar once and not for every range.
    sessions = _us_equities_of_years(first.year, last.year)
    half_day = pl.col("half_day")
    return sessions.filter(pl.col("date").is_between(first, last)).select(
        "date",
        _in_new_york(pl.lit(_PRE_OPEN)).alias("pre_open"),
        "open",
        "close",
        _in_new_york(
            pl.when(half_day).then(pl.lit(_POST_CLOSE_HALF_DAY)).otherwise(pl.lit(_POST_CLOSE))
        ).alias("post_close"),
    )


def _in_new_york(time: pl.Expr) -> pl.Expr:
    local = pl.col("date").dt.combine(time, time_unit="ns")
    return local.dt.replace_time_zone(zone("XNYS")).dt.convert_time_zone("UTC")


@functools.lru_cache(maxsize=8)
def _us_equities_of_years(first_year: int, last_year: int) -> pl.DataFrame:
    """Give date, open, close and half_day of every session of whole years, both inclusive."""
    # Loads pandas, which the web process must not: whoever labels or dates bars needs none of it.
    import exchange_calendars  # noqa: PLC0415  # loaded only by the jobs that list sessions

    start, end = dt.date(first_year, 1, 1), dt.date(last_year, 12, 31)
    with warnings.catch_warnings():
        # exchange_calendars 4.13 still uses what pandas 3 deprecates; its values are right.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The default range moves with today's date, so both ends are given.
        known = exchange_calendars.get_calendar(
            "XNYS", start=start.isoformat(), end=end.isoformat()
        )
    half_days = [day.date() for day in known.early_closes]
    return pl.DataFrame(
        {
            "date": [day.date() for day in known.sessions],
            "open": known.opens.dt.as_unit("ns").astype("int64").to_numpy(),
            "close": known.closes.dt.as_unit("ns").astype("int64").to_numpy(),
        },
        schema_overrides={"date": pl.Date},
    ).with_columns(
        pl.col("open", "close").cast(UTC_NS),
        half_day=pl.col("date").is_in(half_days),
    )
