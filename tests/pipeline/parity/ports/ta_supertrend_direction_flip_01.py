"""Supertrend of 3 average true ranges: long where it turns up, short where it turns down."""

import numpy as np
import pandas as pd


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


def atr(frame, length):
    before = frame["close"].shift(1)
    high = np.fmax(frame["high"], before)
    low = np.fmin(frame["low"], before)
    return smooth(high - low, 1 / length, length)


def supertrend(frame, factor, length):
    """Say of each bar whether the trend is up."""
    middle = ((frame["high"] + frame["low"]) / 2).to_numpy()
    width = (factor * atr(frame, length)).to_numpy()
    close = frame["close"].to_numpy()
    states = np.zeros(len(frame), bool)
    lower = upper = 0.0
    was_upper = True
    for row in range(1, len(frame)):
        low, high, before = middle[row] - width[row], middle[row] + width[row], close[row - 1]
        low = low if low > lower or before < lower else lower
        high = high if high < upper or before > upper else upper
        if np.isnan(width[row - 1]):
            rising = False
        elif was_upper:
            rising = close[row] > high
        else:
            rising = close[row] >= low
        known = not np.isnan(width[row])
        lower, upper = (low, high) if known else (0.0, 0.0)
        was_upper = not rising
        states[row] = rising
    return pd.Series(states, index=frame.index)


def run_strategy(frame):
    rising = supertrend(frame, 3, 10)
    before = rising.shift(1, fill_value=False)
    return frame[[]].assign(long_condition=rising & ~before, short_condition=~rising & before)
