"""Reading a bundle, which anybody may have made: nothing in it is believed before it is checked.

Members have names that are known here, so no name in a bundle becomes a path; they are stored and
not packed, so none is larger than the file; each is counted and hashed as it is copied.
"""

import dataclasses
import datetime as dt
import hashlib
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from polars.exceptions import PanicException, PolarsError

from hewston.pipeline import store
from hewston.pipeline.bundle.checks import check_dataset, check_run
from hewston.pipeline.bundle.form import (
    BUNDLE_FILE,
    DATASET,
    DATASET_MEMBERS,
    FORMAT,
    KIND,
    RUN,
    RUN_MEMBERS,
    SOURCE_MEMBER,
    most_bytes,
)
from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.archives import open_archive, pieces_of, shown
from hewston.pipeline.spec import RunSpec

_ZIP = b"PK"  # what every zip begins with
RUN_ID = re.compile(r"[0-9a-f]{12}")
_MOST_MEMBERS = 2 + len(RUN_MEMBERS) + len(DATASET_MEMBERS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contents:
    """What a bundle holds, checked and unpacked into ``run/`` and ``dataset/`` of a folder."""

    run_id: str  # where it was made
    spec: RunSpec
    manifest: Mapping[str, Any]
    values: Mapping[str, float | None]  # its metrics
    bars: int  # that the run traded
    dataset: Mapping[str, Any] | None  # the manifest of its data, where that is in the bundle
    first_ts: dt.datetime | None = None  # of that data's bars
    last_ts: dt.datetime | None = None
    warnings: int = 0  # of that data's quality report


def unpack_bundle(
    *,
    path: Path,
    name: str,
    folder: Path,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[..., None] = lambda _line: None,
) -> Contents:
    """Unpack a bundle into an empty folder and check all that can be checked without a catalogue.

    ``name`` is what sentences call it. Raises InputError, whatever is wrong with it.
    """
    del log
    with path.open("rb") as file:
        start = file.read(len(_ZIP))
    if start and not _ZIP.startswith(start):
        raise _no_bundle(name, "it is no zip")
    try:
        with open_archive(path, name=name) as archive:
            head = _extract_all(archive, name, folder, progress)
        run = check_run(folder / RUN)
        data = check_dataset(folder / DATASET, run.spec, run.manifest) if _has_data(head) else None
    except (PolarsError, PanicException, RecursionError) as problem:
        raise InputError(
            f"{name} holds a file that cannot be read, although it is as the bundle says: it was "
            "not made by `export`.",
            file=name,
        ) from problem
    return Contents(
        run_id=str(head["run_id"]),
        spec=run.spec,
        manifest=run.manifest,
        values=run.values,
        bars=run.bars,
        dataset=data.manifest if data else None,
        first_ts=data.first_ts if data else None,
        last_ts=data.last_ts if data else None,
        warnings=data.warnings if data else 0,
    )


def _no_bundle(name: str, reason: str) -> InputError:
    return InputError(
        f"{name} is not a bundle of a run: {reason}. `manage.py export RUN_ID --to FILE.zip` makes "
        "one.",
        file=name,
    )


def _has_data(head: Mapping[str, Any]) -> bool:
    return any(name in DATASET_MEMBERS for name in head["members"])


def _extract_all(
    archive: zipfile.ZipFile, name: str, folder: Path, progress: Callable[[float], None]
) -> Mapping[str, Any]:
    entries = _list_entries(archive.infolist(), name)
    if BUNDLE_FILE not in entries:
        raise _no_bundle(name, f"it has no {BUNDLE_FILE}")
    _extract(archive, entries[BUNDLE_FILE], folder / BUNDLE_FILE, name, None)
    head = store.read_canonical_json(folder / BUNDLE_FILE)
    members = _check_head(head, set(entries) - {BUNDLE_FILE}, name)
    whole = sum(entry.file_size for entry in entries.values()) or 1
    done = 0
    for member, said in sorted(members.items()):
        target = folder / member
        target.parent.mkdir(exist_ok=True)
        _extract(archive, entries[member], target, name, said)
        done += entries[member].file_size
        progress(done / whole)
    return head


def _list_entries(entries: Sequence[zipfile.ZipInfo], name: str) -> dict[str, zipfile.ZipInfo]:
    """Give the members by name; raises InputError for what no bundle has."""
    if len(entries) > 10 * _MOST_MEMBERS:  # below that, the one that does not belong is named
        raise InputError(
            f"{name} is not a bundle of a run: it has {len(entries):,} members, and a bundle has "
            f"{_MOST_MEMBERS} at most.",
            file=name,
        )
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        member = entry.filename
        if member not in RUN_MEMBERS | DATASET_MEMBERS | {BUNDLE_FILE, SOURCE_MEMBER}:
            raise InputError(
                f"{name} has a member {shown(member)}, which no bundle has. Give the file as "
                "`export` wrote it.",
                file=name,
            )
        if member in found:
            raise InputError(f"{name} has {member} twice: it was not made by `export`.", file=name)
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise InputError(
                f"{name} was packed again: {member} in it is compressed. Give the file as "
                "`export` wrote it.",
                file=name,
            )
        limit = most_bytes(member)
        if limit is not None and entry.file_size > limit:
            raise InputError(
                f"{member} in {name} has {entry.file_size:,} bytes; none has more than {limit:,}.",
                file=name,
            )
        found[member] = entry
    return found


def _check_head(
    head: Mapping[str, Any], there: set[str], name: str
) -> Mapping[str, Mapping[str, Any]]:
    """Check what a bundle says of itself; returns its members by name."""
    if head.get("kind") != KIND:
        raise InputError(f"{name} is not a bundle of a run: {BUNDLE_FILE} says otherwise.")
    if head.get("format") != FORMAT:
        raise InputError(
            f"{name} is a bundle of format {str(head.get('format'))[:20]}, and this version reads "
            f"format {FORMAT}. Use the version of Hewston that made it.",
            file=name,
        )
    run_id, members = head.get("run_id"), head.get("members")
    is_listed = (
        isinstance(run_id, str)
        and RUN_ID.fullmatch(run_id) is not None
        and isinstance(members, dict)
        and all(isinstance(said, dict) for said in members.values())
    )
    if not is_listed or not isinstance(members, dict):
        raise InputError(f"{BUNDLE_FILE} in {name} does not list its members.", file=name)
    named = set(members)
    wanted = RUN_MEMBERS | (DATASET_MEMBERS if named & DATASET_MEMBERS else set())
    wanted |= named & {SOURCE_MEMBER}
    for missing in sorted((wanted | named) - there):
        raise InputError(f"{missing[:80]} is missing in {name}: it is cut, or damaged.", file=name)
    for unknown in sorted(there - named) or sorted(named - wanted):
        raise InputError(f"{unknown} in {name} is not listed in {BUNDLE_FILE}.", file=name)
    return members


def _extract(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    target: Path,
    name: str,
    said: Mapping[str, Any] | None,
) -> None:
    """Copy a member; ``said`` is what the bundle says of it."""
    if said is not None and said.get("size_bytes") != entry.file_size:
        raise InputError(
            f"{entry.filename} in {name} has {entry.file_size:,} bytes, and {BUNDLE_FILE} says "
            f"{str(said.get('size_bytes'))[:20]}.",
            file=name,
        )
    digest = hashlib.sha256()
    with target.open("xb") as copy:
        for piece in pieces_of(archive, entry, name=name):
            digest.update(piece)
            copy.write(piece)
    if said is not None and said.get("sha256") != digest.hexdigest():
        raise InputError(
            f"{entry.filename} in {name} was changed: its SHA-256 is {digest.hexdigest()}, and "
            f"{BUNDLE_FILE} says {str(said.get('sha256'))[:64]}.",
            file=name,
        )
