"""Back to the middle: in where price is outside of Bollinger's bands and RSI is extreme."""

import numpy as np


def smooth(values, alpha, length):
    """Smooth from the mean of the first values on, as Pine does."""
    known = np.flatnonzero(values.notna())
    start = (known[0] if len(known) else len(values)) + length - 1
    if start >= len(values):
        return values * np.nan
    seeded = values.copy()
    seeded.iloc[start] = values.iloc[start - length + 1 : start + 1].mean()
    seeded.iloc[:start] = np.nan
    return seeded.ewm(alpha=alpha, adjust=False).mean()


def rsi(values, length):
    change = values.diff()
    rises = smooth(change.clip(lower=0), 1 / length, length)
    falls = smooth((-change).clip(lower=0), 1 / length, length)
    index = 100 - 100 / (1 + rises / falls.where(falls != 0))
    return index.mask(rises == 0, 0.0).mask(falls == 0, 100.0)


def run_strategy(frame):
    close = frame["close"]
    middle, width = close.rolling(20).mean(), 2 * close.rolling(20).std(ddof=0)
    index = rsi(close, 14)
    return frame[[]].assign(
        lower=middle - width,
        middle=middle,
        upper=middle + width,
        rsi=index,
        long_condition=(close < middle - width) & (index < 30),
        exit_long=close > middle,
        short_condition=(close > middle + width) & (index > 70),
        exit_short=close < middle,
    )
