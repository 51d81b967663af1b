"""Indicators by their plain recursions, on bars of many kinds, to plant defects in."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np

MINUTE_NS = 60 * 10**9
MONTH = 0  # as minutes: those of the calendar
_TAKE: dict[str, Callable[[np.ndarray], float]] = {
    "close": lambda part: float(part[-1]),
    "high": lambda part: float(part.max()),
    "sum": lambda part: float(part.sum()),
}
NEW_YORK = ZoneInfo("America/New_York")


def list_continuous(count: int = 4_000, *, minutes: int = 15) -> np.ndarray:
    """Give the starts of bars without a gap, from a midnight on."""
    return 1_704_067_200 * 10**9 + minutes * MINUTE_NS * np.arange(count)


def list_sessions(days: int = 250, *, minutes: int = 15) -> np.ndarray:
    """Give those of regular sessions in New York, half-past nine to four, over a year."""
    first = dt.datetime(2024, 1, 2, 9, 30, tzinfo=NEW_YORK)
    starts = [first + dt.timedelta(days=day) for day in range(days)]
    within = np.arange(0, 390, minutes)
    return np.concatenate(
        [
            int(start.timestamp()) * 10**9 + within[: 14 if start.day == 3 else None] * MINUTE_NS
            for start in starts
            if start.weekday() < 5
        ]
    )


def list_evenings(days: int = 250, *, minutes: int = 15) -> np.ndarray:
    """Give those of futures: from six in the evening in New York to five, Sunday to Friday."""
    first = dt.datetime(2024, 1, 7, 18, tzinfo=NEW_YORK)
    starts = [first + dt.timedelta(days=day) for day in range(days)]
    within = np.arange(0, 23 * 60, minutes) * MINUTE_NS
    return np.concatenate(
        [
            int(start.timestamp()) * 10**9 + within
            for start in starts
            if start.weekday() in {6, 0, 1, 2, 3}
        ]
    )


class Bars:
    """Prices that walk at random in ticks of a cent, and their volume."""

    def __init__(self, times: np.ndarray, seed: int = 7, *, missing: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        if missing:
            times = times[rng.random(len(times)) >= missing]
        self.times = times
        self.close = np.round(100 * np.exp(rng.normal(0, 0.002, len(times)).cumsum()), 2)
        self.open = np.concatenate((self.close[:1], self.close[:-1]))
        beyond = np.round(np.abs(rng.normal(0, 0.1, (2, len(times)))), 2)
        self.high = np.maximum(self.open, self.close) + beyond[0]
        self.low = np.minimum(self.open, self.close) - beyond[1]
        self.volume = rng.integers(100, 10_000, len(times)).astype(np.float64)


def lag(values: np.ndarray, by: int = 1) -> np.ndarray:
    moved = np.roll(values, by)
    if by > 0:
        moved[:by] = np.nan
    else:
        moved[by:] = np.nan
    return moved


def sma(values: np.ndarray, length: int) -> np.ndarray:
    means = np.full(len(values), np.nan)
    means[length - 1 :] = np.lib.stride_tricks.sliding_window_view(values, length).mean(axis=1)
    return means


def recur(values: np.ndarray, alpha: float, *, seed: str = "sma", length: int = 1) -> np.ndarray:
    """Average exponentially, seeded by the first values' mean, by the first, or adjusted."""
    begins = int(np.flatnonzero(~np.isnan(values))[0])
    found = np.full(len(values), np.nan)
    at = begins + length - 1 if seed == "sma" else begins
    found[at] = values[begins : at + 1].mean()
    weight = 1.0
    for row in range(at + 1, len(values)):
        if seed == "adjust":
            weight = (1 - alpha) * weight
            share = alpha / (1 - weight * (1 - alpha))
        else:
            share = alpha
        found[row] = found[row - 1] + share * (values[row] - found[row - 1])
    return found


def ema(values: np.ndarray, length: int, seed: str = "sma") -> np.ndarray:
    return recur(values, 2 / (length + 1), seed=seed, length=length)


def rma(values: np.ndarray, length: int, seed: str = "sma") -> np.ndarray:
    return recur(values, 1 / length, seed=seed, length=length)


