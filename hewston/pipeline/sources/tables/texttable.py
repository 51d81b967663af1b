"""A text file's rows as blocks of cells, with the numbers of their lines."""

from collections.abc import Iterator
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.cells import MOST_COLUMNS, Cells
from hewston.pipeline.sources.tables.textblock import cells_of

_BLOCK_BYTES = 1 << 23  # about 150,000 rows of bars
_USUAL_WIDTH = (
    16  # columns; blocks of wider tables are shorter, since each empty cell takes 16 bytes
)
_NEVER_DELIMITERS = ("\n", "\r", '"', "\0")


class TextTable:
    """Rows of a UTF-8 file from ``first_line`` (from 1) on, all with ``width`` columns.

    ``delimiter`` is one character; a space stands for any run of spaces and tabs. ``quoted``:
    cells may stand in double quotes, always within one line. Cells are without the spaces around
    them; an empty one is null. Lines without any cell are left out; the others keep their numbers.
    A row whose quotes do not pair or that has more cells than ``width`` is all null and listed
    in ``malformed``; fewer cells are nulls at its end.

    Raises InputError for more columns than are read and for what cannot be a delimiter.
    """

    def __init__(
        self, path: Path, *, name: str, delimiter: str, quoted: bool, first_line: int, width: int
    ) -> None:
        if width > MOST_COLUMNS:
            raise InputError(
                f"{name} has {width:,} columns; at most {MOST_COLUMNS:,} are read. Keep the "
                "columns of the bars: time, open, high, low, close, volume.",
                file=name,
                line=first_line,
                allowed=MOST_COLUMNS,
            )
        if len(delimiter) != 1 or delimiter in _NEVER_DELIMITERS or delimiter.isalnum():
            raise InputError(
                f"{delimiter!r} cannot separate cells: give one character, such as , or ;.",
                field="delimiter",
            )
        self._path = path
        self._delimiter = delimiter
        self._quoted = quoted
        self._first_line = first_line
        self._width = width

    def blocks(self) -> Iterator[Cells]:
        """Give the rows front to back, some 150,000 at once."""
        for number, content in self._contents():
            yield cells_of(
                content,
                first_line=number,
                delimiter=self._delimiter,
                width=self._width,
                quoted=self._quoted,
            )

    def _contents(self) -> Iterator[tuple[int, bytes]]:
        """Give pieces of the file that end with a line's end, with their first lines' numbers."""
        number = self._first_line
        with self._path.open("rb") as source:
            for _ in range(self._first_line - 1):
                source.readline()
            rest = b""
            block_bytes = max(1, _BLOCK_BYTES // max(1, self._width // _USUAL_WIDTH))
            while read := source.read(block_bytes):
                end = read.rfind(b"\n") + 1
                if not end:
                    rest += read
                    continue
                content, rest = rest + read[:end], read[end:]
                yield number, content
                number += content.count(b"\n")
            if rest:
                yield number, rest + b"\n"
