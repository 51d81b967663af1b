"""Columns of a strategy's answer, as plain values or as what they hold instead."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hewston.pipeline.sandbox.inside.answer import (
    Column,
    Flags,
    Numbers,
    Reading,
    Same,
    Texts,
    Unreadable,
)

type Series = "pd.Series[Any]"

_LONGEST_VALUE = 200  # characters of a value that is shown


def read_columns(answer: pd.DataFrame, frame: pd.DataFrame, reading: Reading) -> dict[str, Column]:
    """Read every column of an answer to ``frame``; names are unique."""
    columns: dict[str, Column] = {}
    for place, label in enumerate(answer.columns):
        name, column = str(label), answer.iloc[:, place]
        if name in reading.flags:
            columns[name] = read_flags(column)
        elif name in reading.texts:
            columns[name] = read_texts(column)
        elif name in frame and column.equals(frame[name]):
            columns[name] = Same()
        else:
            columns[name] = read_numbers(column)
    return columns


def read_numbers(column: Series) -> Numbers | Unreadable:
    """Read a numeric or boolean column."""
    kind = column.dtype
    if not pd.api.types.is_numeric_dtype(kind) or kind.kind == "c":
        return _refuse(column, _is_number)
    return Numbers(column.to_numpy(dtype="float64", na_value=math.nan))


def read_flags(column: Series) -> Flags | Unreadable:
    """Read true and false; what is missing is false.

    Numbers may be 0 and 1, objects True and False.
    """
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) and kind != np.dtype(object):
        return Flags(np.asarray(column.to_numpy(dtype=bool, na_value=False), dtype=np.bool_))
    if pd.api.types.is_numeric_dtype(kind) and kind.kind != "c":
        numbers = column.to_numpy(dtype="float64", na_value=math.nan)
        wrong = np.flatnonzero(~(np.isnan(numbers) | (numbers == 0) | (numbers == 1)))
        if wrong.size:
            return _refuse(column, lambda value: value in {0, 1}, wrong)
        return Flags(np.asarray(numbers == 1, dtype=np.bool_))
    values = column.tolist()
    if kind != np.dtype(object) or not all(map(_is_true_or_false, values)):
        return _refuse(column, _is_true_or_false)
    flags = [isinstance(value, bool | np.bool_) and bool(value) for value in values]
    return Flags(np.array(flags, bool))


def read_texts(column: Series) -> Texts:
    """Read texts; other values are written as Python writes them."""
    values = column.to_numpy(dtype=object)
    if pd.api.types.infer_dtype(values, skipna=True) not in {"string", "empty"}:
        values = np.array(
            [
                None if gone else str(value)
                for value, gone in zip(values, column.isna(), strict=True)
            ],
            dtype=object,
        )
    codes, texts = pd.factorize(values)
    return Texts(codes.astype(np.int32), [str(text) for text in texts])


def _refuse(
    column: Series,
    is_right: Callable[[object], bool],
    rows: "Iterable[int] | npt.NDArray[np.intp] | None" = None,
) -> Unreadable:
    """Say what a column holds, and where first."""
    candidates = range(len(column)) if rows is None else rows
    row = next((int(n) for n in candidates if not is_right(column.iloc[int(n)])), 0)
    value = repr(column.iloc[row]) if len(column) else ""
    return Unreadable(shorten(str(column.dtype)), row if len(column) else None, shorten(value))


def shorten(text: str, longest: int = _LONGEST_VALUE) -> str:
    """Cut a text that is too long to show."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_true_or_false(value: object) -> bool:
    return isinstance(value, bool | np.bool_) or _is_missing(value)


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or _is_nan(value)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
