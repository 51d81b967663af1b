"""A board of 169 strategies on 54,000 bars, as `manage.py parity batch` plays it."""

import importlib.util
import shutil
import tempfile
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl

from benchmarks.rows import Row
from benchmarks.runs import run_command
from hewston.pipeline import backtest
from hewston.pipeline.spec import Instrument, RunSpec, SlippageFees

PAIRS, BARS, BOARD_SECONDS = 169, 54_000, 300.0
_PORTS = Path(__file__).parents[1] / "tests" / "pipeline" / "parity" / "ports"
_STEP_MS = 15 * 60_000
_FIRST_MS = 1_729_371_600_000  # 2024-10-19 21:00 UTC


def measure() -> list[Row]:
    """Make bars, ports and lists, and play the board in a data root of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root, pairs = Path(folder) / "root", Path(folder) / "pairs"
        root.mkdir()
        pairs.mkdir()
        table = _write_bars(Path(folder) / "ETH.csv")
        options = ("--stamp", "open", "--calendar", "24/7", "--tick", "0.01")
        answer, _ = run_command(str(root), "ingest", "--csv", str(table), *options)
        trades = _write_pairs(pairs, Path(str(answer["bars_path"])))
        start = time.perf_counter()
        board, _ = run_command(
            *(str(root), "parity", "batch", "--dataset", str(answer["dataset_id"])),
            *("--folder", str(pairs), "--zone", "UTC"),
        )
        seconds = time.perf_counter() - start
    return [
        Row(
            name=f"a board of {PAIRS} strategies on {BARS:,} bars, {trades:,} trades",
            target=f"<= {BOARD_SECONDS:g} s",
            measured=f"{seconds:.1f} s",
            met=seconds <= BOARD_SECONDS and board["matched"] == board["trades"] == trades,
        )
    ]


def _write_bars(path: Path) -> Path:
    """Write a walk of cents, the same every time."""
    dice = np.random.default_rng(7)
    close = 2000 + np.cumsum(dice.integers(-500, 501, BARS)) / 100
    close = np.round(np.maximum(close, 100), 2)
    opened = np.concatenate(([2000.0], close[:-1]))
    wick = dice.integers(0, 300, (2, BARS)) / 100
    frame = pl.DataFrame(
        {
            "timestamp": _FIRST_MS + _STEP_MS * np.arange(BARS),
            "open": opened,
            "high": np.round(np.maximum(opened, close) + wick[0], 2),
            "low": np.round(np.minimum(opened, close) - wick[1], 2),
            "close": close,
            "volume": 1000.0,
        }
    )
    frame.write_csv(path)
    return path


def _write_pairs(folder: Path, bars_path: Path) -> int:
    """Write each port many times beside the list that it makes; returns how many trades."""
    bars, written = pl.read_parquet(bars_path), 0
    ports = sorted(path for path in _PORTS.glob("*.py") if path.name != "__init__.py")
    lists = {port: _trade(port, bars) for port in ports}
    for number in range(PAIRS):
        port = ports[number % len(ports)]
        name = f"{port.stem}-{number}"
        shutil.copyfile(port, folder / f"{name}.py")
        lists[port].write_csv(folder / f"{name}.csv")
        written += lists[port].height // 2
    return written


def _trade(port: Path, bars: pl.DataFrame) -> pl.DataFrame:
    """Give the trades of a port as TradingView lists them."""
    spec = RunSpec(
        bars_sha256="0" * 64,
        instrument=Instrument(asset_class="crypto", lot=1e-8),
        interval="15m",
        calendar="24/7",
        tz="UTC",
        symbol="ETH",
        strategy_id="port",
        strategy_sha256="0" * 64,
        params={},
        session="all",
        starting_cash=1e8,
        slippage_fees=SlippageFees(k_spread=0, fees_bps=0),
    )
    prepared = backtest.prepare(bars, spec)
    trades = backtest.follow(prepared, spec, _load(port)).trades.sort("entry_ts")
    ends = [
        trades.select(
            pl.col("trade_id").alias("Trade number"),
            pl.concat_str(
                pl.lit(f"{word} "), pl.col("side").cast(pl.String).str.to_lowercase()
            ).alias("Type"),
            pl.col(f"{end}_ts")
            .fill_null(bars["ts_open"][-1])
            .dt.strftime("%Y-%m-%d %H:%M")
            .alias("Date and time"),
            pl.when(pl.lit(end == "exit") & pl.col("exit_ts").is_null())
            .then(pl.lit("Open"))
            .otherwise(pl.lit("signal"))
            .alias("Signal"),
            pl.col(f"{end}_price").fill_null(bars["close"][-1]).alias("Price USD"),
            pl.col("qty").alias("Size (qty)"),
            pl.col("entry_price").alias("Size (value)"),
            pl.col("net_pnl").round(2).alias("Net PnL USD"),
            *(
                pl.lit(0.0).alias(name)
                for name in (
                    *("Net PnL %", "Favorable excursion USD", "Favorable excursion %"),
                    *("Adverse excursion USD", "Adverse excursion %"),
                    *("Cumulative PnL USD", "Cumulative PnL %"),
                )
            ),
        )
        for word, end in (("Exit", "exit"), ("Entry", "entry"))
    ]
    return pl.concat(ends).sort("Trade number", maintain_order=True)


def _load(port: Path) -> ModuleType:
    found = importlib.util.spec_from_file_location(port.stem, port)
    if found is None or found.loader is None:
        raise RuntimeError(f"{port} cannot be loaded.")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