def rsi(values: np.ndarray, length: int = 14, seed: str = "sma") -> np.ndarray:
    change = np.diff(values, prepend=np.nan)
    up = rma(np.where(np.isnan(change), np.nan, np.maximum(change, 0)), length, seed)
    down = rma(np.where(np.isnan(change), np.nan, np.maximum(-change, 0)), length, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = 100 - 100 / (1 + up / down)
    return found


def macd(values: np.ndarray, seed: str = "sma") -> np.ndarray:
    found: np.ndarray = ema(values, 12, seed) - ema(values, 26, seed)
    return found


def signal(values: np.ndarray, seed: str = "sma") -> np.ndarray:
    return ema(macd(values, seed), 9, seed)


def true_range(bars: Bars) -> np.ndarray:
    before = np.concatenate((bars.close[:1], bars.close[:-1]))
    found: np.ndarray = np.maximum(bars.high, before) - np.minimum(bars.low, before)
    return found


def atr(bars: Bars, length: int = 14, seed: str = "sma") -> np.ndarray:
    return rma(true_range(bars), length, seed)


def supertrend(
    bars: Bars, factor: float = 3.0, length: int = 10, seed: str = "sma"
) -> tuple[np.ndarray, np.ndarray]:
    """Give the line and its direction, 1 above the price and -1 below, as Pine does."""
    width = factor * atr(bars, length, seed)
    middle = (bars.high + bars.low) / 2
    upper, lower = middle + width, middle - width
    line, direction = np.full(len(middle), np.nan), np.full(len(middle), np.nan)
    begins = int(np.flatnonzero(~np.isnan(width))[0])
    line[begins], direction[begins] = upper[begins], 1.0
    for row in range(begins + 1, len(middle)):
        if not (lower[row] > lower[row - 1] or bars.close[row - 1] < lower[row - 1]):
            lower[row] = lower[row - 1]
        if not (upper[row] < upper[row - 1] or bars.close[row - 1] > upper[row - 1]):
            upper[row] = upper[row - 1]
        if direction[row - 1] == 1.0:
            direction[row] = -1.0 if bars.close[row] > upper[row] else 1.0
        else:
            direction[row] = 1.0 if bars.close[row] < lower[row] else -1.0
        line[row] = lower[row] if direction[row] == -1.0 else upper[row]
    return line, direction


def obv(bars: Bars) -> np.ndarray:
    return (np.sign(np.diff(bars.close, prepend=bars.close[0])) * bars.volume).cumsum()


def pivots(values: np.ndarray, left: int = 5, right: int = 5) -> np.ndarray:
    """Give a high on the bar on which it is known, ``right`` bars later; NaN elsewhere."""
    found = np.full(len(values), np.nan)
    for row in range(left + right, len(values)):
        around = values[row - left - right : row + 1]
        if around[left] > np.delete(around, left).max():
            found[row] = around[left]
    return found


def fill(values: np.ndarray) -> np.ndarray:
    """Carry the last value on."""
    rows = np.where(np.isnan(values), 0, np.arange(len(values)))
    return values[np.maximum.accumulate(rows)]


def resample(
    values: np.ndarray, number: np.ndarray, how: str = "close", mode: str = "last bar"
) -> np.ndarray:
    """Give longer intervals' values on each bar, whose interval ``number`` tells.

    They are shown from an interval's ``first bar`` on (as with lookahead), from its ``last bar``
    on (as Pine does without), or from the ``next`` interval on.
    """
    begins = np.concatenate(([0], np.flatnonzero(np.diff(number)) + 1))
    ends = np.append(begins[1:], len(values))
    parts = [values[one:end] for one, end in zip(begins, ends, strict=True)]
    whole = np.array([_TAKE[how](part) for part in parts])
    return show(whole, begins, ends, mode)


def show(whole: np.ndarray, begins: np.ndarray, ends: np.ndarray, mode: str) -> np.ndarray:
    """Lay one value an interval on its bars."""
    shown = np.full(ends[-1], np.nan)
    starts = {"first bar": begins, "last bar": ends - 1, "next": ends}[mode]
    for value, start in zip(whole, starts, strict=True):
        shown[start:] = value
    return shown


def number_by(
    times: np.ndarray, minutes: int, zone: ZoneInfo | None = None, phase: int = 0
) -> np.ndarray:
    """Number the interval of each bar, from midnight and ``phase`` minutes on in a zone."""
    clock = times
    if zone is not None:
        moved = [
            dt.datetime.fromtimestamp(int(one) // 10**9, zone).utcoffset() or dt.timedelta()
            for one in times
        ]
        clock = times + np.array([int(one.total_seconds()) for one in moved]) * 10**9
    if minutes == MONTH:
        return clock.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    return (clock - phase * MINUTE_NS) // (minutes * MINUTE_NS)
