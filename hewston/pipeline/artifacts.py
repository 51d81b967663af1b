"""Stage 7: a run's folder: frames, metrics and the manifest that proves them."""

import dataclasses
import functools
import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import schemas, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.spec import RunSpec, is_version

FRAMES: dict[str, schemas.Schema] = {
    "signals": schemas.SIGNALS,
    "orders": schemas.ORDERS,
    "fills": schemas.FILLS,
    "trades": schemas.TRADES_RT,
    "equity": schemas.EQUITY,
}
METRICS_FILE = "metrics.json"
MANIFEST_FILE = "run-manifest.json"
STRATEGY_FILE = "strategy.py"  # the source of a version, which built-in strategies have none of

_PIPELINE = Path(__file__).resolve().parent
_ROW_GROUP_ROWS = 131_072  # fixed, as the bytes depend on it
_KEY_PACKAGES = ("nautilus-trader", "numpy", "pandas", "polars", "exchange-calendars")


def frame_file(name: str) -> str:
    """Name the file of one of ``FRAMES``."""
    return f"{name}.parquet"


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame so that the same rows give the same bytes."""
    frame.rechunk().write_parquet(path, compression="zstd", row_group_size=_ROW_GROUP_ROWS)


def read_frame(folder: Path, name: str) -> pl.DataFrame:
    """Read one of ``FRAMES`` of a complete run."""
    return pl.read_parquet(folder / frame_file(name))


@functools.cache
def hash_code() -> str:
    """Hash the names and bytes of the pipeline's sources: what computes a result, and no more.

    Once a process: what is edited later is not what this process runs.
    """
    digest = hashlib.sha256()
    for path in sorted(_PIPELINE.rglob("*.py")):
        digest.update(path.relative_to(_PIPELINE).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def describe_environment() -> dict[str, object]:
    """Say what computed a result besides our code: interpreter, locked packages, machine."""
    lock = _PIPELINE.parent.parent / "uv.lock"
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "uv_lock_sha256": store.sha256_file(lock) if lock.is_file() else None,
        "packages": {name: importlib.metadata.version(name) for name in _KEY_PACKAGES},
        "architecture": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip(),
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a manifest says besides the hashes of the outputs."""

    spec: RunSpec
    dataset_id: str
    dataset_interval: str = "1m"  # of the dataset's bars; the spec has that of the run
    code_hash: str
    git_commit: str | None
    created_at: str  # ISO 8601, UTC; outside what is hashed
    source: bytes | None = None  # of the strategy, where that is a version


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished run says of itself besides its folder. ``timings_ms`` is never hashed."""

    metrics: Mapping[str, Any]
    manifest: Mapping[str, Any]
    timings_ms: Mapping[str, int]


def write_run(
    folder: Path,
    *,
    record: RunRecord,
    frames: Mapping[str, pl.DataFrame],
    metrics: Mapping[str, object],
) -> dict[str, Any]:
    """Write all artifacts of a run, the manifest last; returns the manifest."""
    for name in FRAMES:
        write_frame(frames[name], folder / frame_file(name))
    store.write_json(folder / METRICS_FILE, metrics)
    if record.source is not None:
        (folder / STRATEGY_FILE).write_bytes(record.source)
    manifest: dict[str, Any] = {
        "kind": "run",
        "spec": record.spec.as_json(),
        "dataset_id": record.dataset_id,
        "dataset_interval": record.dataset_interval,
        "calendar": record.spec.calendar,
        "tz": record.spec.tz,
        "code_hash": record.code_hash,
        "env_lock": describe_environment(),
        "git_commit": record.git_commit,
        "input_hash": record.spec.input_hash(record.code_hash),
        "output_hashes": hash_outputs(folder),
        "created_at": record.created_at,
    }
    store.write_json(folder / MANIFEST_FILE, manifest)
    return manifest


def dataset_interval(manifest: Mapping[str, Any]) -> str:
    """Give the interval of the bars that a run read; older manifests do not say it: one minute."""
    return str(manifest.get("dataset_interval", "1m"))


def hash_outputs(folder: Path) -> dict[str, str]:
    """Hash every artifact in the folder, by the names that manifests use.

    Of a run of a version, its strategy's source is one.
    """
    files = {name: folder / frame_file(name) for name in FRAMES}
    files[METRICS_FILE] = folder / METRICS_FILE
    if (source := folder / STRATEGY_FILE).is_file():
        files[STRATEGY_FILE] = source
    return {name: store.sha256_file(path) for name, path in files.items()}


def read_source(folder: Path) -> bytes | None:
    """Read the source of a run's strategy; None for a built-in one, whose source is ours."""
    path = folder / STRATEGY_FILE
    return path.read_bytes() if path.is_file() else None


def verify_run(folder: Path) -> list[str]:
    """Compare a run's folder with its manifest; returns a sentence for each problem."""
    try:
        manifest = store.read_json(folder / MANIFEST_FILE)
        spec = RunSpec.from_json(manifest["spec"])
        expected = dict(manifest["output_hashes"])
        input_hash = spec.input_hash(str(manifest["code_hash"]))
    except InputError as problem:
        return [problem.message]
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        return [f"{folder / MANIFEST_FILE} is not a run's manifest: {problem!r}."]
    problems = []
    if (manifest.get("calendar"), manifest.get("tz")) != (spec.calendar, spec.tz):
        problems.append("The manifest's calendar and tz are not those of its spec.")
    if input_hash != manifest.get("input_hash"):
        problems.append("The manifest's input_hash does not follow from its spec and code_hash.")
    if is_version(spec.strategy_id) and expected.get(STRATEGY_FILE) != spec.strategy_sha256:
        problems.append(f"The manifest's {STRATEGY_FILE} is not the source that its spec names.")
    paths = {name: folder / frame_file(name) for name in FRAMES}
    others = (METRICS_FILE, STRATEGY_FILE) if is_version(spec.strategy_id) else (METRICS_FILE,)
    paths |= {name: folder / name for name in others}
    for name, path in sorted(paths.items()):
        if change := store.find_change(path, expected.get(name), of="the manifest"):
            problems.append(f"{path.name} {change}")
    problems.extend(
        f"{path.name} does not belong to the run."
        for path in sorted(folder.iterdir())
        if path not in {folder / MANIFEST_FILE, *paths.values()}
    )
    return problems
