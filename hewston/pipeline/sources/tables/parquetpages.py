"""Headers of a Parquet file's pages: how much memory it takes to read them.

A page says itself how long it is unpacked, and readers make room for that before they look.
The footer is read here and not by pyarrow, which ends the process at some damaged ones.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hewston.pipeline.sources.tables.thrift import Struct, Value, Wanted, read_struct

# Encodings of texts. Of the last, each text is the beginning of the one before and some letters.
DELTA_LENGTH, DELTA_BYTE_ARRAY = 6, 7
_END_BYTES = 8  # the footer's length and PAR1
_USUAL_HEADER_BYTES = 1 << 10
_MOST_HEADER_BYTES = 1 << 20  # its statistics may quote a text

# Fields of the footer: its row groups, their columns, and what is said of each.
_GROUPS, _COLUMNS, _OF_COLUMN = 4, 1, 3
_PATH, _CHUNK_VALUES, _CHUNK_BYTES, _DATA_AT, _DICTIONARY_AT = 3, 5, 7, 9, 11
_CHUNK: Wanted = {f: {} for f in (_PATH, _CHUNK_VALUES, _CHUNK_BYTES, _DATA_AT, _DICTIONARY_AT)}
_FOOTER: Wanted = {_GROUPS: {_COLUMNS: {_OF_COLUMN: _CHUNK}}}

# Fields of a page's header, and of what it says of one kind of page.
_SIZE, _PACKED_SIZE, _OF_DATA, _OF_DICTIONARY, _OF_DATA_V2 = 2, 3, 5, 7, 8
_VALUES, _ENCODING, _ENCODING_V2 = 1, 2, 4
_HEADER: Wanted = {
    _SIZE: {},
    _PACKED_SIZE: {},
    _OF_DATA: {_VALUES: {}, _ENCODING: {}},
    _OF_DICTIONARY: {_VALUES: {}, _ENCODING: {}},
    _OF_DATA_V2: {_VALUES: {}, _ENCODING_V2: {}},
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page: its column, its sizes in bytes, how many values it has and how they are written."""

    column: str
    is_dictionary: bool
    unpacked_bytes: int
    packed_bytes: int
    values: int
    encoding: int


def pages_of(path: Path, names: set[str]) -> Iterator[Page]:
    """Walk over the pages of the columns with these names.

    Raises ValueError for headers that are damaged and for pages outside of the file.
    """
    size = path.stat().st_size
    with path.open("rb") as source:
        for chunk in _chunks(source, size):
            column = b".".join(part for part in _list(chunk, _PATH) if isinstance(part, bytes))
            if column.decode() in names:
                yield from _pages(source, chunk, column.decode(), size)


def _chunks(source: BinaryIO, size: int) -> Iterator[Struct]:
    """Give what the footer says of each column in each row group."""
    source.seek(size - _END_BYTES)
    footer_bytes = int.from_bytes(source.read(4), "little")
    source.seek(size - _END_BYTES - footer_bytes)
    try:
        footer, _ = read_struct(source.read(footer_bytes), _FOOTER)
    except IndexError:
        raise ValueError("the footer does not end") from None
    for group in _list(footer, _GROUPS):
        for column in _list(_struct(group), _COLUMNS):
            yield _struct(_struct(column).get(_OF_COLUMN))


def _pages(source: BinaryIO, chunk: Struct, column: str, size: int) -> Iterator[Page]:
    start, values = _count(chunk, _DATA_AT), _count(chunk, _CHUNK_VALUES)
    dictionary_at = _count(chunk, _DICTIONARY_AT) if _DICTIONARY_AT in chunk else 0
    if 0 < dictionary_at < start:
        start = dictionary_at
    end = start + _count(chunk, _CHUNK_BYTES)
    if end > size:
        raise ValueError("a column lies outside of the file")
    seen = 0
    while start < end and seen < values:
        page, length = _page(source, start, column)
        yield page
        start += length
        seen += 0 if page.is_dictionary else page.values


def _page(source: BinaryIO, start: int, column: str) -> tuple[Page, int]:
    """Read a page's header; also how long the page is with it."""
    header, length = _header(source, start)
    is_dictionary = _OF_DICTIONARY in header
    is_second = _OF_DATA_V2 in header
    kind = _OF_DICTIONARY if is_dictionary else _OF_DATA_V2 if is_second else _OF_DATA
    details = _struct(header.get(kind))
    page = Page(
        column=column,
        is_dictionary=is_dictionary,
        unpacked_bytes=_count(header, _SIZE),
        packed_bytes=_count(header, _PACKED_SIZE),
        values=_count(details, _VALUES),
        encoding=_count(details, _ENCODING_V2 if is_second else _ENCODING),
    )
    return page, length + page.packed_bytes


def _header(source: BinaryIO, start: int) -> tuple[Struct, int]:
    for most in (_USUAL_HEADER_BYTES, _MOST_HEADER_BYTES):
        source.seek(start)
        try:
            return read_struct(source.read(most), _HEADER)
        except IndexError:
            continue
    raise ValueError("a page's header does not end")


def _struct(value: Value | None) -> Struct:
    if not isinstance(value, dict):
        raise ValueError("a structure is missing")  # noqa: TRY004  # the file's fault, not ours
    return value


def _list(fields: Struct, field: int) -> list[Value]:
    found = fields.get(field)
    if not isinstance(found, list):
        raise ValueError("a list is missing")  # noqa: TRY004
    return found


def _count(fields: Struct, field: int) -> int:
    found = fields.get(field)
    if not isinstance(found, int) or found < 0:
        raise ValueError("a size is missing")
    return found
