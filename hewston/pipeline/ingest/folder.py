"""A dataset's folder: its manifest, whether it is whole, and how to derive it again."""

import functools
import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from hewston.pipeline import store
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.drafts import DatasetDraft, Progress
from hewston.pipeline.ingest.files import Given
from hewston.pipeline.ingest.tables.deriving import PROVIDER, rederive_table
from hewston.pipeline.ingest.ticks import Options, derive_given, silent
from hewston.pipeline.spec import sha256_text

BARS, QUALITY, MANIFEST = "bars.parquet", "quality.json", "manifest.json"
_TOOLS = ("polars", "numpy", "databento-dbn", "backports-zstd", "exchange-calendars")
REBAR_PARAMS = {
    "clock": "utc",
    "bucket_field": "ts_recv",
    "session_handling": "explicit-DST",
    "aggregation": "first, highest, lowest and last print in file order; no bar without a print",
    "tbbo_agg": "mean, first and last of two-sided quotes with bid <= ask",
}
TABLE_PARAMS = {
    "clock": "utc",
    "bucket_field": "start of each bar, as options.reading says of the table's times",
    "session_handling": "explicit-DST",
    "aggregation": "none: one bar for each row, equal rows once",
    "tbbo_agg": "none",
}


def dataset_manifest(draft: DatasetDraft, *, dataset_id: str, created_at: str) -> dict[str, object]:
    """Put together what manifest.json holds; ``created_at`` and the tools are in no hash."""
    return {
        "dataset_id": dataset_id,
        "symbol": draft.symbol,
        "instrument": draft.instrument.as_json(),
        "interval": draft.interval,
        "from": draft.from_date.isoformat(),
        "to": draft.to_date.isoformat(),
        "whole_year": draft.whole_year,
        "products": list(draft.products),
        "provider": draft.provider,
        "venue_code": draft.venue_code,
        "adjustment": draft.adjustment,
        "rebar_params": dict(TABLE_PARAMS if draft.provider == PROVIDER else REBAR_PARAMS),
        "options": dict(draft.options),
        "raw_files": [
            {
                "name": raw.name,
                "sha256": raw.sha256,
                "suffix": raw.suffix,
                "size_bytes": raw.size_bytes,
            }
            for raw in draft.raw_files
        ],
        "input_hashes": {raw.name: raw.sha256 for raw in draft.raw_files},
        "output_hashes": {
            "bars_parquet_sha256": draft.bars_sha256,
            "quality_json_sha256": sha256_text(store.json_text(draft.quality)),
        },
        "rows": draft.rows,
        "calendar": draft.calendar,
        "calendar_version": draft.calendar_version,
        "tz": draft.tz,
        "corp_actions_source_version": None,
        "tool_versions": dict(_tool_versions()),
        "created_at": created_at,
    }


@functools.cache
def _tool_versions() -> Mapping[str, str]:
    """Name the releases; they are looked up on the disk, once and not for every dataset."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _TOOLS},
    }


def write_dataset(
    folder: Path, draft: DatasetDraft, *, dataset_id: str, created_at: str
) -> dict[str, object]:
    """Fill a new folder with a draft's files, the manifest last; returns the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    draft.bars.rename(folder / BARS)
    store.write_json(folder / QUALITY, draft.quality)
    manifest = dataset_manifest(draft, dataset_id=dataset_id, created_at=created_at)
    store.write_json(folder / MANIFEST, manifest)
    return manifest


def verify_dataset(folder: Path) -> list[str]:
    """List what is wrong with a stored dataset, in sentences; none when it is whole."""
    try:
        manifest = store.read_json(folder / MANIFEST)
    except InputError as problem:
        return [problem.message]
    expected = manifest.get("output_hashes")
    if not isinstance(expected, dict):
        return [f"{MANIFEST} names no output hashes."]
    problems = []
    for name, key in ((BARS, "bars_parquet_sha256"), (QUALITY, "quality_json_sha256")):
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing.")
        elif (found := store.sha256_file(path)) != expected.get(key):
            problems.append(
                f"{name} has changed: its SHA-256 is {found}, "
                f"the manifest says {expected.get(key)}."
            )
    known = {BARS, QUALITY, MANIFEST}
    problems += [
        f"{path.name} does not belong to the dataset."
        for path in sorted(folder.iterdir())
        if path.name not in known
    ]
    if not problems:
        rows = pl.scan_parquet(folder / BARS).select(pl.len()).collect().item()
        if rows != manifest.get("rows"):
            problems.append(f"{BARS} has {rows} rows, the manifest says {manifest.get('rows')}.")
    return problems


def rederive(
    manifest: Mapping[str, object], raw: Path, *, staging: Path, progress: Progress = silent
) -> DatasetDraft:
    """Derive a dataset again from its manifest and the stored source files alone.

    Raises InputError when a source file is missing or changed.
    """
    options, files = manifest.get("options"), manifest.get("raw_files")
    if not isinstance(options, dict) or not isinstance(files, list) or not files:
        raise InputError("The manifest does not say what the dataset was derived from.")
    given = []
    for file in files:
        path = raw / f"{file['sha256']}{file['suffix']}"
        if not path.is_file():
            raise InputError(
                f"The source file {file['name']} is no longer in the store as {path.name}.",
                file=str(file["name"]),
            )
        if store.sha256_file(path) != file["sha256"]:
            raise InputError(
                f"The source file {file['name']} has changed in the store ({path.name}).",
                file=str(file["name"]),
            )
        given.append(Given(path=path, name=str(file["name"]), alone=True))
    if "reading" in options:
        return rederive_table(manifest, given, staging=staging, progress=progress)
    derivation = derive_given(
        given,
        staging=staging,
        options=Options(
            symbol=str(options["symbol"]),
            vendor_dataset=str(options["vendor_dataset"]),
            overrides=options["overrides"],
            calendar=str(options["calendar"]),
            conditions=options.get("conditions"),
        ),
        progress=progress,
    )
    return derivation.drafts[0]
