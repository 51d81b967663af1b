"""Every path under the data root, and how files get there: whole, once, or not at all.

A job writes into its own folder under ``tmp/`` while it holds that folder's lock. What is
ready is fsynced and renamed into place in one step. A lock that nobody holds marks what a
crash left behind; ``sweep`` removes it.
"""

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hewston.pipeline.errors import InputError

Stamp = tuple[int, int, int]  # of a file: ns of its last change, bytes, inode
EQUALITY = "equality"  # the folder of a dataset's reports, beside those of its revisions


def sha256_file(path: Path) -> str:
    """Hash a file's bytes; 64 hexadecimal digits."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def find_change(path: Path, sha256: str | None, *, of: str) -> str:
    """Say how a file is not the one with this digest, which ``of`` names; blank when it is.

    It goes on after the file's name. When the file system says that it was last written tells
    whether somebody wrote it since, or its medium fails.
    """
    try:
        found = sha256_file(path)
        written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except (FileNotFoundError, IsADirectoryError):
        return "is missing."
    except OSError as problem:
        return f"cannot be read: {problem.strerror}."
    if found == sha256:
        return ""
    return (
        f"differs from {of}: its SHA-256 is {found}, and was {sha256}. The file was last written "
        f"{written:%Y-%m-%d %H:%M:%S} UTC."
    )


def stamp_file(path: Path) -> Stamp:
    """Tell a file from one that took its place: what is kept of it in memory is kept beside this.

    Raises OSError where there is none.
    """
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def json_text(value: object) -> str:
    """Render JSON for a file one way only: sorted keys, two spaces, no NaN, a final newline."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, value: object) -> None:
    """Write JSON as ``json_text`` renders it, in UTF-8."""
    path.write_text(json_text(value), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; raises InputError that names the file when it is not one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", file=str(path)) from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{path} cannot be read: {problem}", file=str(path)) from problem
    if not isinstance(value, dict):
        raise InputError(f"{path} does not hold a JSON object.", file=str(path))
    return value


