"""Stage 8: where a result comes from: by month, and by trade."""

import dataclasses
import itertools
import math

import numpy as np
import polars as pl

from hewston.pipeline.calendar import exchange_date

_LEAST_WIDTH = 1e-300  # below it, numbers have no digits left to divide


@dataclasses.dataclass(frozen=True, kw_only=True)
class YearOfReturns:
    """Returns of a year as fractions: twelve months, None where no bar was, and the year."""

    year: int
    months: tuple[float | None, ...]
    total: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bin:
    """How many values lie in [low, high); a bin for all that lies below or above has an infinity.

    A last bin whose high is finite includes it.
    """

    low: float
    high: float
    count: int


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


def histogram(values: pl.Series, *, bins: int) -> list[Bin]:
    """Count finite values in ``bins`` bins of equal width, so that 0 is an edge between two.

    Without values there is no bin. The range reaches from the 1st to the 99th percentile. Where
    values lie outside, the outermost bin counts them and reaches to infinity.
    """
    known = values.drop_nulls().filter(values.drop_nulls().is_finite())
    if known.is_empty():
        return []
    low = min(float(known.quantile(0.01) or 0.0), 0.0)
    high = max(float(known.quantile(0.99) or 0.0), 0.0)
    width = (high - low) / (bins - 1)
    if width < _LEAST_WIDTH:
        width = 1.0
    # However small a value on either side of 0 is, it has a bin on its own side.
    first = min(math.floor(low / width), -1 if (known < 0).any() else 0)
    last = max(math.ceil(high / width), 1 if (known >= 0).any() else 0)
    edges = [number * width for number in range(first, last + 1)]
    places = np.searchsorted(edges[1:-1], known.to_numpy(), side="right")
    counts = np.bincount(places, minlength=len(edges) - 1).tolist()
    if (known < edges[0]).any():
        edges[0] = -math.inf
    if (known > edges[-1]).any():
        edges[-1] = math.inf
    return [
        Bin(low=low, high=high, count=count)
        for count, (low, high) in zip(counts, itertools.pairwise(edges), strict=True)
    ]
