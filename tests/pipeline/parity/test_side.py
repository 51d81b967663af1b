"""A finished run as a side of a comparison."""

from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline import artifacts
from hewston.pipeline.parity.compare import compare_series_of
from hewston.pipeline.parity.side import read_run
from hewston.pipeline.schemas import BARS
from tests.pipeline.golden import run_golden


@pytest.mark.parametrize("clock", ["close", "next_open"])
def test_a_run_is_a_side_whose_trades_are_where_its_bars_begin(tmp_path: Path, clock: str) -> None:
    run_golden(clock, tmp_path)
    signals = artifacts.read_frame(tmp_path, "signals")
    bars = pl.DataFrame({"ts_open": signals["ts_open"]}).with_columns(
        pl.lit(1.0 if kind == pl.Float64 else None).cast(kind).alias(name)
        for name, kind in BARS.items()
        if name != "ts_open"
    )
    side = read_run(tmp_path, bars=bars)
    assert side.fill_clock == clock
    assert side.trades is not None
    assert side.trades.height == artifacts.read_frame(tmp_path, "trades").height > 0
    assert side.trades["entry_ts"].is_in(signals["ts_open"].to_list()).all()
    assert side.series is not None
    assert "target" not in side.series.columns
    assert compare_series_of(side, side).verdict == "aligned"
