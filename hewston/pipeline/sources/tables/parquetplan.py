"""How to read a Parquet file in bounded memory, by what its pages say of themselves."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.parquetpages import (
    DELTA_BYTE_ARRAY,
    DELTA_LENGTH,
    Page,
    pages_of,
)
from hewston.pipeline.sources.tables.unpacking import check_unpacked

_BLOCK_ROWS = 65_536
_BLOCK_CELLS = 2_000_000  # rows times columns: wide files come in shorter blocks
_MOST_HELD_BYTES = 512 << 20  # pages that are unpacked at one time, one of each column
_MOST_TEXT_BYTES = 32 << 20  # of one block, of which there are a few copies for a moment


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many rows to read at once, and which texts stay in their dictionaries meanwhile."""

    rows: int
    dictionaries: tuple[str, ...]


def plan_of(path: Path, *, names: set[str], texts: set[str], name: str) -> Plan:
    """Look at the headers of the pages of the columns ``names``, of which ``texts`` are texts.

    Raises InputError for what unpacks to more than any table does, at once or in all, and
    ValueError for damaged headers.
    """
    size = path.stat().st_size
    unpacked = 0
    columns: dict[str, _Column] = defaultdict(_Column)
    for page in pages_of(path, names):
        unpacked += page.unpacked_bytes
        check_unpacked(unpacked, packed_bytes=size, name=name)
        columns[page.column].take(page)
    if sum(column.largest_page for column in columns.values()) > _MOST_HELD_BYTES:
        raise InputError(
            f"{name} has pages that are too large to read in bounded memory. Write it again with "
            "row groups of a million rows at most.",
            file=name,
        )
    row_bytes = sum(columns[text].text_bytes for text in texts)
    rows = min(_BLOCK_ROWS, _BLOCK_CELLS // len(names), _MOST_TEXT_BYTES // max(1, row_bytes))
    return Plan(
        rows=max(1, rows),
        dictionaries=tuple(sorted(text for text in texts if not columns[text].has_deltas)),
    )


@dataclass(kw_only=True)
class _Column:
    """The largest that there is among a column's pages, in bytes."""

    largest_page: int = 0
    largest_dictionary: int = 0
    largest_value: int = 0
    has_deltas: bool = False  # which pyarrow cannot read into dictionaries

    def take(self, page: Page) -> None:
        self.largest_page = max(self.largest_page, page.unpacked_bytes + page.packed_bytes)
        if page.is_dictionary:
            self.largest_dictionary = max(self.largest_dictionary, page.unpacked_bytes)
            return
        self.has_deltas |= page.encoding in {DELTA_LENGTH, DELTA_BYTE_ARRAY}
        value = page.unpacked_bytes
        if page.encoding != DELTA_BYTE_ARRAY:  # there each may be nearly as long as the page
            value //= max(1, page.values)
        self.largest_value = max(self.largest_value, value)

    @property
    def text_bytes(self) -> int:
        """How many bytes a text of it may take; those of dictionaries are counted when read."""
        return max(self.largest_value, self.largest_dictionary if self.has_deltas else 0)
