"""The check of a strategy on a year of minutes, with every run of it in the sandbox."""

import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.rows import Row
from benchmarks.runs import run_command
from hewston.pipeline.checks.asking import answer_by
from hewston.pipeline.checks.check import check_strategy
from hewston.pipeline.sandbox.kinds import FRAME
from hewston.pipeline.sandbox.strategy import SandboxedStrategy
from hewston.pipeline.sandbox.zygotes import Zygote
from hewston.pipeline.strategies import sma_crossover

CHECK_SECONDS = 30.0


def measure() -> list[Row]:
    """Ingest the sample year into a data root of its own, and check a strategy on it."""
    with tempfile.TemporaryDirectory() as folder:
        answer, _ = run_command(folder, "ingest", "--sample")
        bars = pl.read_parquet(str(answer["bars_path"])).filter(pl.col("session") == "regular")
    source = Path(sma_crossover.__file__).read_bytes()
    with Zygote(FRAME) as zygote:
        inside = SandboxedStrategy(source, zygote.client())
        strategy = answer_by(inside, params={}, context={})
        start, cpu = time.perf_counter(), time.process_time()
        result = check_strategy(strategy, bars)
        seconds, here = time.perf_counter() - start, time.process_time() - cpu
    return [
        Row(
            name=f"look-ahead and warm-up, SMA 20/50, {bars.height:,} bars",
            target=f"<= {CHECK_SECONDS:g} s",
            measured=f"{seconds:.1f} s, {result['runs']} runs, {here:.1f} s of CPU here",
            met=seconds <= CHECK_SECONDS and result["verdict"] == "clean",
        )
    ]
