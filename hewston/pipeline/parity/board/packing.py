"""Bringing the pairs of a folder or of a zip to a place of their own."""

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.board.pairs import LISTS, MOST_PAIRS, SOURCE, find_pairs
from hewston.pipeline.sources.tables.archives import open_archive, pieces_of, shown

MOST_BYTES = 2 << 30  # of all files of a board, unpacked
_MOST_FILE_BYTES = 128 << 20
_MOST_TIMES = 200  # that text becomes smaller at best; a zip bomb does by a thousand
_LONGEST_NAME = 200  # bytes


def copy_pairs(*, source: Path, target: Path) -> tuple[str, ...]:
    """Copy the files of a folder's pairs; gives the names of those that are part of none.

    Raises InputError as ``find_pairs``, and where they are too large.
    """
    found = find_pairs(source)
    files = [
        path for pair in found.pairs for path in (pair.source, pair.listed) if path is not None
    ]
    _check_sizes([(path.name, path.stat().st_size) for path in files], name=source.name)
    for path in files:
        try:
            shutil.copyfile(path, target / path.name)
        except OSError as problem:
            raise InputError(
                f"{path.name} cannot be read: {problem.strerror or problem}.",
                field="folder",
                file=path.name,
            ) from problem
    return found.ignored


def unpack_pairs(*, archive: Path, target: Path, name: str, **_told: object) -> tuple[str, ...]:
    """Unpack the files of a zip's pairs; gives the names of those that are part of none.

    In which of the zip's folders a file lies does not matter. What a zip says of itself is checked
    before anything of it is read. Raises InputError for one that is damaged or too large, for two
    files of one name, and as ``find_pairs``.
    """
    ignored: list[str] = []
    with open_archive(archive, name=name) as opened:
        entries: dict[str, zipfile.ZipInfo] = {}
        for entry in opened.infolist():
            place = PurePosixPath(entry.filename.replace("\\", "/"))
            if entry.is_dir() or place.parts[:1] == ("__MACOSX",) or place.name.startswith("."):
                continue
            if place.suffix.lower() not in {SOURCE, *LISTS}:
                ignored.append(shown(place.name))
                continue
            _check_name(place.name, name)
            if place.name in entries:
                raise InputError(
                    f"{name} has two files that are called {shown(place.name)}. Give every pair "
                    "a name of its own.",
                    field="file",
                    file=name,
                )
            entries[place.name] = entry
        _check_sizes([(one, entry.file_size) for one, entry in entries.items()], name=name)
        _check_packing(list(entries.values()), name)
        for one, entry in entries.items():
            with (target / one).open("xb") as file:
                for piece in pieces_of(opened, entry, name=f"{shown(one)} in {name}"):
                    file.write(piece)
    find_pairs(target, name=name)
    return tuple(ignored)


def _check_name(given: str, name: str) -> None:
    if not given.isprintable() or len(given.encode(errors="replace")) > _LONGEST_NAME:
        raise InputError(
            f"{name} has a file whose name cannot be kept: {shown(given)}. Give it a plain name "
            f"of at most {_LONGEST_NAME} bytes.",
            field="file",
            file=name,
        )


def _check_sizes(files: Sequence[tuple[str, int]], *, name: str) -> None:
    if len(files) > 2 * MOST_PAIRS:
        raise InputError(
            f"{name} has {len(files):,} strategies and lists; a board has at most {MOST_PAIRS:,} "
            "pairs.",
            field="folder",
            allowed=f"at most {MOST_PAIRS:,} pairs",
        )
    for one, size in files:
        if size > _MOST_FILE_BYTES:
            raise InputError(
                f"{shown(one)} has {size / 1e6:,.0f} MB; a file of a board has at most "
                f"{_MOST_FILE_BYTES / 1e6:,.0f} MB.",
                code="PAYLOAD_TOO_LARGE",
                file=shown(one),
            )
    total = sum(size for _, size in files)
    if total > MOST_BYTES:
        raise InputError(
            f"{name} has {total / 1e9:,.1f} GB; a board has at most {MOST_BYTES / 1e9:,.1f} GB.",
            code="PAYLOAD_TOO_LARGE",
            file=name,
        )


def _check_packing(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Refuse what was packed by far more than text can be, before it fills the disk."""
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MOST_TIMES * max(packed, 1) and unpacked > _MOST_FILE_BYTES // 8:
        raise InputError(
            f"{name} would become {unpacked / max(packed, 1):,.0f} times as large when it is "
            "unpacked: no lists of trades do. Nothing of it was kept.",
            code="PAYLOAD_TOO_LARGE",
            file=name,
        )
