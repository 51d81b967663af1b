"""Strategies of tests run in this process: bars in, the columns of their answer out."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from hewston.pipeline.checks.answers import Answer
from hewston.pipeline.checks.asking import answer_by
from tests.pipeline.frames import START, make_bars

type Function = Callable[[pd.DataFrame], pd.DataFrame]

CONTEXT: dict[str, Any] = {
    "symbol": "TEST",
    "interval": "1m",
    "calendar": "XNYS",
    "tz": "America/New_York",
    "trade_from": pd.Timestamp(START),
}
MINUTES = 390


def days_of_minutes(days: int, *, seed: int = 3) -> pl.DataFrame:
    """Sessions of minutes from 09:30 New York that walk around 100; a tenth has no quotes."""
    rng = np.random.default_rng(seed)
    count = days * MINUTES
    closes = np.round(100 + np.cumsum(rng.normal(0, 0.05, count)), 2)
    opens = np.round(np.concatenate(([100], closes[:-1])) + rng.integers(-1, 2, count) / 100, 2)
    bars = make_bars(
        opens.tolist(),
        closes.tolist(),
        spreads=np.where(rng.random(count) < 0.1, np.nan, 0.02).tolist(),
        minutes=[row % MINUTES + 1440 * (row // MINUTES) for row in range(count)],
    )
    volume = pl.Series(rng.integers(50, 500, count), dtype=pl.Float64)
    return bars.with_columns(
        high=pl.col("high") + 0.02,
        low=pl.col("low") - 0.02,
        volume=volume,
        spread_mean=pl.col("spread_mean").fill_nan(None),
    )


def answer_with(strategy: Function | ModuleType) -> Answer:
    """Run a function of a pandas frame, or a whole strategy with its defaults."""
    if not isinstance(strategy, ModuleType):
        module = ModuleType("strategy")
        module.__dict__["run_strategy"] = strategy
        strategy = module
    return answer_by(strategy, params={}, context=CONTEXT)
