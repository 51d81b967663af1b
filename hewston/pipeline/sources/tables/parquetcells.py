"""A batch of a Parquet file's rows as cells."""

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.cells import Cells

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_TEXT_BYTES = 64 << 20  # of a column in one block: a dictionary makes them of a few bytes
_FIRST_YEAR, _LAST_YEAR = 1678, 2261  # what nanoseconds can hold
_NO_DATE = dt.datetime(1899, 12, 30)  # noqa: DTZ001  # of a time of day, as in Excel


def reason_against(of: "pa.DataType") -> str | None:
    """Say why a column of this type holds no cells, if so."""
    import pyarrow.types as kinds  # noqa: PLC0415

    if kinds.is_dictionary(of):
        return reason_against(of.value_type)
    if kinds.is_nested(of):
        return "it holds lists or structures"
    if kinds.is_binary(of) or kinds.is_large_binary(of) or kinds.is_fixed_size_binary(of):
        return "it holds bytes"
    if kinds.is_duration(of) or kinds.is_interval(of):
        return "it holds lengths of time"
    return None


def is_text(of: "pa.DataType") -> bool:
    """Tell whether a column holds text."""
    import pyarrow.types as kinds  # noqa: PLC0415

    return bool(kinds.is_string(of) or kinds.is_large_string(of) or kinds.is_string_view(of))


def cells_of(batch: "pa.RecordBatch", first_row: int, name: str) -> Cells:
    """Give the rows of ``batch`` that have any cell; see ``ParquetTable.blocks``."""
    text: list[pl.Series] = []
    numbers: dict[int, pl.Series] = {}
    times: dict[int, pl.Series] = {}
    malformed: dict[int, str] = {}
    for column, (field, array) in enumerate(zip(batch.schema, batch.columns, strict=True)):
        values = _series(array, field.name, name).alias(str(column))
        none = pl.repeat(None, len(values), dtype=pl.String, eager=True).alias(str(column))
        if values.dtype == pl.String:
            text.append(values)
            continue
        text.append(none)
        if values.dtype == pl.Float64:
            numbers[column] = values.fill_nan(None)
            continue
        is_known = values.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)
        for row in (~is_known).fill_null(value=False).arg_true().to_list():
            malformed[first_row + row] = f"its {field.name} lies outside of the years 1678 to 2261"
        times[column] = _kept(values, is_known).dt.cast_time_unit("ns")
    lines = pl.int_range(first_row, first_row + batch.num_rows, dtype=pl.UInt64, eager=True)
    return _without_blanks(
        Cells(
            lines=lines, text=pl.DataFrame(text), numbers=numbers, times=times, malformed=malformed
        )
    )


def _without_blanks(cells: Cells) -> Cells:
    """Leave out the rows without any cell, but for those that are listed."""
    filled = [*cells.text, *cells.numbers.values(), *cells.times.values()]
    if not all(column.null_count() for column in filled):
        return cells
    kept = cells.lines.is_in(list(cells.malformed))
    for column in filled:
        kept |= column.is_not_null()
    return Cells(
        lines=cells.lines.filter(kept),
        text=cells.text.filter(kept),
        numbers={at: column.filter(kept) for at, column in cells.numbers.items()},
        times={at: column.filter(kept) for at, column in cells.times.items()},
        malformed=cells.malformed,
    )


def _series(array: "pa.Array", column: str, name: str) -> pl.Series:
    """Give a column as String, Float64 or Datetime (without zone or UTC)."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.types as kinds  # noqa: PLC0415

    of = array.type
    if kinds.is_dictionary(of):
        array = _decoded(array, column, name)
        of = array.type
    if kinds.is_timestamp(of):
        return pl.Series(array.cast(pa.timestamp(of.unit, of.tz and "UTC")))
    if kinds.is_date(of):
        return pl.Series(array).cast(pl.Datetime("ms"))
    if kinds.is_time(of):
        return pl.Series(array).cast(pl.Int64).cast(pl.Duration("ns")) + _NO_DATE
    if kinds.is_floating(of):
        return _numbers(pl.Series(array))
    text = pl.Series(array.cast(pa.large_string())).str.strip_chars()
    if kinds.is_boolean(of):
        text = text.str.to_uppercase()
    return _kept(text, text != "")


def _numbers(values: pl.Series) -> pl.Series:
    """Widen short floats by their shortest decimal: 3802.8 is meant, not 3802.800048828125."""
    if values.dtype == pl.Float64:
        return values
    return values.cast(pl.Float32).cast(pl.String).cast(pl.Float64)


def _decoded(array: "pa.Array", column: str, name: str) -> "pa.Array":
    """Write a dictionary's values out, when that does not make gigabytes of them."""
    import pyarrow.compute as pc  # noqa: PLC0415

    if is_text(array.type.value_type):
        sizes = pc.take(pc.binary_length(array.dictionary), array.indices)
        if (pc.sum(sizes).as_py() or 0) > _MOST_TEXT_BYTES:
            raise InputError(
                f"{name}: the texts in its column {column} are longer than those of any table of "
                "bars. Leave the column out.",
                file=name,
                column=column,
            )
    return array.dictionary_decode()


def _kept(values: pl.Series, where: pl.Series) -> pl.Series:
    return pl.select(pl.when(where).then(values)).to_series()
