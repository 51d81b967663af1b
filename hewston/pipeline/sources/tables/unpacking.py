"""Compressed files, unpacked with their bytes counted as they come out."""

import bz2
import contextlib
import errno
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.bytestream import open_bytes

MOST_BYTES = 4 << 30  # 60 million rows of bars; what a file says of its size does not count
MOST_RATIO = 200  # tables are packed 3 to 40 times; bombs 1,000 times and more
_FREE_BYTES = 64 << 20  # below which any ratio is harmless
DISK_PROBLEMS = {errno.ENOSPC, errno.EDQUOT, errno.EIO}  # nothing that another file would mend
_XZ_MEMORY = 128 << 20  # its strongest usual level needs 65 MB
_READ_BYTES = 1 << 18
_PIECE_BYTES = 1 << 20


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


def pieces_of_gz(path: Path, *, name: str) -> Iterator[bytes]:
    """Give what a gzip file holds; several streams behind each other are one."""
    with _sentences(name, "gz"), gzip.open(path) as source:
        while piece := source.read(_PIECE_BYTES):
            yield piece


def pieces_of_bz2(path: Path, *, name: str) -> Iterator[bytes]:
    """Give what a bzip2 file holds."""
    return _pieces(path, bz2.BZ2Decompressor, name=name, kind="bz2")


def pieces_of_xz(path: Path, *, name: str) -> Iterator[bytes]:
    """Give what an xz file holds."""
    return _pieces(path, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY), name=name, kind="xz")


def pieces_of_zst(path: Path, *, name: str) -> Iterator[bytes]:
    """Give what a zstd file holds."""
    with open_bytes(path, name=name) as source:
        while piece := source.read(_PIECE_BYTES):
            yield piece


def write_counted(pieces: Iterator[bytes], target: Path, *, packed_bytes: int, name: str) -> None:
    """Write the pieces to ``target``, or nothing; ``packed_bytes``: how many they come from.

    Raises InputError as soon as they are more than any table has.
    """
    written = 0
    try:
        with target.open("wb") as writer:
            for piece in pieces:
                written += len(piece)
                check_unpacked(written, packed_bytes=packed_bytes, name=name)
                writer.write(piece)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def check_unpacked(written: int, *, packed_bytes: int, name: str) -> None:
    """Raise InputError when ``written`` bytes are more than any table unpacks to."""
    if written > MOST_BYTES:
        raise InputError(
            f"{name} unpacks to more than {MOST_BYTES >> 30} GB. Split it into smaller files.",
            file=name,
            allowed=MOST_BYTES,
        )
    if written > _FREE_BYTES and written > MOST_RATIO * packed_bytes:
        raise InputError(
            f"{name} unpacks to more than {MOST_RATIO} times its size, as no table does. It is "
            "damaged or made to fill the disk.",
            file=name,
            allowed=MOST_RATIO,
        )


def _pieces(
    path: Path, decompressor_of: Callable[[], _Decompressor], *, name: str, kind: str
) -> Iterator[bytes]:
    with _sentences(name, kind), path.open("rb") as source:
        held = source.read(_READ_BYTES)
        while held:  # one stream after the other
            decompressor = decompressor_of()
            while not decompressor.eof:
                if decompressor.needs_input and not held:
                    held = source.read(_READ_BYTES)
                    if not held:
                        raise EOFError
                piece = decompressor.decompress(held, _PIECE_BYTES)
                held = b""
                if piece:
                    yield piece
            held = decompressor.unused_data or source.read(_READ_BYTES)


@contextlib.contextmanager
def _sentences(name: str, kind: str) -> Iterator[None]:
    """Make a sentence of what decompressors say of damaged data."""
    try:
        yield
    except EOFError as problem:
        raise InputError(
            f"{name} is cut: its {kind} data ends too early. Download it again.", file=name
        ) from problem
    except (zlib.error, gzip.BadGzipFile, lzma.LZMAError, ValueError) as problem:
        raise damaged(name, kind) from problem
    except OSError as problem:
        if problem.errno in DISK_PROBLEMS:
            raise
        raise damaged(name, kind) from problem


def damaged(name: str, kind: str) -> InputError:
    """Say that compressed data cannot be read."""
    return InputError(
        f"{name} cannot be unpacked: its {kind} data is damaged. Download it again.", file=name
    )
