"""Returns by month and year."""

import dataclasses
import math

import polars as pl

from hewston.pipeline.calendar import exchange_date


@dataclasses.dataclass(frozen=True, kw_only=True)
class YearOfReturns:
    """Returns of a year as fractions: twelve months, None where no bar was, and the year."""

    year: int
    months: tuple[float | None, ...]
    total: float


def monthly_returns(
    equity: pl.LazyFrame, *, starting_cash: float, calendar: str, tz: str
) -> list[YearOfReturns]:
    """Give the return of each month of EQUITY: at its last bar over that of the month before.

    The first month counts from ``starting_cash``. Months are those of the exchange dates of
    ``calendar`` and ``tz``. A month or a year that starts with equity at or below zero has no
    return: None, and NaN in ``total``.
    """
    date = exchange_date(pl.col("ts_open"), calendar, tz)
    ends = (
        equity.select("ts_open", "equity")
        .group_by(date.dt.year().alias("year"), date.dt.month().alias("month"))
        .agg(pl.col("equity").last())
        .sort("year", "month")
        .collect()
    )
    years: dict[int, list[float | None]] = {}
    totals: dict[int, float] = {}
    before = start_of_year = starting_cash
    for year, month, end in ends.iter_rows():
        if year not in years:
            years[year], start_of_year = [None] * 12, before
        years[year][month - 1] = end / before - 1 if before > 0 else None
        totals[year] = end / start_of_year - 1 if start_of_year > 0 else math.nan
        before = end
    return [
        YearOfReturns(year=year, months=tuple(months), total=totals[year])
        for year, months in years.items()
    ]
