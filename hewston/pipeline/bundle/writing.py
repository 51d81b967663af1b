"""Writing a bundle: the same run gives the same bytes, in whatever process and on any day."""

import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from hewston.pipeline import artifacts, store
from hewston.pipeline.bundle.form import (
    BUNDLE_FILE,
    DATASET,
    DATASET_MEMBERS,
    FORMAT,
    KIND,
    RUN,
    RUN_MEMBERS,
    SOURCE_MEMBER,
)
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import verify_dataset

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, for a zip
_PIECE_BYTES = 1 << 20


def write_bundle(
    *,
    path: Path,
    run_id: str,
    run_folder: Path,
    manifest_sha256: str = "",
    dataset_folder: Path | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[..., None] = lambda _line: None,
) -> None:
    """Write a finished run to ``path``, with the revision that it used where its folder is given.

    ``manifest_sha256`` is what the catalogue says of the run's manifest, where it says anything.
    Raises InputError (CONFLICT) when a file is not as it was: nothing damaged leaves.
    """
    del log
    manifest = run_folder / artifacts.MANIFEST_FILE
    if manifest_sha256:
        change = store.find_change(manifest, manifest_sha256, of="the catalogue")
        _check(f"run {run_id}", [f"{manifest.name} {change}"] if change else [])
    _check(f"run {run_id}", artifacts.verify_run(run_folder))
    names = RUN_MEMBERS | ({SOURCE_MEMBER} if artifacts.read_source(run_folder) else set())
    files = {name: run_folder / name.removeprefix(f"{RUN}/") for name in names}
    if dataset_folder is not None:
        _check(f"the data of run {run_id}", verify_dataset(dataset_folder))
        files |= {
            name: dataset_folder / name.removeprefix(f"{DATASET}/") for name in DATASET_MEMBERS
        }
    members = {
        name: {"sha256": store.sha256_file(file), "size_bytes": file.stat().st_size}
        for name, file in files.items()
    }
    head = {"kind": KIND, "format": FORMAT, "run_id": run_id, "members": members}
    whole = sum(file.stat().st_size for file in files.values())
    done = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_describe(BUNDLE_FILE), store.json_text(head))
        for name, file in sorted(files.items()):
            entry = _describe(name)
            entry.file_size = file.stat().st_size  # which decides how its header is written
            with file.open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target, _PIECE_BYTES)
            done += entry.file_size
            progress(done / whole)


def _describe(name: str) -> zipfile.ZipInfo:
    """Describe a member by nothing that differs between machines."""
    entry = zipfile.ZipInfo(name, _BEGINNING)
    entry.create_system = 3  # Unix, whatever wrote it
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry


def _check(what: str, problems: list[str]) -> None:
    if problems:
        raise InputError(
            f"{what[0].upper()}{what[1:]} is not whole, so that nobody could use its bundle: "
            f"{problems[0]}",
            code="CONFLICT",
        )
