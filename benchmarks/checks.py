"""The look-ahead check of a year of minutes, with every run that it takes."""

import tempfile
import time

import polars as pl

from benchmarks.rows import Row
from benchmarks.runs import run_command
from hewston.pipeline.checks.asking import answer_by
from hewston.pipeline.checks.check import check_strategy
from hewston.pipeline.strategies import sma_crossover

CHECK_SECONDS = 30.0


def measure() -> list[Row]:
    """Ingest the sample year into a data root of its own, and check a strategy on it."""
    with tempfile.TemporaryDirectory() as folder:
        answer, _ = run_command(folder, "ingest", "--sample")
        bars = pl.read_parquet(str(answer["bars_path"]))
    strategy = answer_by(sma_crossover, params={}, context={})
    start, cpu = time.perf_counter(), time.process_time()
    result = check_strategy(strategy, bars)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    return [
        Row(
            name=f"look-ahead and warm-up, SMA 20/50, {bars.height:,} bars",
            target=f"<= {CHECK_SECONDS:g} s",
            measured=f"{seconds:.1f} s, {cpu_seconds:.1f} s of CPU, {result['runs']} runs",
            met=seconds <= CHECK_SECONDS and result["verdict"] == "clean",
        )
    ]
