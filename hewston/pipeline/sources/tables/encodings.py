r"""A text file in any encoding, as UTF-8.

Lines are counted as an editor does: ``\r\n``, ``\n`` and a lone ``\r`` (old Macs) each end one.
A file with a lone ``\r`` is written anew, so that ``\n`` alone tells the number of a line.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.legacy import LEGACY, Choice, choose, label
from hewston.pipeline.sources.tables.textscan import MOST_LINE_BYTES, Scan

_BLOCK_BYTES = MOST_LINE_BYTES // 4  # in UTF-8 a block has up to three times as many
_SAMPLE_BYTES = 1 << 16
_HEAD_BYTES = 1 << 12
_FEWEST_PAIRS = 8
_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UNICODE = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
ENCODINGS = (*UNICODE, *LEGACY)  # what a user may choose
# What people mean by them; browsers too take the first two for cp1252.
_ALIASES = {
    "latin-1": "cp1252",
    "iso-8859-1": "cp1252",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le",
    "utf-32": "utf-32-le",
    "shift-jis": "cp932",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "euc-kr": "cp949",
}
_END_OF_FILE = b"\x1a"  # what DOS wrote behind the last line
_UTF8 = Choice(encoding="utf-8", confidence="certain", reason="All its bytes are valid UTF-8.")


@dataclass(frozen=True, kw_only=True)
class Text:
    r"""A text file as UTF-8 without a byte order mark, its lines ended by ``\n`` or ``\r\n``.

    ``encoding``: of the file as given, one of ``ENCODINGS``; ``confidence``: ``certain``,
    ``likely`` or ``guess``; ``reason``: a sentence why; ``alternatives``: other encodings that it
    may be in and that read it differently; ``lines``: how many it has.
    """

    path: Path
    encoding: str
    confidence: str
    reason: str
    alternatives: tuple[str, ...]
    lines: int


def to_utf8(
    path: Path,
    *,
    name: str,
    scratch: Path,
    encoding: str | None = None,
    known: Callable[[str], int] = lambda _: 0,
) -> Text:
    """Find the file's encoding and give it as UTF-8: itself where it is, else from ``scratch``.

    ``known`` counts the words of a text that headers of tables are known to have.

    Raises InputError for an encoding that is not known or does not fit, for what is no text, and
    for a line of over 1 MB. It then leaves nothing in ``scratch``.
    """
    with path.open("rb") as source:
        head = source.read(_HEAD_BYTES)
    choice = _asked(encoding, head) if encoding else _evident(head)
    if choice is None:
        try:
            return _as_it_is(path, _UTF8, name=name, scratch=scratch)
        except _UndecodableError:
            choices = choose(_sample(path), known=known, name=name)
    elif choice.encoding == "utf-8" and not head.startswith(codecs.BOM_UTF8):
        try:
            return _as_it_is(path, choice, name=name, scratch=scratch)
        except _UndecodableError as problem:
            raise _refusal(problem, name) from problem
    else:
        choices = [choice]
    return _first_that_fits(path, choices, name=name, scratch=scratch)


def _asked(encoding: str, head: bytes) -> Choice:
    evident = _evident(head)
    if evident and encoding.lower() == evident.encoding[:-3]:
        return evident  # of utf-16 and utf-32 the file says which way round
    try:
        found = codecs.lookup(_ALIASES.get(encoding.lower(), encoding)).name
    except (LookupError, ValueError):
        found = ""
    for allowed in ENCODINGS:
        if codecs.lookup(allowed).name == found:
            return Choice(encoding=allowed, confidence="certain", reason="It was chosen.")
    raise InputError(
        f"{encoding!r} is no encoding that is read here. Choose one of {', '.join(ENCODINGS)}.",
        field="encoding",
        allowed=list(ENCODINGS),
    )


def _evident(head: bytes) -> Choice | None:
    """Tell an encoding by its byte order mark, or UTF-16 by its zero bytes."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            reason = f"It begins with the byte order mark of {label(encoding)}."
            return Choice(encoding=encoding, confidence="certain", reason=reason)
    pairs = np.frombuffer(head[: len(head) // 2 * 2], np.uint8).reshape(-1, 2) == 0
    if len(pairs) >= _FEWEST_PAIRS:
        first, second = pairs.mean(axis=0)
        reason = "Every other byte is zero, as in UTF-16 without a byte order mark."
        for share, other, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
            if share > 0.5 and other < 0.05:  # noqa: PLR2004  # ASCII has all and none
                return Choice(encoding=encoding, confidence="likely", reason=reason)
    return None


class _UndecodableError(Exception):
    """Some bytes are not of the encoding."""

    def __init__(self, encoding: str, line: int) -> None:
        super().__init__(encoding)
        self.encoding = encoding
        self.line = line


def _as_it_is(path: Path, choice: Choice, *, name: str, scratch: Path) -> Text:
    """Give a file that is UTF-8 without a mark."""
    scan = Scan(name)
    is_ascii = True
    for block in _decoded(path, "utf-8", scan):
        scan.take(block)
        is_ascii &= block.isascii()
    if choice is _UTF8 and is_ascii:
        choice = replace(choice, reason="It has ASCII characters alone, the same in any encoding.")
    if scan.has_lone_returns or _ends_by_mark(path):
        return _written(path, choice, name=name, scratch=scratch)
    return _text(path, choice, scan)


def _first_that_fits(path: Path, choices: list[Choice], *, name: str, scratch: Path) -> Text:
    """Write the file by the first encoding that can read all of it."""
    problems = []
    for choice in choices:
        try:
            return _written(path, choice, name=name, scratch=scratch)
        except _UndecodableError as problem:
            problems.append(problem)
    if not problems:
        raise InputError(
            f"{name} is not text in any encoding that is read here. Save it as CSV in UTF-8.",
            file=name,
        )
    raise _refusal(problems[0], name) from problems[0]


def _written(path: Path, choice: Choice, *, name: str, scratch: Path) -> Text:
    """Write the file to ``scratch`` as UTF-8 with plain ends of lines, or nothing."""
    written = scratch / "utf8.txt"
    scan = Scan(name)
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        with written.open("wb") as target:
            for block in _decoded(path, choice.encoding, scan):
                scan.take(block)
                target.write(block.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    return _text(written, choice, scan)


def _text(path: Path, choice: Choice, scan: Scan) -> Text:
    return Text(
        path=path,
        encoding=choice.encoding,
        confidence=choice.confidence,
        reason=choice.reason,
        alternatives=choice.alternatives,
        lines=scan.lines,
    )


def _decoded(path: Path, encoding: str, scan: Scan) -> Iterator[bytes]:
    r"""Give the file as UTF-8, in blocks that cut no ``\r\n``; ``scan`` has taken those before."""
    decoder = codecs.getincrementaldecoder(encoding)()
    held = ""
    for block, is_last in _blocks(path, encoding):
        if encoding == "utf-8" and block.isascii() and not decoder.getstate()[0]:
            yield block
            continue
        try:
            text = held + decoder.decode(block, is_last)
        except UnicodeDecodeError as problem:
            before = problem.object[: problem.start].decode(encoding, errors="replace")
            line = scan.line_at(before.encode())
            raise _UndecodableError(encoding, line) from problem
        held = "\r" if text.endswith("\r") and not is_last else ""
        yield text[: len(text) - len(held)].encode()


def _blocks(path: Path, encoding: str) -> Iterator[tuple[bytes, bool]]:
    """Read the file behind its mark, and tell which block is the last."""
    with path.open("rb") as source:
        head = source.read(_HEAD_BYTES)
        source.seek(next((len(m) for m, of in _MARKS if of == encoding and head.startswith(m)), 0))
        block = source.read(_BLOCK_BYTES)
        while block:
            following = source.read(_BLOCK_BYTES)
            if following and block.endswith(b"\r"):
                block, following = block[:-1], b"\r" + following
            if not following:
                yield block.rstrip(_END_OF_FILE), True
            elif block:
                yield block, False
            block = following


def _ends_by_mark(path: Path) -> bool:
    with path.open("rb") as source:
        source.seek(max(0, path.stat().st_size - 1))
        return source.read() == _END_OF_FILE


def _sample(path: Path) -> bytes:
    """Give the first lines, and further ones with bytes beyond ASCII, of at most 128 KB."""
    with path.open("rb") as source:
        lines = source.readlines(_HEAD_BYTES)
        size = 0
        for block in iter(lambda: source.readlines(_BLOCK_BYTES), []):
            beyond = [line for line in block if not line.isascii()]
            lines += beyond
            size += sum(map(len, beyond))
            if size > _SAMPLE_BYTES:
                break
    return b"".join(lines)


def _refusal(problem: _UndecodableError, name: str) -> InputError:
    return InputError(
        f"{name}: line {problem.line:,} cannot be read as {label(problem.encoding)}. Choose "
        "another encoding, or save the file in UTF-8.",
        file=name,
        line=problem.line,
        field="encoding",
    )
