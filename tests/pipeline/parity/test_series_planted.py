"""Defects of each class and cause that a series shows are named, and what looks alike is not."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hewston.pipeline.parity.series import ComparedSeries, compare_series
from hewston.pipeline.parity.tolerances import Tolerance
from tests.pipeline.parity.indicators import (
    MONTH,
    NEW_YORK,
    Bars,
    atr,
    ema,
    fill,
    lag,
    list_continuous,
    list_evenings,
    list_sessions,
    macd,
    number_by,
    obv,
    pivots,
    resample,
    rsi,
    signal,
    sma,
    supertrend,
)

type Seeded = Callable[[Bars, str], np.ndarray]

BARS = Bars(list_continuous())
SESSIONS = Bars(list_sessions())
EVENINGS = Bars(list_evenings())
CUT = Bars(list_continuous(900, minutes=1)[7:])  # begins and ends inside longer intervals
LOOSE_NOISE = 1 + 1e-7 * np.sin(np.arange(len(BARS.times)))

SEEDED: dict[str, Seeded] = {
    "ema": lambda bars, seed: ema(bars.close, 20, seed),
    "rsi": lambda bars, seed: rsi(bars.close, 14, seed),
    "macd": lambda bars, seed: macd(bars.close, seed),
    "macd signal": lambda bars, seed: signal(bars.close, seed),
    "atr": lambda bars, seed: atr(bars, 14, seed),
    "supertrend": lambda bars, seed: supertrend(bars, seed=seed)[0],
    "trend": lambda bars, seed: supertrend(bars, seed=seed)[1],
}


@functools.cache
def _plain(name: str) -> np.ndarray:
    """Give series as strategies plot them: lines, flags, sums, rare values."""
    close, count = BARS.close, len(BARS.close)
    if name in SEEDED:
        return SEEDED[name](BARS, "sma")
    crossed = (ema(close, 5) > ema(close, 20)).astype(np.float64)
    made: dict[str, Callable[[], np.ndarray]] = {
        "sma": lambda: sma(close, 20),
        "close": lambda: close,
        "flag": lambda: crossed,
        "event": lambda: np.abs(np.diff(crossed, prepend=0.0)),
        "oversold": lambda: (rsi(close) < 30).astype(np.float64),
        "sum": lambda: obv(BARS),
        "pivots": lambda: pivots(BARS.high),
        "last pivot": lambda: fill(pivots(BARS.high)),
        "constant": lambda: np.full(count, 5.0),
        "spike": lambda: np.where(np.arange(count) == 900, 9.0, 5.0),
        "late spike": lambda: np.where(np.arange(count) == count - 3, 9.0, 5.0),
        "hour flag": lambda: (np.arange(count) // 4 % 24 == 14).astype(np.float64),
        "day flag": lambda: (np.arange(count) // 96 % 7 == 2).astype(np.float64),
    }
    return made[name]()


def _compare(
    a: np.ndarray, b: np.ndarray, *, times: np.ndarray = BARS.times, **said: Any
) -> ComparedSeries:
    given = {"tolerance": Tolerance(), "decimals": None, "warmup": None} | said
    return compare_series("Pine", "Python", times=times, a=a, b=b, **given)


def _name(found: ComparedSeries) -> tuple[str | None, str | None]:
    return found.class_name, found.cause


@pytest.mark.parametrize("decimals", [None, 2, 5])
@pytest.mark.parametrize("seed", ["first", "adjust"])
@pytest.mark.parametrize("name", SEEDED)
def test_a_recursion_that_is_seeded_otherwise_is_warm_up(
    name: str, seed: str, decimals: int | None
) -> None:
    pine, python = SEEDED[name](BARS, "sma"), SEEDED[name](BARS, seed)
    printed = pine if decimals is None else pine.round(decimals)
    found = _compare(printed, python, decimals=decimals, warmup=240)
    assert _name(found) == ("warmup_window", "unknown")
    assert _name(_compare(printed, python, decimals=decimals)) == ("warmup_window", "unknown")


@pytest.mark.parametrize("name", ["ema", "rsi", "macd", "atr"])
def test_a_recursion_that_begins_at_another_bar_is_warm_up(name: str) -> None:
    python = np.full(len(BARS.times), np.nan)
    part = Bars(BARS.times[25:])
    for column in ("open", "high", "low", "close", "volume"):
        setattr(part, column, getattr(BARS, column)[25:])
    python[25:] = SEEDED[name](part, "first")
    assert _name(_compare(_plain(name), python, warmup=250)) == ("warmup_window", "unknown")


@pytest.mark.parametrize("name", ["ema", "rsi", "macd", "atr", "supertrend"])
@pytest.mark.parametrize("defect", ["short", "never fades", "grows", "comes back", "late"])
def test_what_only_begins_like_a_warm_up_is_none(name: str, defect: str) -> None:
    pine, python = _plain(name), SEEDED[name](BARS, "first").copy()
    rows = np.arange(len(pine))
    warmup = 20 if defect == "short" else 220
    if defect == "never fades":
        python = pine + 0.01 * np.sin(rows)
    elif defect == "grows":
        python = pine + np.where(rows < 150, 1e-3 * rows + 1e-3, 0)
    elif defect == "comes back":
        python[1_000] *= 1.01
    elif defect == "late":
        python = pine + np.where((rows >= 60) & (rows < 150), 0.1, 0)
    found = _compare(pine, python, warmup=warmup)
    assert _name(found) == ("python_implementation", "unknown")


SPARSE = Bars(list_continuous(), missing=0.3)
DAYS = Bars(list_continuous(1_000, minutes=1_440))

CLOCKS = {
    "1h of sparse ones": (SPARSE, "1h", 60, None, 0),
    "a week of days": (DAYS, "1w", 10_080, None, 4 * 1_440),
    "a month of days": (DAYS, "1mo", MONTH, None, 0),
    "45m of sessions": (SESSIONS, "45m", 45, NEW_YORK, 570),
    "30m": (BARS, "30m", 30, None, 0),
    "10m of cut ones": (CUT, "10m", 10, None, 0),
    "1h": (BARS, "1h", 60, None, 0),
    "4h": (BARS, "4h", 240, None, 0),
    "a day": (BARS, "1d", 1_440, None, 0),
    "4h of sessions": (SESSIONS, "4h", 240, NEW_YORK, 570),
    "1h of sessions": (SESSIONS, "1h", 60, NEW_YORK, 570),
    "a day of sessions": (SESSIONS, "1d", 1_440, NEW_YORK, 0),
    "a week of sessions": (SESSIONS, "1w", 10_080, NEW_YORK, 4 * 1_440),
    "4h of evenings": (EVENINGS, "4h", 240, NEW_YORK, 120),
    "a day of evenings": (EVENINGS, "1d", 1_440, NEW_YORK, 1_080),
    "a week of evenings": (EVENINGS, "1w", 10_080, NEW_YORK, 3 * 1_440 + 1_080),
}


@functools.cache
def _longer(clock: str, how: str, mode: str) -> np.ndarray:
    bars = CLOCKS[clock][0]
    values = {"sum": bars.volume, "high": bars.high}.get(how, bars.close)
    return resample(values, _numbers(clock), how, mode)


@functools.cache
def _numbers(clock: str) -> np.ndarray:
    bars, _, minutes, zone, phase = CLOCKS[clock]
    return number_by(bars.times, minutes, zone, phase)


@pytest.mark.parametrize(
    ("how", "mode", "cause"),
    [
        ("close", "last bar", "unknown"),
        ("close", "next", "unknown"),
        ("high", "next", "unknown"),
        ("sum", "last bar", "unknown"),
        ("close", "first bar", "repaint"),
        ("high", "first bar", "repaint"),
        ("sum", "first bar", "repaint"),
    ],
)
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_longer_interval_and_what_is_known_too_early_are_told(
    clock: str, how: str, mode: str, cause: str
) -> None:
    bars, interval = CLOCKS[clock][:2]
    values = {"sum": bars.volume, "high": bars.high}.get(how, bars.close)
    longer = _longer(clock, how, mode)
    found = _compare(values, longer, times=bars.times)
    assert _name(found) == ("timeframe_aggregation", cause)
    assert (found.coarser_interval, found.coarser_side) == (interval, "python")
    back = _compare(longer.round(1), values, times=bars.times, decimals=1)
    assert _name(back) == ("timeframe_aggregation", cause)
    assert (back.coarser_interval, back.coarser_side) == (interval, "pine")


@pytest.mark.parametrize("name", ["sma", "ema", "rsi", "macd", "atr", "supertrend", "sum", "flag"])
def test_an_indicator_of_a_longer_interval_is_told(name: str) -> None:
    values, modes = _plain(name), ("last bar", "next", "first bar")
    last, following, first = (resample(values, _numbers("1h"), "close", mode) for mode in modes)
    for longer, cause in ((last, "unknown"), (following, "unknown"), (first, "repaint")):
        found = _compare(values, longer)
        assert _name(found) == ("timeframe_aggregation", cause)
        assert (found.coarser_interval, found.coarser_side) == ("1h", "python")
    for late in (last, following):
        found = _compare(first, late)
        assert _name(found) == ("python_implementation", "repaint")
        assert (found.coarser_interval, found.coarser_side) == ("1h", "both")


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(
    ("mode", "cause"), [("first bar", "repaint"), ("last bar", "unknown"), ("next", "unknown")]
)
def test_values_with_gaps_between_longer_intervals_are_told(
    clock: str, mode: str, cause: str
) -> None:
    bars, interval = CLOCKS[clock][:2]
    turns = np.diff(_numbers(clock)) != 0
    has = np.append(turns, False) if mode == "last bar" else np.append(False, turns)
    gaps = np.where(has, _longer(clock, "close", mode), np.nan)
    assert _name(_compare(gaps, bars.close, times=bars.times)) == ("timeframe_aggregation", cause)
    filled = _compare(gaps, _longer(clock, "close", mode), times=bars.times)
    assert _name(filled) == ("timeframe_aggregation", "unknown")
    assert (filled.coarser_interval, filled.coarser_side) == (interval, "pine")


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("late", ["last bar", "next"])
@pytest.mark.parametrize("how", ["close", "high"])
def test_two_longer_series_one_interval_apart_repaint(clock: str, how: str, late: str) -> None:
    bars, interval = CLOCKS[clock][:2]
    pair = _longer(clock, how, "first bar"), _longer(clock, how, late)
    if (clock, late) == ("30m", "last bar"):
        assert _name(_compare(*pair)) == ("python_implementation", "offset")  # by one bar
        return
    for a, b in (pair, pair[::-1]):
        found = _compare(a, b, times=bars.times)
        assert _name(found) == ("python_implementation", "repaint")
        assert (found.coarser_interval, found.coarser_side) == (interval, "both")


@pytest.mark.parametrize("clock", ["1h", "4h", "a day", "4h of sessions", "a day of evenings"])
def test_two_longer_series_that_differ_otherwise_do_not_repaint(clock: str) -> None:
    times = CLOCKS[clock][0].times
    a, later = _longer(clock, "close", "last bar"), _longer(clock, "close", "next")
    found = _compare(a, later, times=times)
    assert (*_name(found), found.offset_bars) == ("python_implementation", "offset", 1)
    wrong = np.where(np.arange(len(a)) > 900, a + 1, a)
    assert _name(_compare(a, wrong, times=times)) == ("python_implementation", "unknown")
    spikes = a.copy()
    spikes[np.arange(301, len(a), 113)] += 1  # inside intervals, but of few of them
    if clock in {"1h", "4h"}:
        assert _name(_compare(a, spikes, times=times)) == ("python_implementation", "unknown")


def test_two_longer_intervals_are_told_by_the_longer() -> None:
    four, one = _longer("4h", "close", "next"), _longer("1h", "close", "next")
    for a, b, side in ((four, one, "pine"), (one, four, "python")):
        found = _compare(a, b)
        assert _name(found) == ("timeframe_aggregation", "unknown")
        assert (found.coarser_interval, found.coarser_side) == ("4h", side)


def test_a_longer_interval_within_the_tolerance_is_within_it() -> None:
    base = 100 + 1e-5 * np.arange(len(BARS.times))
    hourly = resample(base, _numbers("1h"), "close", "next")
    assert _name(_compare(base[4:], hourly[4:], times=BARS.times[4:])) == (
        "numeric_tolerance",
        "unknown",
    )


def test_two_grids_of_one_length_are_another_timeframe() -> None:
    exchange = resample(EVENINGS.close, _numbers("4h of evenings"), "close", "next")
    midnight = resample(EVENINGS.close, number_by(EVENINGS.times, 240), "close", "next")
    found = _compare(exchange, midnight, times=EVENINGS.times)
    assert _name(found) == ("timeframe_aggregation", "unknown")
    assert (found.coarser_interval, found.coarser_side) == ("4h", "both")


@pytest.mark.parametrize("name", ["hour flag", "day flag", "constant", "spike", "pivots", "event"])
@pytest.mark.parametrize("other", ["flag", "oversold", "close", "sum", "trend"])
def test_what_happens_at_round_times_is_no_longer_interval(name: str, other: str) -> None:
    for a, b in ((name, other), (other, name)):
        found = _compare(_plain(a), _plain(b))
        assert _name(found) == ("python_implementation", "unknown")
        assert found.coarser_interval is None


def test_noise_in_the_last_bits_is_no_change_inside() -> None:
    hourly = _longer("1h", "close", "next")
    noisy = hourly * (1 + 1e-14 * np.sin(np.arange(len(hourly))))
    noisy[2_000] += 1
    assert _name(_compare(hourly, noisy)) == ("python_implementation", "unknown")


MOVING = [
    *("sma", "ema", "rsi", "macd", "atr", "supertrend", "trend", "flag", "event", "oversold"),
    *("sum", "pivots", "last pivot", "close"),
]


@pytest.mark.parametrize("later", [1, -1, 7, -30])
@pytest.mark.parametrize("name", MOVING)
def test_a_series_that_is_moved_is_an_offset(name: str, later: int) -> None:
    pine = _plain(name)
    for decimals in (None, 3):
        printed = pine if decimals is None else pine.round(decimals)
        found = _compare(printed, lag(pine, later), decimals=decimals)
        assert (*_name(found), found.offset_bars) == ("python_implementation", "offset", later)


@pytest.mark.parametrize("name", ["sma", "rsi", "macd", "atr", "supertrend", "sum", "close"])
def test_a_small_error_everywhere_is_within_tolerance(name: str) -> None:
    pine = _plain(name)
    found = _compare(pine, pine * LOOSE_NOISE)
    assert _name(found) == ("numeric_tolerance", "unknown")
    once = pine * LOOSE_NOISE
    once[2_000] += 1
    assert _name(_compare(pine, once)) == ("python_implementation", "unknown")


def _defects(values: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    known = np.flatnonzero(~np.isnan(values))
    some = rng.choice(known[len(known) // 8 :], len(known) // 40 + 1, replace=False)
    rows = np.arange(len(values))
    middle = known[len(known) // 2]
    return {
        "a spike": np.where(rows == middle, values + 1, values),
        "spikes": np.where(np.isin(rows, some), values + 1, values),
        "a null": np.where(rows == middle, np.nan, values),
        "nulls": np.where(np.isin(rows, some), np.nan, values),
        "no end": np.where(rows >= middle, np.nan, values),
        "another last": np.where(rows >= known[-1], values + 1, values),
        "scale": 1.01 * values + 0.003,
        "sign": -values - 0.5,
        "noise": values + rng.normal(0, 0.1, len(values)),
        "inverse": 1.5 - values,
    }


@pytest.mark.parametrize(
    "name", [*MOVING, "constant", "spike", "late spike", "hour flag", "day flag"]
)
def test_other_values_are_nothing_but_another_implementation(name: str) -> None:
    values = _plain(name)
    for defect, wrong in _defects(values).items():
        for a, b in ((values, wrong), (wrong, values)):
            found = _compare(a, b)
            assert _name(found) == ("python_implementation", "unknown"), defect
            assert (found.offset_bars, found.coarser_interval) == (0, None), defect


def test_spikes_alone_are_no_offset() -> None:
    for name in ("spike", "late spike", "constant"):
        for other in ("spike", "late spike", "constant"):
            if name != other:
                found = _compare(_plain(name), _plain(other))
                assert (*_name(found), found.offset_bars) == ("python_implementation", "unknown", 0)


@pytest.mark.parametrize("begins", [0, 1, 40, 700])
def test_a_sum_that_began_elsewhere_differs_by_a_constant(begins: int) -> None:
    pine = _plain("sum")
    python = np.where(np.arange(len(pine)) < begins, np.nan, pine - pine[begins] - 250.0)
    found = _compare(pine, python)
    assert (*_name(found), found.offset_bars) == ("python_implementation", "unknown", 0)
    assert found.constant_difference == -pine[begins] - 250.0
    assert _compare(python, pine).constant_difference == pine[begins] + 250.0


def test_a_sum_with_one_other_bar_differs_by_a_constant_from_there_on() -> None:
    python = _plain("sum").copy()
    python[1_500:] -= 4_321
    assert _compare(_plain("sum"), python).constant_difference == -4_321
    python[3_000:] += 17
    assert _compare(_plain("sum"), python).constant_difference is None


@pytest.mark.parametrize("name", ["constant", "spike", "day flag"])
def test_what_stands_still_does_not_tell_a_constant(name: str) -> None:
    assert _compare(_plain(name), np.full(len(BARS.times), 7.0)).constant_difference is None
