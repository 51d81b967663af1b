"""Lines of a UTF-8 file: the first, the last and some between, without reading it whole."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_BLOCK_BYTES = 1 << 20
_MOST_HEAD_BYTES = 1 << 22  # a hundred lines of bars are 10 KB; a hundred of 1 MB nobody needs
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line without its end. ``number`` counts from 1; None where it would cost a scan."""

    number: int | None
    text: str


def head(path: Path, *, lines: int) -> list[Line]:
    """Give the first lines, blank ones too; at most 4 MB of them."""
    with path.open("rb") as source:
        texts = list(_texts(source, lines))
    return [Line(number=number, text=text) for number, text in enumerate(texts, start=1)]


def middle(path: Path, *, share: float, lines: int) -> list[Line]:
    """Give lines from the first whole one behind ``share`` of the bytes on, without numbers."""
    with path.open("rb") as source:
        source.seek(int(path.stat().st_size * share))
        if source.tell():
            source.readline()  # the rest of a line
        return [Line(number=None, text=text) for text in _texts(source, lines)]


def tail(path: Path, *, lines: int, total: int | None = None) -> list[Line]:
    """Give the last lines; ``total``, the file's count of lines, gives them their numbers."""
    size = path.stat().st_size
    with path.open("rb") as source:
        start = size
        content = b""
        while start and content[:-1].count(b"\n") < lines and len(content) < _MOST_HEAD_BYTES:
            step = min(start, _BLOCK_BYTES)
            start -= step
            source.seek(start)
            content = source.read(step) + content
    texts = content.removesuffix(b"\n").split(b"\n") if content else []
    if start:
        texts = texts[1:]  # begins somewhere inside a line
    kept = texts[max(0, len(texts) - lines) :]
    first = None if total is None else total - len(kept) + 1
    return [
        Line(number=None if first is None else first + at, text=_text(text))
        for at, text in enumerate(kept)
    ]


def separator_line(text: str) -> str | None:
    """Read Excel's first line ``sep=;``, which names the delimiter and is no row."""
    found = _SEPARATOR.fullmatch(text)
    return found[1] if found else None


def split(text: str, *, delimiter: str, quoted: bool) -> list[str]:
    """Split one line into its cells, without the spaces around them.

    A delimiter of one space stands for any run of spaces and tabs. Raises ValueError for quotes
    that do not pair: a quoted cell never goes on in the next line.
    """
    if delimiter == " ":
        text = re.sub(r"[ \t]+", " ", text).strip(" ")
    if quoted and '"' in text:
        if text.count('"') % 2:
            raise ValueError("its quotes do not pair")
        try:
            cells = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error as problem:
            raise ValueError(f"its quotes cannot be read ({problem})") from problem
    else:
        cells = text.split(delimiter)
    return [cell.strip(" \t") for cell in cells]


def _texts(source: BinaryIO, lines: int) -> Iterator[str]:
    taken = 0
    for _ in range(lines):
        line = source.readline(_MOST_HEAD_BYTES)
        taken += len(line)
        if not line or taken > _MOST_HEAD_BYTES:
            return
        yield _text(line)


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", errors="replace")
