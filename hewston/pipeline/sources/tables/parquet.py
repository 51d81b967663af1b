"""Parquet files as blocks of cells. What they say of their sizes is checked before it is used."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.cells import MOST_COLUMNS, Cells
from hewston.pipeline.sources.tables.unpacking import DISK_PROBLEMS

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_MAGIC = b"PAR1"
_END_BYTES = 8  # the footer's length and the magic
_MOST_FOOTER_BYTES = 32 << 20  # a thousand columns in a thousand row groups
_MOST_STRING_BYTES = 16 << 20  # of one text in the footer: pandas describes its columns in one
_MOST_ITEMS = 2_000_000  # of one list in the footer
_BUFFER_BYTES = 1 << 18  # what is read at once of a column
_BLOCK_ROWS = 65_536
_BLOCK_CELLS = 2_000_000  # rows times columns: wide files come in shorter blocks
_MOST_TEXT_BYTES = (
    256 << 20
)  # of a column in one block; a dictionary makes gigabytes of a few bytes
_FIRST_YEAR, _LAST_YEAR = 1678, 2261  # what nanoseconds can hold
_NO_DATE = dt.datetime(1899, 12, 30)  # noqa: DTZ001   # stands for the date of a time of day, as in Excel
_UNNAMED_INDEX = "__index_level_0__"


@dataclass(frozen=True, kw_only=True)
class ParquetTable:
    """A Parquet file whose footer is sound.

    ``names``: its columns, in the order of ``Cells``. ``rows``: how many it says it has.
    ``left_out``: columns that are no cells (lists, structures, bytes, durations), with the reason.
    """

    path: Path
    name: str
    names: tuple[str, ...]
    rows: int
    left_out: Mapping[str, str]
    _paths: tuple[str, ...]  # the kept columns as the file names them
    _texts: tuple[str, ...]  # those of them that are text

    def blocks(self) -> Iterator[Cells]:
        """Give the rows front to back, some 65,000 at once; ``lines`` counts them from 1.

        Whole numbers, decimals and booleans are ``text`` and exact; times of day stand on
        1899-12-30. Raises InputError where the file is damaged.
        """
        number = 1
        rows = max(1, min(_BLOCK_ROWS, _BLOCK_CELLS // len(self.names)))
        with _sentences(self.name), _file(self.path, texts=self._texts) as file:
            batches = file.iter_batches(
                batch_size=rows, columns=list(self._paths), use_threads=False
            )
            for batch in batches:
                yield _cells(batch, number, self.name)
                number += batch.num_rows


def open_parquet(path: Path, *, name: str) -> ParquetTable:
    """Read what a Parquet file says of itself.

    Raises InputError for a damaged footer and for more columns than are read.
    """
    _check_footer(path, name)
    with _sentences(name), _file(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
        if metadata.num_columns > MOST_COLUMNS:
            raise InputError(
                f"{name} has {metadata.num_columns:,} columns; at most {MOST_COLUMNS:,} are read. "
                "Keep the columns of the bars: time, open, high, low, close, volume.",
                file=name,
                allowed=MOST_COLUMNS,
            )
        left_out = {
            field.name: reason for field in schema if (reason := _reason_against(field.type))
        }
        kept = [field for field in schema if field.name not in left_out]
        names = [field.name for field in kept]
        if not kept:
            raise InputError(f"{name} has no column with numbers, times or text.", file=name)
        if len(set(names)) < len(names):
            raise InputError(f"{name} has several columns of the same name.", file=name)
        return ParquetTable(
            path=path,
            name=name,
            names=tuple("index" if n == _UNNAMED_INDEX else n for n in names),
            rows=metadata.num_rows,
            left_out=left_out,
            _paths=tuple(names),
            _texts=tuple(field.name for field in kept if _is_text(field.type)),
        )


@contextlib.contextmanager
def _file(path: Path, *, texts: tuple[str, ...] = ()) -> Iterator["pq.ParquetFile"]:
    import pyarrow.parquet as pq  # noqa: PLC0415  # loaded only where such files are read

    with pq.ParquetFile(
        path,
        read_dictionary=list(texts),  # so that a text that is repeated stays one
        buffer_size=_BUFFER_BYTES,
        pre_buffer=False,
        thrift_string_size_limit=_MOST_STRING_BYTES,
        thrift_container_size_limit=_MOST_ITEMS,
        page_checksum_verification=True,
    ) as file:
        yield file


def _check_footer(path: Path, name: str) -> None:
    size = path.stat().st_size
    with path.open("rb") as source:
        source.seek(max(0, size - _END_BYTES))
        end = source.read(_END_BYTES)
    if len(end) < _END_BYTES or not end.endswith(_MAGIC):
        raise InputError(
            f"{name} is cut: a Parquet file ends with its footer, and this one does not. Download "
            "it again.",
            file=name,
        )
    footer_bytes = int.from_bytes(end[:4], "little")
    if footer_bytes > min(size - _END_BYTES, _MOST_FOOTER_BYTES):
        raise _damaged(name)


def _reason_against(of: "pa.DataType") -> str | None:
    import pyarrow.types as kinds  # noqa: PLC0415

    if kinds.is_dictionary(of):
        return _reason_against(of.value_type)
    if kinds.is_nested(of):
        return "it holds lists or structures"
    if kinds.is_binary(of) or kinds.is_large_binary(of) or kinds.is_fixed_size_binary(of):
        return "it holds bytes"
    if kinds.is_duration(of) or kinds.is_interval(of):
        return "it holds lengths of time"
    return None


def _is_text(of: "pa.DataType") -> bool:
    import pyarrow.types as kinds  # noqa: PLC0415

    return bool(kinds.is_string(of) or kinds.is_large_string(of))


def _cells(batch: "pa.RecordBatch", first_row: int, name: str) -> Cells:
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
    return Cells(
        lines=pl.int_range(first_row, first_row + batch.num_rows, dtype=pl.UInt64, eager=True),
        text=pl.DataFrame(text),
        numbers=numbers,
        times=times,
        malformed=malformed,
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

    if _is_text(array.type.value_type):
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


def _damaged(name: str) -> InputError:
    return InputError(
        f"{name} is damaged: its Parquet data cannot be read. Download or write it again.",
        file=name,
    )


@contextlib.contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Make a sentence of what pyarrow says of damaged files."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        yield
    except OSError as problem:
        if problem.errno in DISK_PROBLEMS:
            raise
        raise _damaged(name) from problem
    except (pa.ArrowException, ValueError, OverflowError, MemoryError) as problem:
        raise _damaged(name) from problem
