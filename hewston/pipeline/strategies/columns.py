"""Columns of a strategy's answer, read or refused with the first bad row."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.strategies.conditions import Booleans

type Column = "pd.Series[Any]"


def read_numbers(name: str, column: Column) -> pl.Series:
    """Read a numeric or boolean column as Float64 with null for NaN; infinity is an error."""
    kind = column.dtype
    if not pd.api.types.is_numeric_dtype(kind) or kind.kind == "c":
        raise refuse(name, column, _is_number, "a number")
    numbers = pl.Series(name, column.to_numpy(dtype="float64", na_value=math.nan))
    infinite = numbers.is_infinite()
    if infinite.any():
        row = int(infinite.arg_true()[0])
        raise InputError(f"The column {name} is infinite at row {row}.", field=name, record=row)
    return numbers.fill_nan(None)


def read_distances(name: str, column: Column) -> pl.Series:
    """Read numbers of which none is below 0."""
    numbers = read_numbers(name, column)
    below = (numbers < 0).fill_null(value=False)
    if below.any():
        row = int(below.arg_true()[0])
        raise InputError(
            f"The column {name} is {numbers[row]} at row {row}; it must be at least 0.",
            field=name,
            record=row,
            allowed="at least 0",
        )
    return numbers


def read_condition(name: str, column: Column) -> Booleans:
    """Read true and false; what is missing is false.

    Numbers may be 0 and 1, objects True and False.
    """
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) and kind != np.dtype(object):
        flags: Booleans = np.asarray(column.to_numpy(dtype=bool, na_value=False), dtype=np.bool_)
        return flags
    if pd.api.types.is_numeric_dtype(kind) and kind.kind != "c":
        numbers = column.to_numpy(dtype="float64", na_value=math.nan)
        wrong = np.flatnonzero(~(np.isnan(numbers) | (numbers == 0) | (numbers == 1)))
        if wrong.size:
            raise refuse(name, column, lambda value: value in {0, 1}, "true or false", wrong)
        return np.asarray(numbers == 1, dtype=np.bool_)
    values = column.tolist()
    if kind != np.dtype(object) or not all(map(_is_true_or_false, values)):
        raise refuse(name, column, _is_true_or_false, "true or false")
    return np.array([isinstance(value, bool | np.bool_) and bool(value) for value in values], bool)


def read_texts(name: str, column: Column) -> pl.Series:
    """Read texts; what is missing is null."""
    missing = column.isna().tolist()
    texts = [
        None if is_missing else str(value)
        for value, is_missing in zip(column.tolist(), missing, strict=True)
    ]
    return pl.Series(name, texts, dtype=pl.String)


def refuse(
    name: str,
    column: Column,
    is_right: Callable[[object], bool],
    wanted: str,
    rows: Iterable[int] | None = None,
) -> InputError:
    """Say which column holds what, and where first."""
    candidates = range(len(column)) if rows is None else rows
    row = next((int(n) for n in candidates if not is_right(column.iloc[int(n)])), 0)
    found = f"{column.iloc[row]!r} at row {row}" if len(column) else "no row"
    return InputError(
        f"The column {name} holds {column.dtype} values ({found}), but must hold {wanted} in "
        "every row.",
        field=name,
        record=row,
        allowed=wanted,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_true_or_false(value: object) -> bool:
    return isinstance(value, bool | np.bool_) or _is_missing(value)


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or _is_nan(value)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
