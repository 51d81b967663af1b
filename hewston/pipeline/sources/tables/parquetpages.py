"""Headers of a Parquet file's pages: how much memory it takes to read them.

A page says itself how long it is unpacked, and readers make room for that before they look. The
headers are structures of Thrift's compact protocol, of which a few whole numbers are wanted.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow.parquet as pq

# Encodings of texts. Of the last, each text is the beginning of the one before and some letters.
DELTA_LENGTH, DELTA_BYTE_ARRAY = 6, 7
_USUAL_HEADER_BYTES = 1 << 10
_MOST_HEADER_BYTES = 1 << 20  # its statistics may quote a text
_SIZE, _PACKED_SIZE, _OF_DATA, _OF_DICTIONARY, _OF_DATA_V2 = 2, 3, 5, 7, 8  # fields of a header
_VALUES, _ENCODING, _ENCODING_V2 = 1, 2, 4  # fields of the last three
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_MANY = 15  # items of a list whose number follows
_DEEPEST = 8
_MORE, _MOST_SHIFT = 0x80, 63  # of a number's bytes, seven bits each

type _Struct = dict[int, "int | _Struct"]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page: its column, its sizes in bytes, how many values it has and how they are written."""

    column: str
    is_dictionary: bool
    unpacked_bytes: int
    packed_bytes: int
    values: int
    encoding: int


def pages_of(path: Path, metadata: "pq.FileMetaData", names: set[str]) -> Iterator[Page]:
    """Walk over the pages of the columns with these names.

    Raises ValueError for headers that are damaged and for pages outside of the file.
    """
    size = path.stat().st_size
    with path.open("rb") as source:
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                chunk = metadata.row_group(group).column(column)
                if chunk.path_in_schema not in names:
                    continue
                start = chunk.data_page_offset
                if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
                    start = chunk.dictionary_page_offset
                end = start + chunk.total_compressed_size
                if not 0 <= start <= end <= size:
                    raise ValueError("a column lies outside of the file")
                seen = 0
                while start < end and seen < chunk.num_values:
                    page, length = _page(source, start, chunk.path_in_schema)
                    yield page
                    start += length
                    seen += 0 if page.is_dictionary else page.values


def _page(source: BinaryIO, start: int, column: str) -> tuple[Page, int]:
    """Read a page's header; also how long the page is with it."""
    header, length = _header(source, start)
    is_dictionary = _OF_DICTIONARY in header
    is_second = _OF_DATA_V2 in header
    kind = _OF_DICTIONARY if is_dictionary else _OF_DATA_V2 if is_second else _OF_DATA
    details = header.get(kind)
    if not isinstance(details, dict):
        raise ValueError("a page's header is damaged")  # noqa: TRY004  # the file's, not ours
    page = Page(
        column=column,
        is_dictionary=is_dictionary,
        unpacked_bytes=_size(header, _SIZE),
        packed_bytes=_size(header, _PACKED_SIZE),
        values=_size(details, _VALUES),
        encoding=_size(details, _ENCODING_V2 if is_second else _ENCODING),
    )
    return page, length + page.packed_bytes


def _size(fields: _Struct, field: int) -> int:
    found = fields.get(field)
    if not isinstance(found, int) or found < 0:
        raise ValueError("a page's header lacks a size")
    return found


def _header(source: BinaryIO, start: int) -> tuple[_Struct, int]:
    """Read the header at ``start``; also how long it is."""
    for most in (_USUAL_HEADER_BYTES, _MOST_HEADER_BYTES):
        source.seek(start)
        reader = _Reader(source.read(most))
        try:
            return reader.struct(0), reader.at
        except IndexError:
            continue
    raise ValueError("a page's header does not end")


class _Reader:
    """Reads Thrift's compact protocol; IndexError where the bytes end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, depth: int) -> _Struct:
        """Read a structure's whole numbers and structures, by the numbers of their fields."""
        if depth > _DEEPEST:
            raise ValueError("a page's header is too deep")
        fields: _Struct = {}
        field = 0
        while kind_and_step := self._byte():
            kind, step = kind_and_step & 0x0F, kind_and_step >> 4
            field = field + step if step else self._whole()
            value = self._value(kind, depth)
            if value is not None:
                fields[field] = value
        return fields

    def _value(self, kind: int, depth: int) -> "int | _Struct | None":
        if kind in {_TRUE, _FALSE}:
            return None
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in {_LIST, _SET}:
            self._list(depth)
            return None
        if kind in {_BYTE, _DOUBLE, _BINARY}:
            self._skip({_BYTE: 1, _DOUBLE: 8}.get(kind) or self._varint())
            return None
        if kind == _MAP or kind > _MAP:
            raise ValueError("a page's header holds what no such header does")
        return self._whole()

    def _list(self, depth: int) -> None:
        kind_and_size = self._byte()
        size = kind_and_size >> 4
        for _ in range(self._varint() if size == _MANY else size):
            kind = kind_and_size & 0x0F
            if kind in {_TRUE, _FALSE}:
                self._byte()
            else:
                self._value(kind, depth + 1)

    def _whole(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < _MORE:
                return number
            shift += 7
            if shift > _MOST_SHIFT:
                raise ValueError("a number in a page's header is too long")

    def _byte(self) -> int:
        byte = self._data[self.at]
        self.at += 1
        return byte

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self._data):
            raise IndexError
