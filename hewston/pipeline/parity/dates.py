"""Lists of charts of days, weeks and months: the bars that their dates name."""

import dataclasses
import datetime as dt

import polars as pl

from hewston.pipeline.calendar import evening_of, exchange_date, start_of_date
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVALS, is_daily
from hewston.pipeline.schemas import UTC_NS

_ENDS = ("entry_ts", "exit_ts")
_SUNDAY, _MIDNIGHT = 7, 24
_MOST_CLOCKS = 2  # times of day that the opens of sessions have: those of summer and of winter
_SHOWN = 5
_FEW = 8  # dates, which may all begin weeks by chance
_NAMES = {"1d": "day", "1w": "week", "1mo": "month"}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PlacedDates:
    """LISTED_TRADES whose times are starts of bars, and in sentences what was odd about dates."""

    trades: pl.DataFrame
    notes: tuple[str, ...] = ()


def check_interval(
    trades: pl.DataFrame, *, interval: str, dates_only: bool, name: str, timeframe: str | None
) -> None:
    """Refuse a list of another chart than one of ``interval``.

    ``dates_only`` tells that times of ``trades`` (LISTED_TRADES) are dates; ``timeframe`` is what
    the file ``name`` says of its chart, if anything. Raises InputError (field ``interval``) for
    dates beside bars below a day, for times of day beside longer ones, and where the file names
    another interval.
    """
    if timeframe in INTERVALS and timeframe != interval:
        raise InputError(
            f"{name} is of a chart of {timeframe}, and the bars here are of {interval}. Choose the "
            f"interval {timeframe}.",
            field="interval",
            file=name,
            allowed=[timeframe],
        )
    if dates_only and not is_daily(interval):
        raise InputError(
            f"{name} lists dates without a time of day, as charts of days, weeks and months do, "
            f"and the bars here are of {interval}. Choose the interval of its chart: 1d, 1w or "
            "1mo.",
            field="interval",
            file=name,
            allowed=["1d", "1w", "1mo"],
        )
    if not dates_only and is_daily(interval) and _count_clocks(trades) > _MOST_CLOCKS:
        raise InputError(
            f"{name} lists times of day, as charts below a day do, and the bars here are of "
            f"{interval}. Choose the interval of its chart, on data of bars that are no longer.",
            field="interval",
            file=name,
        )


def place_dates(
    trades: pl.DataFrame,
    starts: pl.Series,
    *,
    interval: str,
    calendar: str,
    tz: str | None = None,
    dates_only: bool = True,
) -> PlacedDates:
    """Put the trades of a chart of days, weeks or months on the bars that they name.

    ``trades`` are LISTED_TRADES in UTC. Where ``dates_only``, their times are the midnights of UTC
    that begin the dates listed (as ``readers.place`` gives them), which are exchange dates. Else
    they are instants, such as the opens of sessions, and their dates are those of
    ``exchange_date``; instants that are starts already, or midnights of UTC, which are dates, stay
    what they are. ``starts`` are ``ts_open`` of the bars (UTC_NS, sorted) of ``interval`` (1d, 1w,
    1mo), ``calendar`` and ``tz`` those of the dataset, as in ``exchange_date``.

    A date names the bar of its day, of the week from Monday that it is in, or of its month. Dates
    of Sundays, where no session is of a Sunday and sessions begin in the evening (FX, CME, ICE),
    show that all dates are those of evenings: each is then the next one's, which a note says. A
    date without a bar is put where it begins, so that it equals no bar, and is named in a note.
    """
    if not dates_only and _are_among(trades, starts):
        return PlacedDates(trades=trades)
    is_date = dates_only or are_midnights(trades)
    days = exchange_date(starts, calendar, tz)
    bars = pl.DataFrame({"period": _period(days, interval), "start": starts})
    bars = bars.unique("period", keep="first", maintain_order=True)
    dates = {
        name: trades[name].dt.date() if is_date else exchange_date(trades[name], calendar)
        for name in _ENDS
    }
    notes: list[str] = []
    if is_date and _are_evenings(dates, days, calendar):
        dates = {name: one.dt.offset_by("1d") for name, one in dates.items()}
        notes.append(
            "Its dates are those of the evenings on which sessions begin, as its Sundays show: "
            "each is read as the exchange date after it."
        )
    placed: dict[str, pl.Series] = {}
    missing: list[dt.date] = []
    for name, listed in dates.items():
        known = pl.DataFrame({"period": _period(listed, interval), "date": listed}).join(
            bars, on="period", how="left", maintain_order="left"
        )
        missing += known.filter(pl.col("start").is_null())["date"].drop_nulls().to_list()
        begins = start_of_date(known["date"], calendar, tz)
        placed[name] = known["start"].fill_null(begins).cast(UTC_NS).alias(name)
    if missing:
        notes.append(_name_missing(sorted(set(missing)), interval))
    elif interval == "1d" and (
        longer := _find_longer(pl.concat([one.rename("date") for one in dates.values()]), days)
    ):
        notes.append(
            f"Each of its dates is the first of a {_NAMES[longer]} that has a bar. If its chart is "
            f"of {longer}, choose that interval."
        )
    return PlacedDates(trades=trades.with_columns(**placed), notes=tuple(notes))


def _find_longer(dates: pl.Series, days: pl.Series) -> str | None:
    """Tell whether dates are all first days of months, or of weeks, and too many for a chance."""
    listed = dates.drop_nulls().unique()
    for longer in ("1mo", "1w"):
        firsts = days.filter(_period(days, longer).is_first_distinct())
        if len(listed) >= _FEW and listed.is_in(firsts.implode()).all():
            return longer
    return None


def _period(dates: pl.Series, interval: str) -> pl.Series:
    """Give the first date of the day, week (from Monday) or month of each date."""
    return dates.dt.truncate(interval)


def _are_evenings(dates: dict[str, pl.Series], days: pl.Series, calendar: str) -> bool:
    """Tell whether Sundays are listed, of which no bar is, and on whose evenings sessions begin."""
    if evening_of(calendar) == _MIDNIGHT or (days.dt.weekday() == _SUNDAY).any():
        return False
    return any((one.dt.weekday() == _SUNDAY).any() for one in dates.values())


def _times(trades: pl.DataFrame) -> pl.Series:
    return pl.concat([trades[name].rename("ts") for name in _ENDS]).drop_nulls()


def _are_among(trades: pl.DataFrame, starts: pl.Series) -> bool:
    return bool(_times(trades).cast(starts.dtype).is_in(starts.implode()).all())


def are_midnights(trades: pl.DataFrame) -> bool:
    """Tell whether all times of LISTED_TRADES, in UTC or as a clock showed them, are midnights."""
    times = _times(trades)
    return bool((times.dt.truncate("1d") == times).all())


def _count_clocks(trades: pl.DataFrame) -> int:
    return _times(trades).dt.time().n_unique()


def _name_missing(missing: list[dt.date], interval: str) -> str:
    what = _NAMES[interval]
    shown = ", ".join(str(date) for date in missing[:_SHOWN])
    more = f" and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
    return (
        f"{len(missing):,} of its dates are of no {what} that has a bar here: {shown}{more}. What "
        "is listed there cannot match."
    )
