"""Zip archives: what they list is checked before anything in them is read.

Names in an archive are shown and compared, never used as paths.
"""

import contextlib
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.unpacking import DISK_PROBLEMS, damaged

_MOST_DIRECTORY_BYTES = 4 << 20  # some 40,000 entries; more takes memory by itself
_MOST_ENTRIES = 10_000
_HEADER_BYTES = 30  # of an entry, before its name
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_PIECE_BYTES = 1 << 20
_ENCRYPTED = 1
_LONGEST_SHOWN = 120


@contextlib.contextmanager
def open_archive(path: Path, *, name: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip whose list of entries is sound.

    Raises InputError for a damaged list, too many entries, entries that share bytes, and for
    links, devices and the like, also for what goes wrong while it is open.
    """
    with _sentences(name), _BoundedFile(path) as source, zipfile.ZipFile(source) as archive:
        _check_entries(archive.infolist(), path.stat().st_size, name)
        yield archive


def pieces_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, name: str) -> Iterator[bytes]:
    """Give an entry's bytes; raises InputError where it cannot be unpacked."""
    if entry.flag_bits & _ENCRYPTED:
        raise InputError(f"{name} is locked by a password. Pack it without one.", file=name)
    if entry.compress_type not in _METHODS:
        raise InputError(
            f"{name} is packed by a method (number {entry.compress_type}) that is not read here. "
            "Pack it as an ordinary zip, or give the file itself.",
            file=name,
        )
    unpacked = 0
    with _sentences(name), archive.open(entry) as source:
        while piece := source.read(_PIECE_BYTES):
            unpacked += len(piece)
            yield piece
    if unpacked != entry.file_size:
        raise damaged(name, "zip")


def shown(entry_name: str) -> str:
    """Make a name from an archive fit for a sentence."""
    cleaned = "".join(c if c.isprintable() else "\ufffd" for c in entry_name)
    return cleaned if len(cleaned) <= _LONGEST_SHOWN else cleaned[: _LONGEST_SHOWN - 1] + "…"


class _BoundedFile(io.FileIO):
    """A file that never gives more at once than a list of entries may have."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = -1 if size is None else size
        if wanted > _MOST_DIRECTORY_BYTES:
            raise _TooManyEntriesError
        data = super().read(_MOST_DIRECTORY_BYTES + 1 if wanted < 0 else wanted)
        if data is None or len(data) > _MOST_DIRECTORY_BYTES:
            raise _TooManyEntriesError
        return data


class _TooManyEntriesError(Exception):
    """A list of entries is larger than is read."""


def _check_entries(entries: Sequence[zipfile.ZipInfo], size: int, name: str) -> None:
    if len(entries) > _MOST_ENTRIES:
        raise _too_many(name)
    end = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise InputError(
                f"{name}: {shown(entry.filename)} in it is a link or a device, not a file. Pack "
                "the files themselves.",
                file=name,
            )
        if entry.header_offset < end or entry.header_offset + entry.compress_size > size:
            raise InputError(
                f"{name} is damaged, or made to fill the disk: entries in it share bytes or "
                "lie outside of it. Pack it again.",
                file=name,
            )
        end = entry.header_offset + _HEADER_BYTES + entry.compress_size


def _too_many(name: str) -> InputError:
    return InputError(
        f"{name} has more than {_MOST_ENTRIES:,} entries. Give what you want to bring in alone.",
        file=name,
        allowed=_MOST_ENTRIES,
    )


@contextlib.contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Make a sentence of what zipfile says of damaged archives."""
    try:
        yield
    except _TooManyEntriesError as problem:
        raise _too_many(name) from problem
    except EOFError as problem:
        raise InputError(
            f"{name} is cut: its zip data ends too early. Download it again.", file=name
        ) from problem
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,  # a later version of the format
        RuntimeError,  # a password
        ValueError,  # offsets below zero
        OverflowError,
    ) as problem:
        raise damaged(name, "zip") from problem
    except OSError as problem:
        if problem.errno in DISK_PROBLEMS:
            raise
        raise damaged(name, "zip") from problem
