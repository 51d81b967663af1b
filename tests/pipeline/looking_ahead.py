"""Strategies that read later bars, in the ways in which people do it, and some that do not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

type Frame = pd.DataFrame
type Series = "pd.Series[float]"
type Function = Callable[[Frame], Frame]


def _hold(frame: Frame, is_long: "pd.Series[bool]", **columns: Any) -> Frame:
    return frame[[]].assign(position=np.where(is_long, 1.0, 0.0), **columns)


def _average(frame: Frame, length: int = 20) -> Series:
    return frame["close"].rolling(length).mean()


def _days(frame: Frame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(frame.index).normalize()


# --- that look ahead ------------------------------------------------------------------------------


def next_close(f: Frame) -> Frame:
    return _hold(f, f["close"].shift(-1) > f["close"])


def next_close_drawn(f: Frame) -> Frame:
    return _hold(f, f["close"] > _average(f), later=f["close"].shift(-1))


def return_ahead(f: Frame) -> Frame:
    return _hold(f, f["close"] > _average(f), label=f["close"].pct_change(5).shift(-5))


def centred(f: Frame) -> Frame:
    middle = f["close"].rolling(21, center=True).mean()
    return _hold(f, f["close"] > middle, middle=middle)


def z_score(f: Frame) -> Frame:
    z = (f["close"] - f["close"].mean()) / f["close"].std()
    return _hold(f, z < -1, z=z)


def min_max(f: Frame) -> Frame:
    x = (f["close"] - f["close"].min()) / (f["close"].max() - f["close"].min())
    return _hold(f, x < 0.2, scaled=x)


def rank(f: Frame) -> Frame:
    return _hold(f, f["close"].rank(pct=True) < 0.3)


def quantile(f: Frame) -> Frame:
    return _hold(f, f["close"] > f["close"].quantile(0.9))


def back_fill(f: Frame) -> Frame:
    average = _average(f, 10).bfill()
    return _hold(f, f["close"] > average, average=average)


def back_fill_of_gaps(f: Frame) -> Frame:
    spread = f["spread_mean"].bfill()
    return _hold(f, spread < 0.03, spread=spread)


def interpolated(f: Frame) -> Frame:
    sparse = f["close"].where(f.index.minute % 5 == 0).interpolate()  # type: ignore[attr-defined]
    return _hold(f, f["close"] > sparse, sparse=sparse)


def gradient(f: Frame) -> Frame:
    return _hold(f, pd.Series(np.gradient(f["close"].to_numpy()), f.index) > 0)


def filtered_both_ways(f: Frame) -> Frame:
    once = f["close"].ewm(span=10).mean()
    twice = once[::-1].ewm(span=10).mean()[::-1]
    return _hold(f, f["close"] > twice, smooth=twice)


def reversed_rolling(f: Frame) -> Frame:
    return _hold(f, f["close"][::-1].rolling(5).max()[::-1] > f["close"] * 1.001)


def hour_not_shifted(f: Frame) -> Frame:
    hourly = f["close"].resample("1h").last().reindex(f.index, method="ffill")
    return _hold(f, f["close"] < hourly, hourly=hourly)


def day_not_shifted(f: Frame) -> Frame:
    daily = f["high"].resample("1D").max().dropna().reindex(f.index, method="ffill")
    return _hold(f, f["close"] > daily * 0.999, daily=daily)


def last_of_day(f: Frame) -> Frame:
    return _hold(f, f["close"].groupby(_days(f)).transform("last") > f["close"])


def day_by_dictionary(f: Frame) -> Frame:
    ends = {day: part["close"].iloc[-1] for day, part in f.groupby(_days(f))}
    return _hold(f, pd.Series(_days(f).map(ends), f.index) > f["close"])


def nearest_hour(f: Frame) -> Frame:
    hourly = f["close"].resample("1h").first().dropna()
    return _hold(f, hourly.reindex(f.index, method="nearest") > f["close"])


def trend_of_all(f: Frame) -> Frame:
    x = np.arange(len(f))
    slope, start = np.polyfit(x, f["close"], 1)
    return _hold(f, f["close"] < start + slope * x)


def flat_on_last_row(f: Frame) -> Frame:
    out = _hold(f, f["close"] > _average(f))
    out.iloc[-1, 0] = 0.5
    return out


def side_of_last_close(f: Frame) -> Frame:
    side = 1.0 if f["close"].iloc[-1] > f["close"].iloc[0] else -1.0
    return f[[]].assign(position=side)


def share_of_rows(f: Frame) -> Frame:
    return f[[]].assign(position=np.where(np.arange(len(f)) < len(f) * 0.7, 1.0, -1.0))


def flat_on_last_day(f: Frame) -> Frame:
    return _hold(f, (f["close"] > _average(f)) & (_days(f) != _days(f)[-1]))


def pivots(f: Frame) -> Frame:
    top = f["high"] == f["high"].rolling(11, center=True).max()
    return f[[]].assign(short_condition=top, long_condition=False)


def last_bar_of_session_by_next(f: Frame) -> Frame:
    days = pd.Series(_days(f), f.index)
    return _hold(f, (f["close"] > _average(f)) & (days == days.shift(-1)))


def rows_that_pay(f: Frame) -> Frame:
    """Entries are dropped where the next bar falls: what is left looks like any other."""
    over = (f["close"] > _average(f)) & (f["close"].shift(1) <= _average(f).shift(1))
    falls = f["close"].shift(-1) < f["close"]
    return f[[]].assign(long_condition=over & ~falls, exit_long=f["close"] < _average(f, 50))


def one_minute_a_day(f: Frame) -> Frame:
    at = (f.index.hour == 16) & (f.index.minute == 37)  # type: ignore[attr-defined]
    drawn = f["close"].where(~at, f["close"].shift(-1))
    return _hold(f, f["close"] > _average(f), drawn=drawn)


def before_a_fall(f: Frame) -> Frame:
    """Out before what falls by 0.2 % within ten bars: seldom, and right every time."""
    lowest = f["low"][::-1].rolling(10).min()[::-1].shift(-1)
    return _hold(f, (f["close"] > _average(f, 50)) & ~(lowest < f["close"] * 0.998))


def loop_that_peeks(f: Frame) -> Frame:
    close, position = f["close"].to_numpy(), np.zeros(len(f))
    for row in range(1, len(f)):
        is_late = row % 977 == 0 and row + 1 < len(f)
        position[row] = float(close[row + is_late] > close[row - 1])
    return f[[]].assign(position=position)


def column_for_the_future(f: Frame) -> Frame:
    out = f[[]].assign(long_condition=f["close"] > _average(f))
    if f["close"].max() > f["close"].iloc[0] * 1.01:
        out["exit_long"] = f["close"] < _average(f)
    return out


LOOK_AHEAD: dict[str, Function] = {
    one.__name__: one
    for one in (
        next_close, next_close_drawn, return_ahead, centred, z_score, min_max, rank, quantile,
        back_fill, back_fill_of_gaps, interpolated, gradient, filtered_both_ways, reversed_rolling,
        hour_not_shifted, day_not_shifted, last_of_day, day_by_dictionary, nearest_hour,
        trend_of_all, flat_on_last_row, side_of_last_close, share_of_rows, flat_on_last_day,
        pivots, last_bar_of_session_by_next, rows_that_pay, one_minute_a_day, before_a_fall,
        loop_that_peeks, column_for_the_future,
    )
}  # fmt: skip


# --- that do not ----------------------------------------------------------------------------------


def sma(f: Frame) -> Frame:
    return _hold(f, _average(f, 10) > _average(f, 30), fast=_average(f, 10))


def sma_of_sums(f: Frame) -> Frame:
    total = f["close"].cumsum()
    average = (total - total.shift(20)) / 20
    return _hold(f, f["close"] > average, average=average)


def ema_adjusted(f: Frame) -> Frame:
    return _hold(f, f["close"].ewm(span=10).mean() > f["close"].ewm(span=30).mean())


def ema_recursive(f: Frame) -> Frame:
    a, b = (f["close"].ewm(span=n, adjust=False).mean() for n in (12, 26))
    return _hold(f, a > b, macd=a - b, signal=(a - b).ewm(span=9, adjust=False).mean())


def rsi(f: Frame) -> Frame:
    change = f["close"].diff()
    up = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    down = (-change).clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    return _hold(f, 100 - 100 / (1 + up / down) < 30)


def supertrend(f: Frame) -> Frame:
    before = f["close"].shift(1)
    reach = pd.concat([f["high"] - f["low"], (f["high"] - before).abs()], axis=1).max(axis=1)
    atr = reach.ewm(alpha=0.1, adjust=False).mean()
    middle = (f["high"] + f["low"]) / 2
    up, down = (middle + 3 * atr).to_numpy(), (middle - 3 * atr).to_numpy()
    close, line, side = f["close"].to_numpy(), down.copy(), np.ones(len(f))
    for row in range(1, len(f)):
        if side[row - 1] > 0:
            line[row] = max(down[row], line[row - 1])
            side[row] = -1.0 if close[row] < line[row] else 1.0
        else:
            line[row] = min(up[row], line[row - 1])
            side[row] = 1.0 if close[row] > line[row] else -1.0
        if side[row] != side[row - 1]:
            line[row] = down[row] if side[row] > 0 else up[row]
    return f[[]].assign(position=side, line=line)


def donchian(f: Frame) -> Frame:
    high, low = f["high"].rolling(20).max().shift(1), f["low"].rolling(20).min().shift(1)
    out = f[[]].assign(position=np.nan, high=high, low=low)
    out.loc[f["close"] > high, "position"] = 1.0
    out.loc[f["close"] < low, "position"] = -1.0
    return out


def session_vwap(f: Frame) -> Frame:
    days = _days(f)
    price = (f["close"] * f["volume"]).groupby(days).cumsum() / f["volume"].groupby(days).cumsum()
    return _hold(f, f["close"] < price, vwap=price)


def hour_shifted(f: Frame) -> Frame:
    hourly = f["close"].resample("1h").last().shift(1).reindex(f.index, method="ffill")
    return _hold(f, f["close"] > hourly, hourly=hourly)


def day_before(f: Frame) -> Frame:
    daily = f["high"].resample("1D").max().dropna().shift(1).reindex(f.index, method="ffill")
    return _hold(f, f["close"] > daily, daily=daily)


def expanding_z(f: Frame) -> Frame:
    wide = f["close"].expanding(20)
    return _hold(f, (f["close"] - wide.mean()) / wide.std() < -1)


def expanding_rank(f: Frame) -> Frame:
    return _hold(f, f["close"].expanding(20).rank(pct=True) < 0.2)


def machine(f: Frame) -> Frame:
    """Enters on three rises, leaves at a trailing stop."""
    close, out, held, top = f["close"].to_numpy(), np.zeros(len(f)), False, 0.0
    for row in range(3, len(f)):
        if held:
            top = max(top, close[row])
            held = bool(close[row] > top * 0.999)
        elif close[row] > close[row - 1] > close[row - 2] > close[row - 3]:
            held, top = True, close[row]
        out[row] = float(held)
    return f[[]].assign(position=out, reason=["in" if held else "" for held in out])


def on_balance(f: Frame) -> Frame:
    total = (np.sign(f["close"].diff()).fillna(0) * f["volume"]).cumsum()
    return _hold(f, total > total.rolling(20).mean(), total=total)


def needs_two_hundred_bars(f: Frame) -> Frame:
    if len(f) < 200:
        raise ValueError("at least 200 bars are needed")
    return _hold(f, _average(f, 50) > _average(f, 200))


def clock_alone(f: Frame) -> Frame:
    return _hold(f, f.index.hour == 15)  # type: ignore[attr-defined]


def seeded(f: Frame) -> Frame:
    return _hold(f, pd.Series(np.random.default_rng(7).random(len(f)), f.index) > 0.5)


def slopes(f: Frame) -> Frame:
    weights = np.arange(20) - 9.5
    windows = np.lib.stride_tricks.sliding_window_view(f["close"].to_numpy(), 20)
    slope = np.concatenate([np.full(19, np.nan), np.asfortranarray(windows) @ weights / 665])
    return f[[]].assign(position=np.where(slope > 1e-9, 1.0, 0.0), slope=slope)


CLEAN: dict[str, Function] = {
    one.__name__: one
    for one in (
        sma, sma_of_sums, ema_adjusted, ema_recursive, rsi, supertrend, donchian, session_vwap,
        hour_shifted, day_before, expanding_z, expanding_rank, machine, on_balance,
        needs_two_hundred_bars, clock_alone, seeded, slopes,
    )
}  # fmt: skip
