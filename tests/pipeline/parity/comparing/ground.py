"""What tests of comparisons share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline.parity.comparing import compare_to_folder
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.reading import Reader
from hewston.pipeline.parity.sources import ArtifactSource, RunSource
from tests.pipeline.parity.exports import export_list, keep

BARS = 900


MINUTE = pl.duration(minutes=1)


type Exported = Callable[..., tuple[ArtifactSource, ...]]


def compare(
    pine: tuple[ArtifactSource, ...], run: RunSource, folder: Path, **said: object
) -> tuple[dict[str, Any], Reader]:
    folder.mkdir(exist_ok=True)
    options = Options().changed(said)
    report = compare_to_folder(pine=pine, python=(run,), options=options, folder=folder)
    return report, Reader(folder=folder, pine=pine, python=(run,), options=options)


def pine_without(run: RunSource, tmp_path: Path, trade: int) -> tuple[ArtifactSource, ...]:
    def leave_out(trades: pl.DataFrame) -> pl.DataFrame:
        kept = trades.filter(pl.col("trade_id") != trade)
        return kept.with_columns(trade_id=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))

    path = export_list(run, tmp_path / "shorter.csv", change=leave_out)
    return (keep(path, tmp_path / "shorter", zone="UTC"),)
