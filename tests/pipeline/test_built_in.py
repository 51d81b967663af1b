"""The built-in strategies: what they trade, and what they draw."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from hewston.pipeline import backtest, schemas
from hewston.pipeline.fields import read_fields
from hewston.pipeline.strategies.catalogue import BUILT_IN
from tests.pipeline.frames import make_bars, make_spec

DAYS, MINUTES = 4, 390


def session_bars(seed: int = 3) -> pl.DataFrame:
    """Four sessions of minutes that swing widely around 100."""
    rng = np.random.default_rng(seed)
    count = DAYS * MINUTES
    wave = 3 * np.sin(np.arange(count) / 40) + np.cumsum(rng.normal(0, 0.05, count))
    closes = np.round(100 + wave, 2)
    opens = np.round(np.concatenate(([100], closes[:-1])), 2)
    bars = make_bars(
        opens.tolist(),
        closes.tolist(),
        minutes=[row % MINUTES + 1440 * (row // MINUTES) for row in range(count)],
    )
    volume = pl.Series(rng.integers(50, 500, count), dtype=pl.Float64)
    return bars.with_columns(high=pl.col("high") + 0.02, low=pl.col("low") - 0.02, volume=volume)


def trade(name: str, **params: object) -> dict[str, pl.DataFrame]:
    values: dict[str, Any] = read_fields(BUILT_IN[name].PARAMS, params, of="parameter")
    spec = make_spec(strategy_id=name, params=values)
    return backtest.trade(session_bars(), spec)[0]


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"buy_and_hold"}))
def test_a_built_in_strategy_trades_both_sides_and_draws_its_indicators(name: str) -> None:
    frames = trade(name)
    sides = set(frames["trades"]["side"].cast(pl.String))
    assert sides == {"LONG", "SHORT"}
    known = {*schemas.SIGNALS, *schemas.CONDITIONS, *schemas.EXITS}
    drawn = [column for column in frames["signals"].columns if column not in known]
    assert drawn
    assert all(frames["signals"][column].null_count() < DAYS * MINUTES for column in drawn)


@pytest.mark.parametrize("name", [n for n in sorted(BUILT_IN) if "sides" in BUILT_IN[n].PARAMS])
@pytest.mark.parametrize("side", ["long", "short"])
def test_a_strategy_may_be_kept_to_one_side(name: str, side: str) -> None:
    trades = trade(name, sides=side)["trades"]
    assert set(trades["side"].cast(pl.String)) == {side.upper()}


@pytest.mark.parametrize("name", ["opening_range_breakout", "vwap_reversion"])
def test_a_strategy_of_the_day_is_flat_by_its_close(name: str) -> None:
    frames = trade(name, exit_minutes=10)
    times = frames["equity"].with_columns(
        pl.col("ts_open").dt.convert_time_zone("America/New_York").dt.time().alias("time")
    )
    late = times.filter(pl.col("time") >= dt.time(15, 50))
    assert len(late) == 10 * DAYS
    assert (late["position"] == 0).all()
    assert (times["position"] != 0).any()


def test_an_opening_range_is_not_traded_before_it_is_whole() -> None:
    frames = trade("opening_range_breakout", range_minutes=60)
    local = frames["fills"]["ts"].dt.convert_time_zone("America/New_York").dt.time()
    assert local.min() > dt.time(10, 30)  # type: ignore[operator]  # there are fills
    signals = frames["signals"]
    assert signals["upper"][:60].null_count() == 60
    assert signals["upper"][60] == session_bars()["high"][:60].max()
    assert signals["stop_loss"][60] == (signals["upper"][60] + signals["lower"][60]) / 2


def test_a_reversion_enters_beyond_its_level_and_leaves_behind_the_other() -> None:
    frames = trade("rsi_reversion", length=14, oversold=25, exit=55, overbought=80)
    signals = frames["signals"]
    opened = frames["trades"].filter(pl.col("side") == "LONG")
    assert len(opened) > 2
    for trade_ in opened.drop_nulls("exit_bar").iter_rows(named=True):
        assert signals["rsi"][trade_["entry_bar"] - 1] < 25
        assert signals["rsi"][trade_["exit_bar"] - 1] > 55
