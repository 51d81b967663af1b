"""Reading a run's artifacts, and only while they are as they were written."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from apps.runs.models import Run
from hewston.http import reading
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import BARS

_FILES = (*map(artifacts.frame_file, artifacts.FRAMES), artifacts.METRICS_FILE)


@contextlib.contextmanager
def reading_run(run: Run, *, with_bars: bool = False) -> Iterator[None]:
    """Read a finished run's artifacts inside this, and with ``with_bars`` the bars that it used.

    A table whose bytes have changed is mostly still a table, of other numbers: so nothing is shown
    of a file before its digest is found to be that of the manifest, and the manifest's that of the
    catalogue. Raises DamagedError that names the file.
    """
    manifest = run.folder / artifacts.MANIFEST_FILE
    bars = [run.revision.folder / BARS] if with_bars else []
    files = [manifest, *(run.folder / name for name in _FILES), *bars]
    with reading("run", run.pk, *files):
        _check(manifest, run.manifest_sha256)
        hashes = store.read_json(manifest)["output_hashes"]
        for name in artifacts.FRAMES:
            _check(run.folder / artifacts.frame_file(name), hashes.get(name))
        _check(run.folder / artifacts.METRICS_FILE, hashes.get(artifacts.METRICS_FILE))
        if artifacts.STRATEGY_FILE in hashes:
            _check(run.folder / artifacts.STRATEGY_FILE, hashes[artifacts.STRATEGY_FILE])
        for path in bars:
            _check(path, run.revision.bars_sha256)
        yield


def _check(path: Path, expected: str | None) -> None:
    state = path.stat()
    if expected and _hash(path, state.st_mtime_ns, state.st_size, state.st_ino) != expected:
        raise InputError(f"{path} was changed.", damage=f"{path.name} was changed since")


@functools.lru_cache(maxsize=4096)
def _hash(path: Path, written_ns: int, size: int, inode: int) -> str:
    """Hash a file again only when the file system says that it is another one."""
    del written_ns, size, inode
    return store.sha256_file(path)
