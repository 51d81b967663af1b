"""Trades of whole runs, with stops and limits inside bars, against exact fractions."""

import types
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hewston.pipeline import backtest
from hewston.pipeline.spec import FillClock, Instrument, SlippageFees
from tests.pipeline.frames import make_bars, make_spec
from tests.pipeline.slow_trades import Row, slow_round_trips

COSTS = SlippageFees(k_spread=0.5, slippage_ticks=1, fees_bps=2, fee_per_unit=0.01)
EQUITY = Instrument()
FRACTIONS = Instrument(asset_class="crypto", lot=0.001, multiplier=1.0, price_precision=6)
FUTURE = Instrument(asset_class="future", multiplier=50.0)


def wide_bars(count: int, seed: int) -> pl.DataFrame:
    """A random walk with gaps between bars and an extreme of its own on either side of each."""
    source = np.random.default_rng(seed)
    moves = source.integers(-40, 41, size=(2, count))
    closes = 10_000 + np.cumsum(moves.sum(axis=0))
    opens = closes - moves[1]
    bars = make_bars((opens / 100).tolist(), (closes / 100).tolist(), spreads=0.02)
    wicks = source.integers(0, 30, size=(2, count)) / 100
    return bars.with_columns(
        high=(pl.col("high") + wicks[0]).round(2), low=(pl.col("low") - wicks[1]).round(2)
    )


def trading(seed: int, bracket_from: str) -> Any:
    """A strategy that reverses, scales in and out and leaves at stops and targets."""

    def run_strategy(frame: pd.DataFrame) -> pd.DataFrame:
        source = np.random.default_rng(seed)
        changes = source.random(len(frame)) < 0.3
        targets = np.where(changes, source.integers(-3, 4, len(frame)), np.nan)
        return pd.DataFrame(
            {"position": targets, "stop_pct": 0.004, "target_pct": 0.006}, index=frame.index
        )

    module: Any = types.ModuleType("trading")
    module.run_strategy = run_strategy
    module.OPTIONS = {"bracket_from": bracket_from}
    return module


def account_of(
    fills: pl.DataFrame, bars: pl.DataFrame, *, clock: FillClock, instrument: Instrument
) -> Row:
    """Tell a run as the slow reference wants it."""
    at = {"close": "close", "next_open": "open"}[clock]
    return {
        "bars": list(bars.select("open", "high", "low", "close").iter_rows()),
        "lot": instrument.lot,
        "multiplier": instrument.multiplier,
        "rows": [
            row | {"at": "inside" if row["intrabar"] else at} for row in fills.iter_rows(named=True)
        ],
    }


@pytest.mark.parametrize("clock", ["close", "next_open"])
@pytest.mark.parametrize("bracket_from", ["next_bar", "entry_bar"])
@pytest.mark.parametrize(
    ("instrument", "size"), [(EQUITY, 10.0), (FRACTIONS, 0.123), (FUTURE, 1.0)]
)
def test_trades_of_a_run_equal_exact_fractions(
    clock: FillClock, bracket_from: str, instrument: Instrument, size: float
) -> None:
    bars = wide_bars(400, seed=7)
    spec = make_spec(
        fill_clock=clock,
        instrument=instrument,
        size=size,
        starting_cash=1e6,
        slippage_fees=COSTS,
    )
    frames, _ = backtest.trade(bars, spec, strategy=trading(3, bracket_from))
    fills, trades = frames["fills"], frames["trades"].rows(named=True)
    expected = slow_round_trips(account_of(fills, bars, clock=clock, instrument=instrument))
    assert fills["intrabar"].sum() > 20  # it did leave inside bars
    assert len(trades) == len(expected) > 60
    for trade, wanted in zip(trades, expected, strict=True):
        for name, value in wanted.items():
            if value is None:
                assert trade[name] is None
            else:
                assert trade[name] == pytest.approx(float(value), rel=1e-11, abs=1e-9)
