"""A year of minutes through the engine, beside the classic one, and through the command."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.classic import run_classic
from benchmarks.rows import Row
from hewston.pipeline import market
from hewston.pipeline.engine import session
from hewston.pipeline.spec import Instrument, RunSpec
from hewston.pipeline.strategies import contract, sma_crossover

ENGINE_SECONDS = 1.0
CLASSIC_RATIO = 6.0
EXITS_RATIO = 3.0  # with twice the fills
COMMAND_SECONDS = 5.0
_REPEATS = 3
_PROJECT = Path(__file__).resolve().parent.parent


def measure() -> list[Row]:
    """Ingest the sample year into a data root of its own, and backtest it."""
    with tempfile.TemporaryDirectory() as folder:
        answer, seconds = run_command(folder, "ingest", "--sample")
        ingest = Row(
            name="make and ingest the sample year",
            target="-",
            measured=f"{seconds:.1f} s, {answer['rows']:,} bars",
            met=True,
        )
        bars = pl.read_parquet(str(answer["bars_path"]))
        return [ingest, *_engine_rows(bars), _command_row(folder, str(answer["dataset_id"]))]


def _engine_rows(bars: pl.DataFrame) -> list[Row]:
    spec = RunSpec(
        bars_sha256="0" * 64,
        instrument=Instrument(),
        calendar="XNYS",
        tz="America/New_York",
        symbol="BENCH",
        strategy_id="sma_crossover",
        strategy_sha256="0" * 64,
        params={"fast": 20, "slow": 50},
    )
    window = market.select_window(bars, spec)
    signals = contract.compute_signals(sma_crossover, window.frame, params=spec.params, context={})
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        result = session.run_engine(bars=window.bars, targets=signals, spec=spec)
        seconds.append(time.perf_counter() - start)
    ours = statistics.median(seconds)
    bracketed = signals.with_columns(
        stop_pct=pl.lit(0.002), target_pct=pl.lit(0.004), in_entry_bar=pl.lit(value=False)
    )
    start = time.perf_counter()
    stopped = session.run_engine(bars=window.bars, targets=bracketed, spec=spec)
    with_exits = time.perf_counter() - start
    peer = run_classic(window.bars, result.orders, spec)
    fills = result.executions.select(pl.col("side").cast(pl.String), "qty", "price").rows()
    same = [fill[1:4] for fill in peer.fills] == fills
    ratio = peer.seconds / ours
    size = f"{window.bars.height:,} bars, {len(fills):,} fills"
    return [
        Row(
            name=f"engine run, SMA 20/50, {size}",
            target=f"<= {ENGINE_SECONDS} s",
            measured=f"{ours:.2f} s",
            met=ours <= ENGINE_SECONDS,
        ),
        Row(
            name=f"the same with a stop and a target, {stopped.executions.height:,} fills",
            target=f"<= {EXITS_RATIO:g}x",
            measured=f"{with_exits / ours:.1f}x",
            met=with_exits <= EXITS_RATIO * ours,
        ),
        Row(
            name="against the classic engine, same orders",
            target=f">= {CLASSIC_RATIO:g}x, same fills",
            measured=f"{ratio:.1f}x, {'same' if same else 'OTHER'} fills",
            peer=f"classic: {peer.seconds:.2f} s",
            met=ratio >= CLASSIC_RATIO and same,
        ),
    ]


def _command_row(root: str, dataset_id: str) -> Row:
    seconds = [
        run_command(
            root, "backtest", dataset_id, "--strategy", "sma_crossover", "--seed", str(seed)
        )[1]
        for seed in range(_REPEATS)
    ]
    taken = statistics.median(seconds)
    return Row(
        name="manage.py backtest on that year, whole process",
        target=f"<= {COMMAND_SECONDS:g} s",
        measured=f"{taken:.1f} s",
        met=taken <= COMMAND_SECONDS,
    )


def run_command(root: str, *words: str) -> tuple[dict[str, object], float]:
    """Give the JSON answer of a command on a data root of its own, and the seconds it took."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(_PROJECT / "manage.py"), *words, "--json"],
        env={**os.environ, "HEWSTON_DATA_ROOT": root},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout), time.perf_counter() - start
