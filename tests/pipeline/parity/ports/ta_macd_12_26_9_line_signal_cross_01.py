"""MACD: long where the line crosses over its signal, short where it crosses under."""

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


def ema(values, length):
    return smooth(values, 2 / (length + 1), length)


def run_strategy(frame):
    line = ema(frame["close"], 12) - ema(frame["close"], 26)
    signal = ema(line, 9)
    over = (line > signal) & (line.shift(1) <= signal.shift(1))
    under = (line < signal) & (line.shift(1) >= signal.shift(1))
    # The target itself: it changes where they cross, and is held in between.
    position = over.astype(float).where(over).fillna(-under.astype(float).where(under))
    return frame[[]].assign(macd=line, signal=signal, position=position)
