"""XML parts of a zip, read front to back in bounded memory, without entities."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.archives import pieces_of
from hewston.pipeline.sources.tables.unpacking import check_unpacked

FEED_BYTES = 1 << 16
_MOST_TOKEN_BYTES = 1 << 20  # a tag with its attributes; usual ones have 100 bytes

type Start = Callable[[str, dict[str, str]], None]
type End = Callable[[str], None]
type Data = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One XML part of an archive; ``most_bytes``: how long it may be unpacked."""

    archive: ZipFile
    entry: ZipInfo
    name: str  # as messages call the file
    most_bytes: int


class Stopped(Exception):  # noqa: N818  # no error: a handler has seen enough
    """Raised by handlers to end the reading of a part."""


def read_part(
    part: Part, *, start: Start, end: End | None = None, data: Data | None = None
) -> None:
    """Read a whole part, or until a handler raises ``Stopped``; see ``feed_part``."""
    for _ in feed_part(part, start=start, end=end, data=data):
        pass


def feed_part(
    part: Part, *, start: Start, end: End | None = None, data: Data | None = None
) -> Iterator[None]:
    """Call the handlers with what a part holds, and yield after every 64 KB of it.

    Tags come without the prefix of the root. Raises InputError for XML that is not well formed,
    for a document type (with it come entities, which may grow without bound or name files), and
    for what is longer than a workbook needs.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def begin(root: str, attributes: dict[str, str]) -> None:
        """Go by the root's prefix: nearly always none, then nothing is to be stripped."""
        prefix = root.rpartition(":")[0]
        if prefix:
            parser.StartElementHandler = lambda tag, found: start(_stripped(tag, prefix), found)
        else:
            parser.StartElementHandler = start
        if end and prefix:
            parser.EndElementHandler = lambda tag: end(_stripped(tag, prefix))
        elif end:
            parser.EndElementHandler = end
        start(_stripped(root, prefix), attributes)

    parser.StartElementHandler = begin
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = lambda *_: _refuse_document_type(part)
    fed = 0
    try:
        for piece in pieces_of(part.archive, part.entry, name=part.name):
            for at in range(0, len(piece), FEED_BYTES):
                feed = piece[at : at + FEED_BYTES]
                fed += len(feed)
                _check_size(part, fed)
                parser.Parse(feed, False)  # noqa: FBT003  # expat's own
                if fed - parser.CurrentByteIndex > _MOST_TOKEN_BYTES:
                    raise _too_long(part)
                yield
        parser.Parse(b"", True)  # noqa: FBT003
        yield
    except Stopped:
        return
    except expat.ExpatError as problem:
        raise InputError(
            f"{part.name} is damaged: its part {part.entry.filename} is not well-formed XML (line "
            f"{problem.lineno:,}). Open it in Excel and save it again.",
            file=part.name,
        ) from problem


def _stripped(tag: str, prefix: str) -> str:
    return tag.removeprefix(f"{prefix}:") if prefix else tag


def _check_size(part: Part, fed: int) -> None:
    check_unpacked(fed, packed_bytes=part.entry.compress_size, name=part.name)
    if fed > part.most_bytes:
        raise _too_long(part)


def _too_long(part: Part) -> InputError:
    return InputError(
        f"{part.name}: its part {part.entry.filename} is larger than is read from a workbook. Keep "
        "the one sheet with the bars, or save that sheet as CSV.",
        file=part.name,
    )


def _refuse_document_type(part: Part) -> None:
    raise InputError(
        f"{part.name}: its part {part.entry.filename} declares a document type, which no workbook "
        "needs and which can hide entities. Open it in Excel and save it again.",
        file=part.name,
    )
