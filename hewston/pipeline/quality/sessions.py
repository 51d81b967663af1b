"""Which bars regular sessions have, and which they lack."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS, is_daily
from hewston.pipeline.resampling import number_periods
from hewston.pipeline.schemas import UTC_NS, Schema

GAPS: Schema = {
    "from": UTC_NS,
    "to": UTC_NS,  # exclusive
    "minutes": pl.Int64,
    "bars": pl.Int64,  # of the interval, that would fill it
    "date": pl.Date,  # of the session
}
_EDGES = ("pre_open", "open", "close", "post_close")
_NS_PER_MINUTE = INTERVAL_NS["1m"]


def find_gaps(ts_open: pl.Series, sessions: pl.DataFrame, interval: str) -> pl.DataFrame:
    """List runs of regular time that no bar covers (GAPS), in time order.

    ``ts_open`` is sorted. Each session, and each half of one with a break, starts and ends the
    search, so that no run goes on over night or noon. From a day on there is none.
    """
    if is_daily(interval):
        return pl.DataFrame(schema=GAPS)
    halves = _halves(sessions)
    start, end = (halves[name].to_physical().to_numpy() for name in ("start", "end"))
    opens = ts_open.to_physical().to_numpy()
    covered_to = np.maximum.accumulate(opens + INTERVAL_NS[interval])
    limits = np.iinfo(np.int64)
    # What lies between bars; bars of more than a minute may begin outside a session.
    hole_from = np.concatenate(([limits.min], covered_to))
    hole_to = np.concatenate((opens, [limits.max]))
    is_hole = hole_to > hole_from
    hole_from, hole_to = hole_from[is_hole], hole_to[is_hole]
    first = np.searchsorted(hole_to, start, side="right")
    count = np.maximum(np.searchsorted(hole_from, end, side="left") - first, 0)
    half = np.repeat(np.arange(len(start)), count)
    hole = np.repeat(first - np.cumsum(count) + count, count) + np.arange(len(half))
    begin = np.maximum(hole_from[hole], start[half])
    finish = np.minimum(hole_to[hole], end[half])
    length = finish - begin
    return pl.DataFrame(
        {
            "from": begin,
            "to": finish,
            "minutes": length // _NS_PER_MINUTE,
            "bars": -(-length // INTERVAL_NS[interval]),
            "date": halves["date"].gather(half),
        }
    ).cast(pl.Schema(GAPS))


def list_sessions(
    bars: pl.DataFrame,
    dates: pl.Series,
    sessions: pl.DataFrame,
    gaps: pl.DataFrame,
    interval: str,
) -> list[dict[str, Any]]:
    """Describe each session: its edges, the bars it has, and how many it should have and lacks.

    ``dates`` are the exchange dates of ``bars``. ``expected`` and ``missing`` count bars of the
    interval in regular hours. Of weeks and months the first session counts and has the bar, the
    others do not.
    """
    by_date = (
        bars.select("session", date=_choose_sessions(dates, sessions["date"], interval))
        .group_by("date")
        .agg(bars=pl.len(), regular_bars=(pl.col("session") == "regular").sum())
    )
    counted = _count_days(dates, sessions, interval) if is_daily(interval) else None
    if counted is None:
        step = INTERVAL_NS[interval]
        length = (pl.col("end") - pl.col("start")).cast(pl.Int64)
        expected = _halves(sessions).group_by("date").agg(expected=(-(-length // step)).sum())
        lost = gaps.group_by("date").agg(missing=pl.col("bars").sum())
        counted = expected.join(lost, on="date", how="left")
    joined = (
        sessions.join(by_date, on="date", how="left", maintain_order="left")
        .join(counted, on="date", how="left", maintain_order="left")
        .with_columns(pl.col("bars", "regular_bars", "expected", "missing").fill_null(0))
    )
    return [_describe(row) for row in joined.iter_rows(named=True)]


def iso(moment: dt.datetime) -> str:
    """Write a time as ISO 8601 in UTC, to the second."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _halves(sessions: pl.DataFrame) -> pl.DataFrame:
    """Give date, start and end of what is traded of each regular session: two with a break."""
    before = sessions.select(
        "date", start="open", end=pl.coalesce(pl.col("break_start"), pl.col("close"))
    )
    after = sessions.drop_nulls("break_end").select("date", start="break_end", end="close")
    return pl.concat([before, after]).sort("start")


def _count_days(dates: pl.Series, sessions: pl.DataFrame, interval: str) -> pl.DataFrame:
    """Expect one bar a session, or in the first session of each week or month."""
    periods = pl.Series(number_periods(sessions["date"], interval))
    there = pl.Series(number_periods(dates, interval)).unique()
    is_first = periods.is_first_distinct()
    return sessions.select(
        "date",
        expected=is_first.cast(pl.Int64),
        missing=(is_first & ~periods.is_in(there.implode())).cast(pl.Int64),
    )


def _choose_sessions(dates: pl.Series, sessions: pl.Series, interval: str) -> pl.Series:
    """Give the session that counts each date's bar: of weeks and months the first, if any."""
    if not is_daily(interval):
        return dates
    firsts = pl.DataFrame({"period": sessions.dt.truncate(interval), "first": sessions})
    return (
        pl.DataFrame({"period": dates.dt.truncate(interval)})
        .join(firsts.unique("period", keep="first"), on="period", how="left", maintain_order="left")
        .to_series(1)
    )


def _describe(row: dict[str, Any]) -> dict[str, Any]:
    edges = [name for name in (*_EDGES, "break_start", "break_end") if row[name] is not None]
    counts = ("bars", "regular_bars", "expected", "missing")
    return {
        "date": row["date"].isoformat(),
        **{edge: iso(row[edge]) for edge in edges},
        **{name: row[name] for name in counts},
    }
