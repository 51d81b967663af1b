"""A piece of a text file, cut at the ends of lines, as cells.

A fast reader does the work where the piece is plain, which numpy shows beforehand; all else is
split line by line. Both give the same cells.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.lines import split

_TAB, _NEWLINE, _RETURN, _SPACE, _QUOTE = b'\t\n\r "'
_UNIT_SEPARATOR = "\x1f"  # stands for a delimiter of several bytes; text holds no such character

_PADDED_QUOTES = (b'" ', b' "', b'"\t', b'\t"')
_MOST_SPACES = 8  # that are taken out; more are read line by line

type _Bytes = npt.NDArray[np.uint8]
type _Places = npt.NDArray[np.int64]


def cells_of(content: bytes, *, first_line: int, delimiter: str, width: int, quoted: bool) -> Cells:
    """Read the lines of ``content``, which ends with a line's end; see ``TextTable``."""
    if delimiter == " ":
        content = _collapsed(content)
    elif len(delimiter.encode()) > 1:
        content = content.replace(delimiter.encode(), _UNIT_SEPARATOR.encode())
        delimiter = _UNIT_SEPARATOR
    quoted = quoted and b'"' in content
    malformed: dict[int, str] = {}  # by row of this piece
    if quoted:
        content = _without_odd_quotes(content, malformed)
    frame = _read(content, delimiter, width, malformed, quoted=quoted)
    return _numbered(frame, first_line, malformed)


def _collapsed(content: bytes) -> bytes:
    """Make one space of every run of spaces and tabs, and none at the ends of lines."""
    content = content.replace(b"\t", b" ")
    while b"  " in content:
        content = content.replace(b"  ", b" ")
    for spaced, plain in ((b" \r", b"\r"), (b" \n", b"\n"), (b"\n ", b"\n")):
        content = content.replace(spaced, plain)
    return content.removeprefix(b" ")


def _without_odd_quotes(content: bytes, malformed: dict[int, str]) -> bytes:
    """Empty the lines whose quotes do not pair, so that none swallows the next."""
    data = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(data == _NEWLINE)
    before = np.searchsorted(np.flatnonzero(data == _QUOTE), ends)
    odd = np.flatnonzero(np.diff(before, prepend=0) % 2)
    if not odd.size:
        return content
    pieces, at = [], 0
    for row in odd.tolist():
        malformed[row] = "its quotes do not pair"
        start = int(ends[row - 1]) + 1 if row else 0
        pieces.append(content[at:start])
        at = int(ends[row])
    return b"".join([*pieces, content[at:]])


def _tight(content: bytes, delimiter: str) -> bytes:
    """Take spaces out between delimiters and quotes, which the fast reader takes for text.

    Inside a cell that loses no more than its ends lose anyway, but for quotes that mean one.
    """
    if b'""' in content:
        return content
    edge = delimiter.encode()
    for _ in range(_MOST_SPACES):
        if edge + b' "' not in content and b'" ' + edge not in content:
            break
        content = content.replace(edge + b' "', edge + b'"').replace(b'" ' + edge, b'"' + edge)
    return content


def _read(
    content: bytes, delimiter: str, width: int, malformed: dict[int, str], *, quoted: bool
) -> pl.DataFrame:
    given = content
    if quoted:
        content = _tight(content, delimiter)
    data = np.frombuffer(content, np.uint8)
    is_delimiter = data == ord(delimiter)
    if quoted:
        if not _are_proper(data, delimiter):
            return _split_all(given, delimiter, width, malformed, quoted=True)
        inside = np.cumsum(data == _QUOTE, dtype=np.uint8) & 1  # wraps, and stays even or odd
        is_delimiter &= inside == 0
    marks = np.flatnonzero(is_delimiter | (data == _NEWLINE))
    ends_at = np.flatnonzero(data[marks] == _NEWLINE)  # which of the marks are ends of lines
    delimiters = np.diff(ends_at, prepend=-1) - 1
    frame = _read_plain(content, delimiter, width, quoted=quoted)
    if frame is None or frame.height != len(ends_at):
        return _split_all(given, delimiter, width, malformed, quoted=quoted)
    in_quotes = quoted and any(padded in content for padded in _PADDED_QUOTES)
    if in_quotes or _is_padded(data, marks, delimiter):
        frame = frame.with_columns(pl.all().str.strip_chars(" \t"))
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    elif quoted:
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    ends = marks[ends_at]
    for row in _longer(data, ends, delimiters, delimiter, width):
        text = _line(content, ends, row)
        try:
            cells = split(text, delimiter=delimiter, quoted=quoted)
        except ValueError as problem:
            malformed[row] = str(problem)
            continue
        if any(cells[width:]):
            malformed[row] = _too_many(len(cells), width)
    return _blanked(frame, malformed)


