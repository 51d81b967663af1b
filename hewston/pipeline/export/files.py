"""Bars as a file, and how every file is written. The same rows are the same bytes."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import polars.selectors as cs

from hewston.pipeline.artifacts import write_frame
from hewston.pipeline.errors import InputError
from hewston.pipeline.export.selection import Selection, read_bars
from hewston.pipeline.export.workbook import MOST_ROWS, write_workbook

KINDS = ("csv", "parquet", "xlsx")  # each is a suffix too
_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
_FORMULA = r"^[=+\-@\t\r]"  # what spreadsheets run


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
        name_times(bars).write_csv(path)
    else:
        check_height(
            bars.height,
            "bars",
            "Choose from and to closer together, a longer interval or fewer sessions",
        )
        write_workbook(bars, path, sheet="bars", tz=selection.tz)
    return bars.height


def name_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Write times (UTC) and dates as ISO 8601."""
    return frame.with_columns(cs.datetime().dt.strftime(_ISO), cs.date().dt.to_string("iso"))


def quote_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Put a quote before each text that a spreadsheet would take for a formula."""
    text = cs.string()
    quoted = pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text)
    return frame.with_columns(quoted.name.keep())


def check_height(rows: int, what: str, remedy: str) -> None:
    """Refuse more rows than a sheet holds, with what to do; raises InputError."""
    if rows > MOST_ROWS:
        raise InputError(
            f"These are {rows:,} {what}, and a sheet of Excel holds {MOST_ROWS:,} below its "
            f"header. {remedy}; or take CSV or Parquet.",
            field="format",
            allowed=f"at most {MOST_ROWS:,} {what}",
        )
