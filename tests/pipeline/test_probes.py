"""What TradingView traded on real bars, by built-in strategies: each entry and exit of it.

Ports of all seven that it ran are played by tests/parity/test_board_commands.py.
"""

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from hewston.pipeline import backtest
from hewston.pipeline.spec import Instrument
from hewston.pipeline.strategies import donchian_breakout, macd, sma_crossover
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


PROBES: dict[str, tuple[ModuleType, dict[str, object], int]] = {
    "ta-sma-dual-cross-01": (sma_crossover, {"fast": 9, "slow": 21}, 2150),
    "ta-macd-12-26-9-line-signal-cross-01": (macd, {}, 3022),
    "ta-donchian-channel-breakout-01": (donchian_breakout, {"sides": "both"}, 1002),
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
