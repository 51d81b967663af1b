"""What TradingView traded on real bars: every entry and exit at its time, side and price."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hewston.pipeline import backtest
from hewston.pipeline.spec import Instrument
from hewston.pipeline.strategies import donchian_breakout, indicators, macd, sma_crossover
from tests.pipeline.frames import START, make_bars, make_spec


@pytest.fixture(scope="session")
def bars(real_data: Path) -> pl.DataFrame:
    raw = pl.read_csv(real_data / "tradingview" / "ohlcv_ETH-USDT-USDT_15m_warmup6m.csv")
    start = int(START.timestamp()) * 1000
    bars = make_bars(
        raw["open"].to_list(),
        raw["close"].to_list(),
        minutes=[(ms - start) // 60_000 for ms in raw["timestamp"]],
    )
    return bars.with_columns(high=raw["high"], low=raw["low"], volume=raw["volume"])


def cross_rsi(frame: pd.DataFrame) -> pd.DataFrame:
    index = indicators.rsi(frame["close"], 14)
    return frame[[]].assign(
        long_condition=indicators.crosses_over(index, 50),
        short_condition=indicators.crosses_under(index, 50),
    )


def revert_bands(frame: pd.DataFrame) -> pd.DataFrame:
    close = frame["close"]
    middle, width = indicators.sma(close, 20), 2 * indicators.deviation(close, 20)
    index = indicators.rsi(close, 14)
    return frame[[]].assign(
        long_condition=(close < middle - width) & (index < 30),
        exit_long=close > middle,
        short_condition=(close > middle + width) & (index > 70),
        exit_short=close < middle,
    )


def flip_supertrend(frame: pd.DataFrame) -> pd.DataFrame:
    middle = ((frame["high"] + frame["low"]) / 2).to_list()
    width, close = (3 * indicators.atr(frame, 10)).to_list(), frame["close"].to_list()
    rising, lower, upper, line = False, 0.0, 0.0, np.nan
    states = []
    for row, half in enumerate(width):
        low, high = middle[row] - half, middle[row] + half
        before = close[row - 1] if row else np.nan
        new_lower = low if low > lower or before < lower else lower
        new_upper = high if high < upper or before > upper else upper
        if row == 0 or np.isnan(width[row - 1]):
            rising = False
        elif line == upper:
            rising = close[row] > new_upper
        else:
            rising = close[row] >= new_lower
        lower, upper = (0.0, 0.0) if np.isnan(half) else (new_lower, new_upper)
        line = lower if rising else upper
        states.append(rising)
    rises = pd.Series(states, index=frame.index)
    before = rises.shift(1, fill_value=False)
    return frame[[]].assign(long_condition=rises & ~before, short_condition=~rises & before)


def bracket(frame: pd.DataFrame) -> pd.DataFrame:
    hour, minute = frame.index.hour, frame.index.minute  # type: ignore[attr-defined]  # times
    return frame[[]].assign(
        long_condition=(hour == 0) & (minute == 15),
        exit_long=(hour == 6) & (minute == 15),
        stop_pct=0.004,
        target_pct=0.004,
    )


def module_of(function: Callable[[pd.DataFrame], pd.DataFrame]) -> ModuleType:
    return cast("ModuleType", SimpleNamespace(run_strategy=function))


PROBES: dict[str, tuple[ModuleType, dict[str, object], int]] = {
    "ta-sma-dual-cross-01": (sma_crossover, {"fast": 9, "slow": 21}, 2150),
    "ta-rsi14-cross-50-01": (module_of(cross_rsi), {}, 4690),
    "ta-macd-12-26-9-line-signal-cross-01": (macd, {}, 3022),
    "ta-donchian-channel-breakout-01": (donchian_breakout, {"sides": "both"}, 1002),
    "ta-supertrend-direction-flip-01": (module_of(flip_supertrend), {}, 819),
    "ta-bb-rsi-mean-reversion-01": (module_of(revert_bands), {}, 495),
    "bracket-exit-tp-sl-fixed-01": (module_of(bracket), {}, 366),
}


def read_trades(path: Path, kind: str) -> pl.DataFrame:
    """Times, sides and prices of the entries or exits of a list of trades.

    The exit of a position that is still open is only its value at the end.
    """
    listed = pl.read_csv(path).filter(
        pl.col("Type").str.starts_with(kind), pl.col("Signal") != "Open"
    )
    return listed.select(
        ts=pl.col("Date and time")
        .str.to_datetime("%Y-%m-%d %H:%M")
        .dt.replace_time_zone("Asia/Taipei")
        .dt.convert_time_zone("UTC")
        .dt.cast_time_unit("ns"),
        side=pl.col("Type").str.split(" ").list.get(1).str.to_uppercase(),
        price=pl.col("Price USDT").cast(pl.Float64),
    )


@pytest.mark.parametrize("name", PROBES)
def test_every_entry_and_exit_is_tradingviews(
    name: str, bars: pl.DataFrame, real_data: Path
) -> None:
    strategy, params, count = PROBES[name]
    spec = make_spec(
        instrument=Instrument(asset_class="crypto", currency="USDT", lot=1e-8),
        interval="15m",
        calendar="24/7",
        tz="UTC",
        params=params,
        starting_cash=1e8,
    )
    frames, _ = backtest.trade(bars, spec, strategy=strategy)
    trades = frames["trades"].with_columns(pl.col("side").cast(pl.String))
    path = real_data / "tradingview" / "probes" / name / "tv_trades.csv"
    for kind, end in (("Entry", "entry"), ("Exit", "exit")):
        theirs = read_trades(path, kind)
        ours = trades.select(ts=f"{end}_ts", side="side", price=f"{end}_price")
        # Ours go on where their list ends.
        until = theirs["ts"].max()
        ours = ours.filter(pl.col("ts").is_between(theirs["ts"].min(), until))
        assert ours.sort("ts").rows() == theirs.sort("ts").rows()
        assert len(theirs) >= count - 1
