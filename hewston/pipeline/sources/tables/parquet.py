"""Parquet files as blocks of cells. What they say of their sizes is checked before it is used."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.cells import MOST_COLUMNS, Cells
from hewston.pipeline.sources.tables.parquetcells import cells_of, is_text, reason_against
from hewston.pipeline.sources.tables.parquetplan import Plan, plan_of
from hewston.pipeline.sources.tables.unpacking import DISK_PROBLEMS

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_MAGIC = b"PAR1"
_END_BYTES = 8  # the footer's length and the magic
_MOST_FOOTER_BYTES = 8 << 20  # a dozen columns in thousands of row groups
_MOST_STRING_BYTES = 16 << 20  # of one text in the footer: pandas describes its columns in one
_MOST_ITEMS = 2_000_000  # of one list in the footer
_BUFFER_BYTES = 1 << 18  # what is read at once of a column
_MOST_ROWS = 200_000_000  # four times what a text file may have; footers promise any number
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
    _columns: tuple[str, ...]  # as the file names them
    _plan: Plan

    def blocks(self) -> Iterator[Cells]:
        """Give the rows that have any cell, some 65,000 at once; ``lines`` counts from 1.

        Whole numbers, decimals and booleans are ``text`` and exact; times of day stand on
        1899-12-30. Raises InputError where the file is damaged.
        """
        number = 1
        with _sentences(self.name), _file(self.path, self._plan.dictionaries) as file:
            batches = file.iter_batches(
                batch_size=self._plan.rows, columns=list(self._columns), use_threads=False
            )
            for batch in batches:
                yield cells_of(batch, number, self.name)
                number += batch.num_rows


def open_parquet(path: Path, *, name: str) -> ParquetTable:
    """Read what a Parquet file says of itself, and whether it can be read in bounded memory.

    Raises InputError for a damaged file and for more columns or rows than are read.
    """
    _check_footer(path, name)
    with _sentences(name), _file(path) as file:
        _check_size(file.metadata, name)
        schema = file.schema_arrow
        left_out = {
            field.name: reason for field in schema if (reason := reason_against(field.type))
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
            rows=file.metadata.num_rows,
            left_out=left_out,
            _columns=tuple(names),
            _plan=plan_of(
                path,
                names=set(names),
                texts={field.name for field in kept if is_text(field.type)},
                name=name,
            ),
        )


def _check_size(metadata: "pq.FileMetaData", name: str) -> None:
    if metadata.num_columns > MOST_COLUMNS:
        raise InputError(
            f"{name} has {metadata.num_columns:,} columns; at most {MOST_COLUMNS:,} are read. Keep "
            "the columns of the bars: time, open, high, low, close, volume.",
            file=name,
            allowed=MOST_COLUMNS,
        )
    if metadata.num_rows > _MOST_ROWS:
        raise InputError(
            f"{name} says that it has {metadata.num_rows:,} rows; at most {_MOST_ROWS:,} are read. "
            "Split it into smaller files.",
            file=name,
            allowed=_MOST_ROWS,
        )


@contextlib.contextmanager
def _file(path: Path, dictionaries: tuple[str, ...] = ()) -> Iterator["pq.ParquetFile"]:
    import pyarrow.parquet as pq  # noqa: PLC0415  # loaded only where such files are read

    with pq.ParquetFile(
        path,
        read_dictionary=list(dictionaries),  # so that a text that is repeated stays one
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
