"""Strategies as people write them for TradingView, against the contract in plain Python."""

from collections.abc import Callable
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hewston.pipeline.engine import session
from hewston.pipeline.spec import FillClock
from hewston.pipeline.strategies import contract, indicators
from tests.pipeline.frames import make_spec
from tests.pipeline.plain import Bar, follow
from tests.pipeline.test_exits import TICK, bars_of, fills_of

COUNT = 1500
T = pd.DataFrame


def walk(seed: int) -> list[Bar]:
    """A walk of whole ticks with gaps, long runs and quiet stretches."""
    dice = np.random.default_rng(seed)
    ticks, price = [], 10_000
    for row in range(COUNT):
        calm = 4 + 12 * (row // 500 % 2)
        opened = price + int(dice.integers(-1, 2)) * (1 + 20 * (dice.random() < 0.02))
        up, down = dice.integers(0, calm, 2)
        price = opened + int(dice.integers(-down, up + 1))
        ticks.append((opened, opened + int(up), opened - int(down), price))
    return ticks


def cross(frame: T, fast: int = 9, slow: int = 21) -> tuple["pd.Series[bool]", "pd.Series[bool]"]:
    a, b = indicators.ema(frame["close"], fast), indicators.ema(frame["close"], slow)
    return indicators.crosses_over(a, b), indicators.crosses_under(a, b)


def long_with_percent_bracket(frame: T) -> dict[str, Any]:
    over, under = cross(frame)
    return {
        "long_condition": over,
        "exit_long": under,
        "stop_pct": 0.004,
        "target_pct": 0.006,
    }


def pulse_held_by_its_bracket(frame: T) -> dict[str, Any]:
    over, _ = cross(frame)
    return {"long_condition": over, "exit_long": False, "stop_pct": 0.003, "target_pct": 0.003}


def reversal_with_bracket(frame: T) -> dict[str, Any]:
    over, under = cross(frame)
    return {
        "long_condition": over,
        "short_condition": under,
        "stop_pct": 0.005,
        "target_pct": 0.01,
    }


def reversal_with_atr_bracket(frame: T) -> dict[str, Any]:
    over, under = cross(frame)
    width = indicators.atr(frame, 14)
    return {
        "long_condition": over,
        "short_condition": under,
        "stop_offset": 1.5 * width,
        "target_offset": 3 * width,
    }


def trailing_stop_below_the_highest_close(frame: T) -> dict[str, Any]:
    over, under = cross(frame)
    return {
        "long_condition": over,
        "exit_long": under,
        "stop_loss": frame["close"].rolling(10, min_periods=1).max() - 0.25,
    }


def chandelier_on_both_sides(frame: T) -> dict[str, Any]:
    over, under = cross(frame, 5, 30)
    side = pd.Series(np.where(over, 1.0, np.where(under, -1.0, np.nan)), index=frame.index)
    side = side.ffill().fillna(0)
    width = 3 * indicators.atr(frame, 22)
    stop = (frame["high"].rolling(22).max() - width).where(side > 0)
    return {
        "position": side,
        "stop_loss": stop.fillna((frame["low"].rolling(22).min() + width).where(side < 0)),
    }


def time_exit(frame: T) -> dict[str, Any]:
    minute = np.arange(len(frame)) % 60
    return {"long_condition": minute == 5, "exit_long": minute == 40, "stop_pct": 0.002}


def moving_target(frame: T) -> dict[str, Any]:
    middle = indicators.sma(frame["close"], 20)
    width = 2 * indicators.deviation(frame["close"], 20)
    return {
        "long_condition": frame["close"] < middle - width,
        "exit_long": False,
        "take_profit": middle,
        "stop_pct": 0.004,
    }


def break_of_yesterdays_range(frame: T) -> dict[str, Any]:
    day = np.arange(len(frame)) // 390
    groups = frame.groupby(day)
    high = groups["high"].max().shift(1).reindex(day).to_numpy()
    low = groups["low"].min().shift(1).reindex(day).to_numpy()
    return {
        "long_condition": frame["close"].to_numpy() > high,
        "exit_long": np.arange(len(frame)) % 390 == 388,
        "short_condition": frame["close"].to_numpy() < low,
        "exit_short": np.arange(len(frame)) % 390 == 388,
        "stop_loss": (high + low) / 2,
    }


def scaling_in(frame: T) -> dict[str, Any]:
    index = indicators.rsi(frame["close"], 14)
    size = np.select([index < 25, index < 35, index > 55], [2.0, 1.0, 0.0], np.nan)
    return {"position": size, "stop_pct": 0.005}


def level_alone(frame: T) -> dict[str, Any]:
    return {
        "short_condition": frame["close"] < indicators.sma(frame["close"], 50),
        "target_pct": 0.004,
    }


def tight_scalp(frame: T) -> dict[str, Any]:
    up = frame["close"] > frame["close"].shift(1)
    return {
        "long_condition": up,
        "exit_long": False,
        "short_condition": ~up & (frame["close"] < frame["close"].shift(1)),
        "exit_short": False,
        "stop_offset": 0.05,
        "target_offset": 0.05,
    }


PORTS: dict[str, Callable[[T], dict[str, Any]]] = {
    function.__name__: function
    for function in (
        long_with_percent_bracket,
        pulse_held_by_its_bracket,
        reversal_with_bracket,
        reversal_with_atr_bracket,
        trailing_stop_below_the_highest_close,
        chandelier_on_both_sides,
        time_exit,
        moving_target,
        break_of_yesterdays_range,
        scaling_in,
        level_alone,
        tight_scalp,
    )
}


def in_ticks(name: str, column: "pd.Series[Any]") -> list[Any]:
    """Columns as the plain follower reads them: exact ticks, None where nothing is said."""
    if name.endswith(("_condition", "_long", "_short")):
        return [bool(value) for value in column]
    is_price = name in {"stop_loss", "take_profit", "stop_offset", "target_offset"}
    values = column.astype(float) / (TICK if is_price else 1)
    # A tick that a float misses by a hair is that tick, as the contract has it.
    near = values.round().where((values - values.round()).abs() < 1e-7, values)
    exact = [None if np.isnan(value) else Fraction(value) for value in near]
    if name.endswith("_pct"):  # 0.005 is meant as five thousandths
        return [None if value is None else value.limit_denominator(10**6) for value in exact]
    return exact


@pytest.mark.parametrize("bracket_from", ["next_bar", "entry_bar"])
@pytest.mark.parametrize("clock", ["close", "next_open"])
@pytest.mark.parametrize("name", PORTS)
def test_a_port_trades_as_the_contract_says(name: str, clock: FillClock, bracket_from: str) -> None:
    ticks = walk(len(name))
    bars = bars_of(ticks)
    answers: list[T] = []

    def run_strategy(frame: T) -> T:
        answers.append(frame[[]].assign(**PORTS[name](frame)))
        return answers[0]

    strategy = SimpleNamespace(run_strategy=run_strategy, OPTIONS={"bracket_from": bracket_from})
    signals = contract.compute_signals(cast("ModuleType", strategy), bars, params={}, context={})
    result = session.run_engine(
        bars=bars, targets=signals, spec=make_spec(params={}, fill_clock=clock)
    )
    columns = {str(column): in_ticks(str(column), answers[0][column]) for column in answers[0]}
    expected = follow(ticks, columns, clock=clock, bracket_from=bracket_from)
    assert fills_of(result) == [
        (fill.bar, fill.change, round(fill.price * TICK, 2), fill.kind) for fill in expected
    ]
    kinds = {fill.kind for fill in expected}
    assert {"market"} < kinds
    assert isinstance(result.targets, pl.Series)