def _are_proper(data: _Bytes, delimiter: str) -> bool:
    """Tell whether every quote opens a cell, closes one, or is one of two that mean one."""
    quotes = np.flatnonzero(data == _QUOTE)
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, data[opening - 1], _NEWLINE)
    after = data[closing + 1]
    is_edge = np.zeros(256, dtype=bool)
    is_edge[[ord(delimiter), _NEWLINE, _QUOTE]] = True
    is_end = is_edge.copy()
    is_end[_RETURN] = True
    return bool(is_edge[before].all() and is_end[after].all())


def _is_padded(data: _Bytes, marks: _Places, delimiter: str) -> bool:
    """Tell whether some cell begins or ends with a space or a tab."""
    spaces = [_SPACE] if delimiter in "\t " else [_SPACE, _TAB]
    before = data[np.maximum(marks - 1, 0)]
    after = data[np.minimum(marks + 1, len(data) - 1)]
    returns = marks[before == _RETURN]
    before_returns = data[np.maximum(returns - 2, 0)]
    return any(
        bool((around == space).any())
        for around in (before, after, before_returns, data[:1])
        for space in spaces
    )


def _read_plain(content: bytes, delimiter: str, width: int, *, quoted: bool) -> pl.DataFrame | None:
    """Read by the fast reader; None when it cannot."""
    names = [str(column) for column in range(width)]
    header = delimiter.join(names).encode() + b"\n"  # its width is what the reader goes by
    try:
        return pl.read_csv(
            header + content,
            separator=delimiter,
            quote_char='"' if quoted else None,
            schema=dict.fromkeys(names, pl.String),
            extra_columns="ignore",
        )
    except pl.exceptions.PolarsError:
        return None


def _longer(
    data: _Bytes, ends: _Places, delimiters: _Places, delimiter: str, width: int
) -> list[int]:
    """Give the rows with more cells than columns, but for a delimiter at the end of the line."""
    rows = np.flatnonzero(delimiters >= width)
    ends = ends[rows]
    last = data[np.maximum(ends - 1 - (data[np.maximum(ends - 1, 0)] == _RETURN), 0)]
    ends_by_delimiter = (delimiters[rows] == width) & (last == ord(delimiter))
    found: list[int] = rows[~ends_by_delimiter].tolist()
    return found


def _line(content: bytes, ends: _Places, row: int) -> str:
    start = int(ends[row - 1]) + 1 if row else 0
    return content[start : int(ends[row])].decode().rstrip("\r")


def _split_all(
    content: bytes, delimiter: str, width: int, malformed: dict[int, str], *, quoted: bool
) -> pl.DataFrame:
    """Read line by line."""
    rows: list[list[str | None]] = []
    for row, text in enumerate(content.decode().removesuffix("\n").split("\n")):
        try:
            cells = split(text.rstrip("\r"), delimiter=delimiter, quoted=quoted)
        except ValueError as problem:
            cells = []
            malformed[row] = str(problem)
        if any(cells[width:]):
            malformed[row] = _too_many(len(cells), width)
            cells = []
        rows.append([cell or None for cell in cells[:width]] + [None] * (width - len(cells)))
    columns = zip(*rows, strict=True)
    return pl.DataFrame([pl.Series(str(at), c, pl.String) for at, c in enumerate(columns)])


def _too_many(cells: int, width: int) -> str:
    return f"it has {cells:,} cells where the table has {width:,} columns"


def _blanked(frame: pl.DataFrame, malformed: Mapping[int, str]) -> pl.DataFrame:
    """Take the cells out of the rows that are listed."""
    if not malformed:
        return frame
    is_whole = np.ones(frame.height, dtype=bool)
    is_whole[list(malformed)] = False
    return frame.with_columns(pl.when(pl.lit(pl.Series(is_whole))).then(pl.all()))


def _numbered(frame: pl.DataFrame, first_line: int, malformed: Mapping[int, str]) -> Cells:
    """Number the rows and leave out those without a cell."""
    lines = pl.Series("line", np.arange(first_line, first_line + frame.height, dtype=np.uint64))
    if all(column.null_count() for column in frame):
        kept = frame.select(~pl.all_horizontal(pl.all().is_null())).to_series().to_numpy().copy()
        kept[list(malformed)] = True
        frame, lines = frame.filter(kept), lines.filter(pl.Series(kept))
    return Cells(
        lines=lines,
        text=frame,
        malformed={first_line + row: reason for row, reason in sorted(malformed.items())},
    )
