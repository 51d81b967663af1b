"""What a frame strategy is: a function from a frame of bars to a frame of results.

Its PARAMS make the form and the validation; its results become the run's signals.
"""

import inspect
import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pandas as pd
import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.errors import InputError

POSITION = "position"
REASON = "reason"
_RESERVED = frozenset(schemas.SIGNALS)


def compute_signals(
    module: ModuleType,
    bars: pl.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
) -> pl.DataFrame:
    """Run a frame strategy on BARS and read its answer.

    The strategy gets a pandas frame indexed by ts_open (UTC) without the column session. Returns
    one row a bar: SIGNALS, with one Float64 column for each indicator, and ``changed``: whether
    the target differs from the row before (before the first number it is 0).

    Raises InputError that names the column and the first bad row.
    """
    frame = bars.drop("session").to_pandas().set_index("ts_open")
    wanted = inspect.signature(module.run_strategy).parameters
    extras = {"params": dict(params), "context": dict(context)}
    answer = module.run_strategy(
        frame.copy(), **{name: value for name, value in extras.items() if name in wanted}
    )
    if not isinstance(answer, pd.DataFrame):
        raise InputError(f"run_strategy returned {type(answer).__name__}, not a DataFrame.")
    _check_index(answer, frame)
    if POSITION not in answer.columns:
        raise InputError("run_strategy returned no column position: there is nothing to trade on.")
    signals = bars.select("ts_open").with_columns(
        _read_target(answer[POSITION]), _read_reason(answer)
    )
    indicators = [
        _read_indicator(str(name), answer[name])
        for name in answer.columns
        if name not in {POSITION, REASON}
    ]
    before = pl.col("target").shift(1, fill_value=0.0)
    return signals.with_columns(*indicators, changed=pl.col("target") != before)


def _check_index(answer: pd.DataFrame, frame: pd.DataFrame) -> None:
    if not answer.columns.is_unique:
        twice = answer.columns[answer.columns.duplicated()][0]
        raise InputError(f"run_strategy returned the column {twice} twice.", field=str(twice))
    if len(answer) != len(frame):
        raise InputError(
            f"run_strategy returned {len(answer)} rows for {len(frame)} bars: one row a bar is "
            "needed, on the index of the frame."
        )
    if not answer.index.equals(frame.index):
        row = next(i for i in range(len(frame)) if answer.index[i] != frame.index[i])
        raise InputError(
            f"run_strategy changed the index: row {row} is {answer.index[row]}, not "
            f"{frame.index[row]}."
        )


def _read_numbers(name: str, column: "pd.Series[Any]") -> pl.Series:
    """Read a numeric or boolean column as Float64 with null for NaN; infinity is an error."""
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.dtype.kind == "c":
        raise InputError(f"The column {name} holds {column.dtype} values, not numbers.", field=name)
    numbers = pl.Series(name, column.to_numpy(dtype="float64", na_value=math.nan))
    infinite = numbers.is_infinite()
    if infinite.any():
        row = int(infinite.arg_true()[0])
        raise InputError(f"The column {name} is infinite at row {row}.", field=name, record=row)
    return numbers.fill_nan(None)


def _read_target(column: "pd.Series[Any]") -> pl.Series:
    """NaN leaves the target unchanged; before the first number it is 0. Minus zero is zero."""
    return (
        _read_numbers(POSITION, column).forward_fill().fill_null(0.0).alias("target") + 0.0
    ).alias("target")


def _read_reason(answer: pd.DataFrame) -> pl.Series:
    if REASON not in answer.columns:
        return pl.Series(REASON, [None] * len(answer), dtype=pl.String)
    texts = [None if pd.isna(text) else str(text) for text in answer[REASON]]
    return pl.Series(REASON, texts, dtype=pl.String)


def _read_indicator(name: str, column: "pd.Series[Any]") -> pl.Series:
    if name in _RESERVED or name == "changed":
        raise InputError(f"The column {name} has a name that signals use; rename it.", field=name)
    return _read_numbers(name, column)