def read_canonical_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that ``write_json`` wrote; raises InputError for one in another form.

    So no number in it is NaN or infinite, and no key is there twice.
    """
    value = read_json(path)
    try:
        is_ours = json_text(value) == path.read_text(encoding="utf-8")
    except ValueError:
        is_ours = False
    if not is_ours:
        raise InputError(f"{path.name} was not written by Hewston.", file=path.name)
    return value


class Store:
    """The data root: which file is where."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def temporary(self) -> Path:
        """Where jobs stage what is not ready."""
        return self.root / "tmp"

    def deleted(self, kind: str) -> Path:
        """Where folders wait whose rows are being deleted; ``kind`` is ``runs`` or ``datasets``."""
        return self.root / "deleted" / kind

    @property
    def cache(self) -> Path:
        """Where lies what can be made again; names say by the hash what it was made of."""
        return self.root / "cache"

    def differences(self, before: str, after: str, *, version: int) -> Path:
        """Folder of what two revisions' bars do not share, by their hashes: a cache."""
        return self.cache / "differences" / f"{before[:12]}-{after[:12]}-{version}"

    @property
    def uploads(self) -> Path:
        """Where uploaded files wait for their ingest, a folder an upload."""
        return self.root / "uploads"

    @property
    def raw(self) -> Path:
        """Where source files are kept by content."""
        return self.root / "raw"

    def raw_file(self, sha256: str, suffix: str) -> Path:
        """Place of a source file; ``suffix`` is ``.dbn`` or ``.dbn.zst``."""
        return self.raw / f"{sha256}{suffix}"

    def dataset(self, dataset_id: str) -> Path:
        """Folder of all revisions of a dataset."""
        return self.root / "datasets" / dataset_id

    def dataset_folder(self, dataset_id: str, bars_sha256: str) -> Path:
        """Folder of one revision of a dataset."""
        return self.dataset(dataset_id) / bars_sha256[:12]

    def equality_folder(self, dataset_id: str, bars_sha256: str, digest: str) -> Path:
        """Folder of the report that compares a revision with what has this digest."""
        return self.dataset(dataset_id) / EQUALITY / bars_sha256[:12] / digest[:12]

    def run_folder(self, run_id: str) -> Path:
        """Folder of one run's artifacts."""
        return self.root / "runs" / run_id

    @property
    def bridges(self) -> Path:
        """Where bridge artifacts are kept, a folder each; beside them are other folders."""
        return self.root / "parity"

    def bridge_folder(self, artifact_id: str) -> Path:
        """Folder of one bridge artifact."""
        return self.bridges / artifact_id

    @property
    def bridge_drafts(self) -> Path:
        """Where uploads wait that somebody looks at before they are kept, a folder each."""
        return self.root / "parity" / "drafts"

    @property
    def boards(self) -> Path:
        """Where the pairs of boards are kept, a folder a board."""
        return self.root / "parity" / "boards"

    def board_folder(self, board_id: str) -> Path:
        """Folder of a board's strategies and lists of trades."""
        return self.boards / board_id

    @property
    def comparisons(self) -> Path:
        """Where comparisons with what Pine said are kept, a folder each."""
        return self.root / "parity" / "comparisons"

    def comparison_folder(self, comparison_id: str) -> Path:
        """Folder of a comparison's report and tables."""
        return self.comparisons / comparison_id

    def levels(self, bars_sha256: str, version: int) -> Path:
        """Folder of longer bars that were made of a revision's bars: a cache."""
        return self.cache / "levels" / f"{bars_sha256[:12]}-{version}"

    def breakdowns(self, bars_sha256: str, version: int) -> Path:
        """Folder of what was made of the results of runs on a revision's bars: a cache."""
        return self.cache / "breakdowns" / f"{bars_sha256[:12]}-{version}"

    def log_file(self, job_id: str) -> Path:
        """Append-only log of a run or an ingest, one JSON object a line."""
        return self.root / "logs" / f"{job_id}.jsonl"

    def lock_file(self, job_id: str) -> Path:
        """Lock that a job holds as long as its process lives."""
        return self.temporary / f"{job_id}.lock"

    @contextlib.contextmanager
    def staging(self, job_id: str) -> Iterator[Path]:
        """Hold the job's lock and give it an empty folder, which is removed at the end.

        Raises BlockingIOError when another process holds the lock.
        """
        self.temporary.mkdir(parents=True, exist_ok=True)
        lock = _acquire(self.lock_file(job_id))
        folder = self.temporary / job_id
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self.lock_file(job_id).unlink(missing_ok=True)
            os.close(lock)

    def is_alive(self, job_id: str) -> bool:
        """Tell whether some process holds the job's lock."""
        path = self.lock_file(job_id)
        if not path.exists():
            return False
        try:
            lock = _acquire(path)
        except BlockingIOError:
            return True
        os.close(lock)
        return False

    def sweep(self) -> list[str]:
        """Remove what dead jobs left under ``tmp/``; returns their ids, sorted."""
        if not self.temporary.is_dir():
            return []
        jobs = {path.name.removesuffix(".lock") for path in self.temporary.iterdir()}
        swept = []
        for job_id in sorted(jobs):
            with contextlib.suppress(BlockingIOError), self.staging(job_id):
                swept.append(job_id)
        return swept


def _acquire(path: Path) -> int:
    """Open and lock a file without waiting; retries when its holder removed it meanwhile."""
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def publish(staged: Path, final: Path) -> bool:
    """Move a ready file or folder into place: fsync all of it, then rename in one step.

    Returns False and leaves ``staged`` alone when ``final`` is already there. Files become
    read-only: nothing in the store is edited.
    """
    files = [staged] if staged.is_file() else sorted(p for p in staged.rglob("*") if p.is_file())
    for path in files:
        path.chmod(0o444)
        _fsync(path)
    if staged.is_dir():
        _fsync(staged)
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():
        return False
    try:
        staged.rename(final)
    except OSError as problem:
        if problem.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False  # another process published the same content first
        raise
    _fsync(final.parent)
    return True


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
