"""What a strategy asks of the exchange's days: which one a bar is of, and how long it goes on."""

from typing import TYPE_CHECKING, Any

import polars as pl

from hewston.pipeline.calendar import exchange_date, schedule
from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.schemas import UTC_NS

if TYPE_CHECKING:
    import pandas as pd

_NS_PER_MINUTE = 60 * 10**9


def number_days(frame: "pd.DataFrame", context: dict[str, Any]) -> "pd.Series[int]":
    """Number the exchange date of each bar, in days since 1970."""
    days = exchange_date(_starts(frame), context["calendar"], context["tz"]).to_physical()
    return _like(frame, days)


def minutes_since_open(frame: "pd.DataFrame", context: dict[str, Any]) -> "pd.Series[float]":
    """Give the minutes from the first bar of each exchange date to the end of each bar."""
    starts = _like(frame, _starts(frame).to_physical())
    first = starts.groupby(number_days(frame, context)).transform("first")
    return (starts - first + INTERVAL_NS[context["interval"]]) / _NS_PER_MINUTE


def minutes_to_close(frame: "pd.DataFrame", context: dict[str, Any]) -> "pd.Series[float]":
    """Give the minutes from the end of each bar to the close of its session, by the calendar."""
    starts = _starts(frame)
    dates = exchange_date(starts, context["calendar"], context["tz"])
    sessions = schedule(context["calendar"], dates[0], dates[-1])
    closes = (
        pl.DataFrame({"date": dates})
        .join(sessions.select("date", "close"), on="date", how="left", maintain_order="left")[
            "close"
        ]
        .to_physical()
    )
    left = closes - starts.to_physical() - INTERVAL_NS[context["interval"]]
    return _like(frame, left) / _NS_PER_MINUTE


def _starts(frame: "pd.DataFrame") -> pl.Series:
    return pl.Series(frame.index.as_unit("ns").asi8).cast(UTC_NS)  # type: ignore[attr-defined]  # times


def _like(frame: "pd.DataFrame", values: pl.Series) -> "pd.Series[Any]":
    column = frame["close"]
    return type(column)(values.to_numpy(), index=column.index)
