"""Whether what a bundle holds is a run and a revision as this installation could have made them.

Nobody can tell by looking whether results are true: that takes `reproduce`. What is checked here is
that every file is of its kind, fits the others and is safe to show.
"""

import dataclasses
import datetime as dt
import math
import re
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import polars as pl

from hewston.pipeline import artifacts, calendar, schemas, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import BARS, MANIFEST, QUALITY, verify_dataset
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.resampling import check_interval
from hewston.pipeline.sources.capabilities import SOURCES
from hewston.pipeline.spec import (
    RUN_FIELDS,
    AssetClass,
    Instrument,
    RunSpec,
    canonical_json,
    read_run_fields,
)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SEVERITIES = ("info", "warning", "error")
_PRODUCTS = ("TRADES", "TBBO", "OHLCV")
_MOST_PER_BAR = 50  # orders, fills or trades, and rows of any table for each of them
_LONGEST_TEXT = 1_000
_MOST_PARAMS = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoundRun:
    """A run's folder that is whole."""

    spec: RunSpec
    manifest: Mapping[str, Any]
    values: Mapping[str, float | None]
    bars: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoundData:
    """A revision's folder that is whole."""

    manifest: Mapping[str, Any]
    first_ts: dt.datetime
    last_ts: dt.datetime
    warnings: int


def check_run(folder: Path) -> FoundRun:
    """Check a run's folder; raises InputError that names what is wrong."""
    for problem in artifacts.verify_run(folder):
        raise InputError(f"The run in the bundle is not whole: {problem}")
    manifest = store.read_canonical_json(folder / artifacts.MANIFEST_FILE)
    spec = RunSpec.from_json(manifest["spec"])
    _check_spec(manifest["spec"], spec)
    _check_run_manifest(manifest, spec)
    bars = _check_frames(folder)
    values = _check_metrics(store.read_canonical_json(folder / artifacts.METRICS_FILE), bars)
    return FoundRun(spec=spec, manifest=manifest, values=values, bars=bars)


def check_dataset(folder: Path, spec: RunSpec, run_manifest: Mapping[str, Any]) -> FoundData:
    """Check the revision that a run used; raises InputError that names what is wrong."""
    for problem in verify_dataset(folder):
        raise InputError(f"The data in the bundle is not whole: {problem}")
    manifest = store.read_canonical_json(folder / MANIFEST)
    if manifest["output_hashes"]["bars_parquet_sha256"] != spec.bars_sha256:
        raise InputError("The data in the bundle is not what its run used: other bars.")
    _check_dataset_manifest(manifest, spec, artifacts.dataset_interval(run_manifest))
    bars = pl.read_parquet(folder / BARS)
    if dict(bars.schema) != dict(pl.Schema(schemas.BARS)) or bars.is_empty():
        raise _odd(BARS, "its columns")
    if not _is_rising(bars["ts_open"]):
        raise _odd(BARS, "ts_open")
    findings = _check_findings(store.read_canonical_json(folder / QUALITY))
    return FoundData(
        manifest=manifest,
        first_ts=bars["ts_open"][0],
        last_ts=bars["ts_open"][-1],
        warnings=sum(one["severity"] != "info" for one in findings),
    )


def _odd(file: str, what: str) -> InputError:
    return InputError(f"{what} in {file} of the bundle is nothing that Hewston writes.", file=file)


