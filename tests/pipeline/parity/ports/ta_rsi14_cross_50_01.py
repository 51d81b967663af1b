"""RSI: long where it crosses over 50, short where it crosses under."""

import numpy as np

PARAMS = {"length": {"type": "int", "default": 14, "min": 2, "max": 500}}


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


def run_strategy(frame, params):
    index = rsi(frame["close"], params["length"])
    return frame[[]].assign(
        rsi=index,
        long_condition=(index > 50) & (index.shift(1) <= 50),
        short_condition=(index < 50) & (index.shift(1) >= 50),
    )
