"""A finished run as a side of a comparison."""

from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline import artifacts
from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.compare import compare_sides
from hewston.pipeline.parity.sources import RunSource, read_side
from hewston.pipeline.schemas import BARS
from tests.pipeline.golden import run_golden


@pytest.mark.parametrize("clock", ["close", "next_open"])
def test_a_run_is_a_side_whose_trades_are_where_its_bars_begin(tmp_path: Path, clock: str) -> None:
    run, bars_file = tmp_path / "run", tmp_path / "bars.parquet"
    run.mkdir()
    run_golden(clock, run)
    signals = artifacts.read_frame(run, "signals")
    bars = pl.DataFrame({"ts_open": signals["ts_open"]}).with_columns(
        pl.lit(1.0 if kind == pl.Float64 else None).cast(kind).alias(name)
        for name, kind in BARS.items()
        if name != "ts_open"
    )
    bars.write_parquet(bars_file)
    side = read_side((RunSource(folder=run, bars_file=bars_file),), name="Python")
    assert side.fill_clock == clock
    assert side.trades is not None
    assert side.trades.height == artifacts.read_frame(run, "trades").height > 0
    assert side.trades["entry_ts"].is_in(signals["ts_open"].to_list()).all()
    assert side.series is not None
    assert "target" not in side.series.columns
    found = compare_sides(side, side)
    assert (found.verdict, found.findings) == ("aligned", ())
    assert found.trades is not None
    assert found.trades.count("matched") == side.trades.height
    bars.head(-1).write_parquet(bars_file)
    with pytest.raises(InputError, match="not of the bars"):
        read_side((RunSource(folder=run, bars_file=bars_file),), name="Python")