def _check_spec(data: Mapping[str, Any], spec: RunSpec) -> None:
    """Hold what decided the run to the rules for who asks for one."""
    costs = dict(data["slippage_fees"])
    fallback = costs.pop("spread_fallback") or {}
    said = {name: data[name] for name in RUN_FIELDS} | costs
    said["spread_fallback"] = {k: v for k, v in fallback.items() if v is not None} or None
    try:
        values = read_run_fields(said)
    except InputError as problem:
        raise InputError(f"The bundle's spec is not valid: {problem.message}") from problem
    read = dataclasses.replace(spec, **values)
    if canonical_json(read.as_json()) != canonical_json(data):
        raise _odd(artifacts.MANIFEST_FILE, "spec")
    checks = {
        "spec.instrument": _is_instrument(spec.instrument),
        "spec.symbol": _is_text(spec.symbol, longest=71),
        "spec.calendar": spec.calendar in calendar.CALENDARS,
        "spec.tz": str(spec.tz) in zoneinfo.available_timezones(),
        "spec.bars_sha256": _is_sha256(spec.bars_sha256),
        "spec.strategy": _is_text(spec.strategy_id, longest=80)
        and _is_sha256(spec.strategy_sha256),
        "spec.params": _are_params(data["params"]),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise _odd(artifacts.MANIFEST_FILE, what)


def _is_instrument(instrument: Instrument) -> bool:
    amounts = (instrument.multiplier, instrument.tick_size, instrument.lot)
    return (
        instrument.asset_class in get_args(AssetClass)
        and _is_text(instrument.currency, longest=12)
        and all(_is_number(one) and one > 0 for one in amounts)
        and _is_number(instrument.price_precision)
        and float(instrument.price_precision).is_integer()
        and 0 <= instrument.price_precision <= 30  # noqa: PLR2004 (far more than floats have)
    )


def _are_params(params: object) -> bool:
    return (
        isinstance(params, dict)
        and len(params) <= _MOST_PARAMS
        and all(_is_text(name, longest=80) for name in params)
        and all(
            value is None or isinstance(value, bool) or _is_number(value) or _is_line(value)
            for value in params.values()
        )
    )


def _check_run_manifest(manifest: Mapping[str, Any], spec: RunSpec) -> None:
    commit, lock = manifest.get("git_commit"), manifest.get("env_lock")
    checks = {
        "kind": manifest.get("kind") == "run",
        "dataset_id": _is_text(manifest.get("dataset_id"), longest=120),
        "dataset_interval": manifest.get("dataset_interval", "1m") in INTERVALS,
        "code_hash": _is_sha256(manifest.get("code_hash")),
        "git_commit": commit is None or _is_text(commit, longest=64),
        "created_at": _is_time(manifest.get("created_at")),
        "env_lock": isinstance(lock, dict)
        and all(isinstance(one, (str, dict, type(None))) for one in lock.values()),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise _odd(artifacts.MANIFEST_FILE, what)
    check_interval(spec.interval, artifacts.dataset_interval(manifest))


def _check_frames(folder: Path) -> int:
    """Check every table of a run; returns how many bars it traded."""
    bars = 0
    for name in sorted(artifacts.FRAMES, key=lambda name: (name != "equity", name)):
        file = artifacts.frame_file(name)
        # From the file's end, before anything is unpacked: a few bytes can claim any length.
        rows = pl.scan_parquet(folder / file).select(pl.len()).collect().item()
        if name == "equity":
            bars = rows
        if rows != bars if name in {"equity", "signals"} else rows > _MOST_PER_BAR * (bars + 1):
            raise _odd(file, f"{rows:,} rows beside {bars:,} bars")
        _check_columns(
            artifacts.read_frame(folder, name), pl.Schema(artifacts.FRAMES[name]), file, bars
        )
    if not bars:
        raise _odd(artifacts.frame_file("equity"), "no bar")
    return bars


def _check_columns(frame: pl.DataFrame, schema: pl.Schema, file: str, bars: int) -> None:
    """Check a table's columns: those of its schema, and indicators beside them."""
    for column, kind in schema.items():
        if frame.schema.get(column) != kind:
            raise _odd(file, f"the column {column}")
    for column in set(frame.columns) - set(schema):
        if not (frame.schema[column].is_numeric() or frame.schema[column] == pl.Boolean):
            raise _odd(file, f"the column {column[:80]}")
    if "ts_open" in schema and not _is_rising(frame["ts_open"]):
        raise _odd(file, "ts_open")
    for column in set(schema) & {"bar", "entry_bar", "exit_bar"}:
        if not (frame[column].drop_nulls() < bars).all():
            raise _odd(file, f"the column {column}")


def _is_rising(times: pl.Series) -> bool:
    return not times.has_nulls() and times.is_sorted() and times.n_unique() == len(times)


def _check_metrics(figures: Mapping[str, Any], bars: int) -> Mapping[str, float | None]:
    values, reasons = figures.get("values"), figures.get("reasons", {})
    file = artifacts.METRICS_FILE
    if not isinstance(values, dict) or not all(
        one is None or _is_number(one) for one in values.values()
    ):
        raise _odd(file, "values")
    if not isinstance(reasons, dict) or not all(_is_line(one) for one in reasons.values()):
        raise _odd(file, "reasons")
    drawdown = figures.get("drawdown") or {}
    if not isinstance(drawdown, dict) or not all(
        one is None or _is_number(one) or _is_line(one) for one in drawdown.values()
    ):
        raise _odd(file, "drawdown")
    for finding in figures.get("findings") or []:
        bar = finding.get("bar") if isinstance(finding, dict) else None
        is_sound = (
            isinstance(finding, dict)
            and finding.get("severity") in _SEVERITIES
            and _is_text(finding.get("key"), longest=80)
            and _is_line(finding.get("message"))
            and (bar is None or (isinstance(bar, int) and 0 <= bar < bars))
            and (finding.get("ts_open") is None or _is_time(finding["ts_open"]))
        )
        if not is_sound:
            raise _odd(file, "findings")
    return values


def _check_dataset_manifest(manifest: Mapping[str, Any], spec: RunSpec, interval: str) -> None:
    providers = {provider for source in SOURCES for provider in source.providers}
    products = manifest.get("products")
    days = [manifest.get("from"), manifest.get("to")]
    checks = {
        "symbol": manifest.get("symbol") == spec.symbol,
        "instrument": _are_fields(manifest.get("instrument"), Instrument)
        and _is_instrument(Instrument.from_json(manifest["instrument"])),
        "calendar": manifest.get("calendar") == spec.calendar,
        "tz": manifest.get("tz") == spec.tz,
        "interval": manifest.get("interval") == interval,
        "provider": manifest.get("provider") in providers,
        "venue_code": _is_text(manifest.get("venue_code"), longest=40),
        "adjustment": _is_text(manifest.get("adjustment"), longest=10),
        "calendar_version": _is_text(manifest.get("calendar_version"), longest=40),
        "products": isinstance(products, list)
        and bool(products)
        and all(one in _PRODUCTS for one in products),
        "from": all(_is_date(day) for day in days) and str(days[0]) <= str(days[1]),
        "raw_files": isinstance(manifest.get("raw_files"), list),
        "whole_year": isinstance(manifest.get("whole_year"), bool),
        "created_at": _is_time(manifest.get("created_at")),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise _odd(MANIFEST, what)


def _check_findings(quality: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    findings = quality.get("findings")
    is_sound = isinstance(findings, list) and all(
        isinstance(one, dict)
        and one.get("severity") in _SEVERITIES
        and isinstance(one.get("count"), int)
        and _is_line(one.get("sentence"))
        for one in findings
    )
    if not is_sound or not isinstance(findings, list):
        raise _odd(QUALITY, "findings")
    return findings


def _are_fields(value: object, kind: type[Instrument]) -> bool:
    return isinstance(value, dict) and set(value) == {one.name for one in dataclasses.fields(kind)}


def _is_number(value: object) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and math.isfinite(value) and abs(value) < 1e300  # type: ignore[arg-type]  # noqa: PLR2004 (whole numbers of any length are JSON too)


def _is_text(value: object, *, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def _is_line(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\0" not in value


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _is_time(value: object) -> bool:
    try:
        return dt.datetime.fromisoformat(str(value)).tzinfo is not None and isinstance(value, str)
    except ValueError:
        return False


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
