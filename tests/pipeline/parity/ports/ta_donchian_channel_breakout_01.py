"""Donchian breakout: in beyond the extremes of 20 bars, out beyond those of 10."""


def run_strategy(frame):
    high, low, close = frame["high"].shift(1), frame["low"].shift(1), frame["close"]
    upper, lower = high.rolling(20).max(), low.rolling(20).min()
    return frame[[]].assign(
        upper=upper,
        lower=lower,
        long_condition=close > upper,
        exit_long=close < low.rolling(10).min(),
        short_condition=close < lower,
        exit_short=close > high.rolling(10).max(),
    )
