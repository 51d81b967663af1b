"""Indicators as Pine defines them (TradingView's reference of ``ta.*``), on series of pandas."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    type Numbers = "pd.Series[float]"


def crosses_over(a: "Numbers", b: "Numbers | float") -> "pd.Series[bool]":
    """Tell where a > b, and a ≤ b on the row before."""
    before = b if isinstance(b, int | float) else b.shift(1)
    return (a > b) & (a.shift(1) <= before)


def crosses_under(a: "Numbers", b: "Numbers | float") -> "pd.Series[bool]":
    """Tell where a < b, and a ≥ b on the row before."""
    before = b if isinstance(b, int | float) else b.shift(1)
    return (a < b) & (a.shift(1) >= before)


def sma(values: "Numbers", length: int) -> "Numbers":
    """Give the mean of the last ``length`` values."""
    return values.rolling(length).mean()


def ema(values: "Numbers", length: int) -> "Numbers":
    """Give the exponential average: alpha 2 / (length + 1), from the mean of the first values."""
    return _smooth(values, length, 2 / (length + 1))


def rma(values: "Numbers", length: int) -> "Numbers":
    """Give Wilder's average: alpha 1 / length, from the mean of the first values."""
    return _smooth(values, length, 1 / length)


def _smooth(values: "Numbers", length: int, alpha: float) -> "Numbers":
    known = np.flatnonzero(values.notna().to_numpy())
    seeded = values.to_numpy(dtype=np.float64, copy=True)
    first = known[0] if known.size else len(seeded)
    start = first + length - 1
    if start >= len(seeded):
        return values * np.nan
    seeded[start] = seeded[first : start + 1].mean()
    seeded[:start] = np.nan
    series = type(values)(seeded, index=values.index)
    return series.ewm(alpha=alpha, adjust=False).mean()


def rsi(values: "Numbers", length: int) -> "Numbers":
    """Give the relative strength index, 0 to 100: Wilder's averages of rises and of falls."""
    change = values.diff()
    rises = rma(change.clip(lower=0), length)
    falls = rma((-change).clip(lower=0), length)
    index = 100 - 100 / (1 + rises / falls.where(falls != 0))
    return index.mask(rises == 0, 0.0).mask(falls == 0, 100.0)


def true_range(frame: "pd.DataFrame") -> "Numbers":
    """Give the range of each bar with the close before; of the first bar, its own range."""
    before = frame["close"].shift(1)
    high = frame["high"].where(before.isna() | (frame["high"] > before), before)
    low = frame["low"].where(before.isna() | (frame["low"] < before), before)
    return high - low


def atr(frame: "pd.DataFrame", length: int) -> "Numbers":
    """Give Wilder's average of the true range."""
    return rma(true_range(frame), length)


def deviation(values: "Numbers", length: int) -> "Numbers":
    """Give the standard deviation of the last ``length`` values, as of a population."""
    return values.rolling(length).std(ddof=0)


def vwap(
    prices: "Numbers", volume: "Numbers", groups: "pd.Series[int]"
) -> tuple["Numbers", "Numbers"]:
    """Give the volume-weighted average since a group began, and the deviation around it."""
    total = volume.groupby(groups).cumsum()
    mean = (prices * volume).groupby(groups).cumsum() / total.where(total > 0)
    square = (prices * prices * volume).groupby(groups).cumsum() / total.where(total > 0)
    return mean, (square - mean * mean).clip(lower=0) ** 0.5
