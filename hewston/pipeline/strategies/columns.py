"""Columns of a strategy's answer, taken or refused with the first bad row."""

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.sandbox.inside.answer import Column, Flags, Numbers, Texts, Unreadable
from hewston.pipeline.strategies.conditions import Booleans


def take_numbers(name: str, column: Column) -> pl.Series:
    """Take a numeric or boolean column as Float64 with null for NaN; infinity is an error."""
    if not isinstance(column, Numbers):
        raise _refuse(name, column, "a number")
    numbers = pl.Series(name, column.values)
    infinite = numbers.is_infinite()
    if infinite.any():
        row = int(infinite.arg_true()[0])
        raise InputError(f"The column {name} is infinite at row {row}.", field=name, record=row)
    return numbers.fill_nan(None)


def take_distances(name: str, column: Column) -> pl.Series:
    """Take numbers of which none is below 0."""
    numbers = take_numbers(name, column)
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


def take_condition(name: str, column: Column) -> Booleans:
    """Take true and false."""
    if not isinstance(column, Flags):
        raise _refuse(name, column, "true or false")
    return column.values


def take_texts(name: str, column: Column | None, rows: int) -> pl.Series:
    """Take texts; what is missing is null, without the column in every row."""
    if not isinstance(column, Texts) or not column.texts:
        return pl.Series(name, [None] * rows, dtype=pl.String)
    places = pl.Series(column.codes).cast(pl.Int32)
    known = pl.Series(name, column.texts, dtype=pl.String)
    texts = known.gather(places.clip(lower_bound=0))
    return pl.select(pl.when(places >= 0).then(texts).alias(name)).to_series()


def _refuse(name: str, column: Column, wanted: str) -> InputError:
    """Say which column holds what, and where first."""
    if not isinstance(column, Unreadable):
        return InputError(f"The column {name} must hold {wanted} in every row.", field=name)
    found = "no row" if column.row is None else f"{column.value} at row {column.row}"
    return InputError(
        f"The column {name} holds {column.dtype} values ({found}), but must hold {wanted} in "
        "every row.",
        field=name,
        record=column.row or 0,
        allowed=wanted,
    )
