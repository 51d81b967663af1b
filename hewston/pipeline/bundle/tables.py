"""Whether the tables of a run that came in a bundle can be read, summed and shown."""

from pathlib import Path

import polars as pl

from hewston.pipeline import artifacts
from hewston.pipeline.bundle.values import MOST, explain_odd, is_text

_MOST_PER_BAR = 50  # orders, fills or trades, and rows of any table for each of them
_LONGEST_NAME = 80  # of an indicator
# Columns of a run's tables that have gaps, and of these and others such as may overflow.
_MAY_BE_NULL = {
    *("reason", "entry_reason", "exit_reason", "exit_bar", "exit_ts", "exit_price"),
    *("target", "price", "return", "exposure"),
}
_MAY_BE_ANYTHING = {"target", "return", "exposure", "drawdown"}


def check_tables(folder: Path) -> int:
    """Check every table of a run; returns how many bars it traded."""
    bars = 0
    for name in sorted(artifacts.FRAMES, key=lambda name: (name != "equity", name)):
        file = artifacts.frame_file(name)
        # From the file's end, before anything is unpacked: a few bytes can claim any length.
        rows = pl.scan_parquet(folder / file).select(pl.len()).collect().item()
        if name == "equity":
            bars = rows
        if rows != bars if name in {"equity", "signals"} else rows > _MOST_PER_BAR * (bars + 1):
            raise explain_odd(file, f"{rows:,} rows beside {bars:,} bars")
        _check_columns(
            artifacts.read_frame(folder, name), pl.Schema(artifacts.FRAMES[name]), file, bars
        )
    if not bars:
        raise explain_odd(artifacts.frame_file("equity"), "no bar")
    return bars


def _check_columns(frame: pl.DataFrame, schema: pl.Schema, file: str, bars: int) -> None:
    """Check a table's columns: those of its schema, and indicators beside them."""
    for column, kind in schema.items():
        if frame.schema.get(column) != kind:
            raise explain_odd(file, f"the column {column}")
        if column not in _MAY_BE_NULL and frame[column].has_nulls():
            raise explain_odd(file, f"a missing value in the column {column}")
        if column not in _MAY_BE_ANYTHING and kind == pl.Float64 and not _are_finite(frame[column]):
            raise explain_odd(file, f"a value in the column {column}")
    _check_indicators(frame, set(schema), file)
    if "ts_open" in schema and not is_rising(frame["ts_open"]):
        raise explain_odd(file, "ts_open")
    for column in set(schema) & {"bar", "entry_bar", "exit_bar"}:
        if not (frame[column].drop_nulls() < bars).all():
            raise explain_odd(file, f"the column {column}")
    if "exit_bar" in schema:
        _check_exits(frame, file)


def _check_indicators(frame: pl.DataFrame, known: set[str], file: str) -> None:
    """Check the columns that a strategy named: pages and tables show their names."""
    for column in sorted(set(frame.columns) - known):
        if not is_text(column, longest=_LONGEST_NAME) or not (
            frame.schema[column].is_numeric() or frame.schema[column] == pl.Boolean
        ):
            name = "".join(sign for sign in column[:_LONGEST_NAME] if sign.isprintable())
            raise explain_odd(file, f"the column {name}")


def _check_exits(trades: pl.DataFrame, file: str) -> None:
    """A trade ends with a bar, a time and a price, not before it began; or is open without any."""
    ends = trades.select(pl.col("exit_bar", "exit_ts", "exit_price").is_null())
    is_odd = (ends["exit_bar"] != ends["exit_ts"]) | (ends["exit_bar"] != ends["exit_price"])
    if is_odd.any() or (trades["exit_bar"] < trades["entry_bar"]).any():
        raise explain_odd(file, "the end of a trade")


def _are_finite(values: pl.Series) -> bool:
    return bool((values.drop_nulls().abs() < MOST).all())  # false for NaN


def is_rising(times: pl.Series) -> bool:
    """Tell whether every time is there and later than the one before."""
    return not times.has_nulls() and times.is_sorted() and times.n_unique() == len(times)
