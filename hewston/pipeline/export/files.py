"""Bars as a file. The same bars are the same bytes."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from hewston.pipeline.artifacts import write_frame
from hewston.pipeline.errors import InputError
from hewston.pipeline.export.selection import Selection, read_bars
from hewston.pipeline.export.workbook import MOST_ROWS, write_workbook

KINDS = ("csv", "parquet", "xlsx")  # each is a suffix too
_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"


def export_bars(
    selection: Selection,
    *,
    kind: str,
    path: Path,
    progress: Callable[[object], None],
    log: Callable[..., None],
) -> int:
    """Write chosen bars to a file as one of KINDS; returns how many there are.

    Times are UTC in CSV and Parquet, and in Excel, which knows no zones, those of the selection's
    zone, which the header names. Raises InputError for more bars than a sheet holds.
    """
    del progress, log  # those of every work in a child
    bars = read_bars(selection)
    end = None if selection.count is None else selection.start + selection.count
    bars = bars[selection.start : end]
    if kind == "parquet":
        write_frame(bars, path)
    elif kind == "csv":
        bars.with_columns(pl.col("ts_open").dt.strftime(_ISO)).write_csv(path)
    else:
        _check_height(bars.height)
        write_workbook(bars, path, sheet="bars", tz=selection.tz)
    return bars.height


def _check_height(rows: int) -> None:
    if rows > MOST_ROWS:
        raise InputError(
            f"These are {rows:,} bars, and a sheet of Excel holds {MOST_ROWS:,} below its header. "
            "Choose from and to closer together, a longer interval or fewer sessions; or take CSV "
            "or Parquet.",
            field="format",
            allowed=f"at most {MOST_ROWS:,} bars",
        )
