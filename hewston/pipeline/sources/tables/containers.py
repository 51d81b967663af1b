"""From the file that somebody gives to the plain table in it: text, Excel or Parquet.

What a file is, is told by its bytes, never by its name.
"""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.bytestream import is_zstd
from hewston.pipeline.sources.tables.archives import open_archive, pieces_of, shown
from hewston.pipeline.sources.tables.members import data_files, is_excel
from hewston.pipeline.sources.tables.refused import HEAD_BYTES, check_kind
from hewston.pipeline.sources.tables.unpacking import (
    pieces_of_bz2,
    pieces_of_gz,
    pieces_of_xz,
    pieces_of_zst,
    write_counted,
)

_MOST_LAYERS = 2  # a zip with a csv.gz inside; what is packed more often hides something
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_INSIDE = " \u203a "  # an angle that points to the right
_PARQUET_START = b"PAR1\x15"  # the letters, and the first field of a header or footer
_BZ2_STARTS = tuple(
    b"BZh%d" % level + block
    for level in range(1, 10)
    for block in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
)
_SINGLE = {
    "gz": ((b"\x1f\x8b",), pieces_of_gz),
    "bz2": (_BZ2_STARTS, pieces_of_bz2),
    "xz": ((b"\xfd7zXZ\0",), pieces_of_xz),
}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A plain table file.

    ``path``: the given file, or what was unpacked into ``scratch``. ``kind``: ``text``, ``excel``
    or ``parquet``. ``name``: as messages call it, the zip, an angle, the member. ``compressed``:
    the outer packing: ``gz``, ``zip``, ``zst``, ``bz2`` or ``xz``. ``members``: the files in a zip
    of which one is to be chosen, in its order; empty where there is only one. ``member``: the one
    of the zip that was opened.
    """

    path: Path
    kind: str
    name: str
    compressed: str | None = None
    members: tuple[str, ...] = ()
    member: str | None = None


def unwrap(path: Path, *, name: str, scratch: Path, member: str | None = None) -> Opened:
    """Unpack a file where it is packed, and tell what kind of table it is.

    ``member`` chooses one of several files in a zip; without it the largest is opened.

    Raises InputError that says what the file is when it is no table, when it is damaged or cut,
    and for what unpacks to more than any table has. It then leaves nothing in ``scratch``.
    """
    if not path.is_file():  # opening a pipe would wait for ever
        raise InputError(f"{name} is not a file that can be read.", file=name)
    targets = [scratch / f"unpacked-{layer}" for layer in range(_MOST_LAYERS)]
    try:
        return _unwrapped(Opened(path=path, kind="", name=name), targets, member)
    except BaseException:
        for target in targets:
            target.unlink(missing_ok=True)
        raise


def _unwrapped(given: Opened, targets: list[Path], member: str | None) -> Opened:
    opened = given
    for target in targets:
        if kind := _kind(opened):
            break
        inner = _unpacked(opened, target, member)
        if opened.path != given.path:
            opened.path.unlink()
        opened = replace(inner, compressed=opened.compressed or inner.compressed)
    else:
        kind = _kind(opened)
    if not kind:
        raise InputError(
            f"{given.name} is packed more than {_MOST_LAYERS} times over. Unpack it once and give "
            "what is inside.",
            file=given.name,
        )
    if member is not None and opened.member is None:
        raise InputError(f"{given.name} is no zip from which a file can be chosen.", field="member")
    return replace(opened, kind=kind)


def _head(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as source:
            return source.read(HEAD_BYTES)
    except OSError as problem:
        raise InputError(
            f"{name} cannot be opened: {problem.strerror or problem}.", file=name
        ) from problem


def _kind(opened: Opened) -> str | None:
    """Tell what a table's file is; None where it is packed, InputError where it is no table."""
    head = _head(opened.path, opened.name)
    if head.startswith(_ZIP_STARTS):
        with open_archive(opened.path, name=opened.name) as archive:
            return "excel" if is_excel(archive, name=opened.name) else None
    if _is_packed(head):
        return None
    if head.startswith(_PARQUET_START):
        return "parquet"
    check_kind(head, name=opened.name, path=opened.path)
    return "text"


def _is_packed(head: bytes) -> bool:
    starts = [_ZIP_STARTS, *(starts for starts, _ in _SINGLE.values())]
    return any(head.startswith(some) for some in starts) or is_zstd(head)


def _unpacked(opened: Opened, target: Path, member: str | None) -> Opened:
    """Unpack one layer to ``target``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    head = _head(opened.path, opened.name)
    if head.startswith(_ZIP_STARTS):
        return _unzipped(opened, target, member)
    packing = next((p for p, (starts, _) in _SINGLE.items() if head.startswith(starts)), "zst")
    pieces_of_it = _SINGLE[packing][1] if packing in _SINGLE else pieces_of_zst
    pieces = pieces_of_it(opened.path, name=opened.name)
    first = next(pieces, b"")
    if not _is_packed(first):
        # Before all of it is unpacked for nothing.
        check_kind(first[:HEAD_BYTES], name=opened.name)
    size = opened.path.stat().st_size
    write_counted(itertools.chain([first], pieces), target, packed_bytes=size, name=opened.name)
    return replace(opened, path=target, compressed=packing)


def _unzipped(opened: Opened, target: Path, member: str | None) -> Opened:
    """Unpack the one table of a zip, or the chosen or largest of several."""
    with open_archive(opened.path, name=opened.name) as archive:
        files = data_files(archive.infolist(), name=opened.name)
        if member is None or opened.member:
            chosen = max(files, key=lambda shown_name: files[shown_name].file_size)
        elif member in files:
            chosen = member
        else:
            raise InputError(
                f"{opened.name} holds no file {shown(member)!r} that can be read. Choose one of "
                f"{', '.join(files)}.",
                file=opened.name,
                field="member",
                allowed=list(files),
            )
        name = f"{opened.name}{_INSIDE}{chosen}"
        if opened.compressed and len(files) > 1:
            raise InputError(
                f"{opened.name} is a zip of {len(files)} files inside another file. Unpack it once "
                "and give what is inside.",
                file=opened.name,
            )
        pieces = pieces_of(archive, files[chosen], name=name)
        packed_bytes = files[chosen].compress_size
        write_counted(pieces, target, packed_bytes=packed_bytes, name=name)
    return replace(
        opened,
        path=target,
        name=name,
        compressed="zip",
        members=tuple(files) if len(files) > 1 else (),
        member=chosen,
    )
