"""Sharpe ratio and volatility over a window that moves along the daily returns."""

import numpy as np
import polars as pl

from hewston.pipeline.calendar import ALWAYS_OPEN
from hewston.pipeline.metrics.moments import NO_DEVIATION

WINDOW = 63  # daily returns: a quarter of trading days


def roll(returns: pl.Series, *, calendar: str, window: int = WINDOW) -> pl.DataFrame:
    """Give ``sharpe`` and ``volatility`` of each ``window`` daily returns, at the last of them.

    Both as in the metrics: sample deviation, times the root of 252, or 365 on a 24/7 calendar;
    the risk-free rate is 0. Null before there are so many returns and where one of them is null;
    ``sharpe`` is null where they do not vary.
    """
    values = returns.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    sharpe = np.full(len(values), np.nan)
    volatility = np.full(len(values), np.nan)
    if len(values) >= window:
        spans = np.lib.stride_tricks.sliding_window_view(values, window)
        deviation = spans.std(axis=1, ddof=1)
        year = np.sqrt(365 if calendar == ALWAYS_OPEN else 252)
        varies = deviation > NO_DEVIATION
        known = sharpe[window - 1 :]
        np.divide(spans.mean(axis=1) * year, deviation, out=known, where=varies)
        volatility[window - 1 :] = np.where(varies | np.isnan(deviation), deviation, 0.0) * year
    frame = pl.DataFrame({"sharpe": sharpe, "volatility": volatility})
    return frame.fill_nan(None)
