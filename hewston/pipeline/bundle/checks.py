"""Whether what a bundle holds is a run and a revision as this installation could have made them.

Nobody can tell by looking whether results are true: that takes `reproduce`. What is checked here is
that every file is of its kind, fits the others and is safe to show.
"""

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import polars as pl

from hewston.pipeline import artifacts, calendar, schemas, store
from hewston.pipeline.bundle.reports import check_metrics, check_quality
from hewston.pipeline.bundle.tables import check_tables, is_rising
from hewston.pipeline.bundle.values import (
    explain_odd,
    is_date,
    is_line,
    is_number,
    is_sha256,
    is_text,
    is_time,
)
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

_PRODUCTS = ("TRADES", "TBBO", "OHLCV")
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
    _check_source(folder)
    bars = check_tables(folder)
    values = check_metrics(store.read_canonical_json(folder / artifacts.METRICS_FILE), bars)
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
        raise explain_odd(BARS, "its columns")
    if not is_rising(bars["ts_open"]):
        raise explain_odd(BARS, "ts_open")
    findings = check_quality(store.read_canonical_json(folder / QUALITY))
    return FoundData(
        manifest=manifest,
        first_ts=bars["ts_open"][0],
        last_ts=bars["ts_open"][-1],
        warnings=sum(one["severity"] != "info" for one in findings),
    )


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
        raise explain_odd(artifacts.MANIFEST_FILE, "spec")
    checks = {
        "spec.instrument": _is_instrument(spec.instrument),
        "spec.symbol": is_text(spec.symbol, longest=71),
        "spec.calendar": spec.calendar in calendar.CALENDARS,
        "spec.tz": str(spec.tz) in zoneinfo.available_timezones(),
        "spec.bars_sha256": is_sha256(spec.bars_sha256),
        "spec.strategy": is_text(spec.strategy_id, longest=80) and is_sha256(spec.strategy_sha256),
        "spec.params": _are_params(data["params"]),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise explain_odd(artifacts.MANIFEST_FILE, what)


def _check_source(folder: Path) -> None:
    try:
        text = (artifacts.read_source(folder) or b"").decode()
    except UnicodeDecodeError as problem:
        raise explain_odd(artifacts.STRATEGY_FILE, "a text") from problem
    if "\0" in text:
        raise explain_odd(artifacts.STRATEGY_FILE, "a NUL")


def _is_instrument(instrument: Instrument) -> bool:
    amounts = (instrument.multiplier, instrument.tick_size, instrument.lot)
    return (
        instrument.asset_class in get_args(AssetClass)
        and is_text(instrument.currency, longest=12)
        and all(is_number(one) and one > 0 for one in amounts)
        and is_number(instrument.price_precision)
        and float(instrument.price_precision).is_integer()
        and 0 <= instrument.price_precision <= 30  # noqa: PLR2004 (far more than floats have)
    )


def _are_params(params: object) -> bool:
    return (
        isinstance(params, dict)
        and len(params) <= _MOST_PARAMS
        and all(is_text(name, longest=80) for name in params)
        and all(
            value is None or isinstance(value, bool) or is_number(value) or is_line(value)
            for value in params.values()
        )
    )


def _check_run_manifest(manifest: Mapping[str, Any], spec: RunSpec) -> None:
    commit, lock = manifest.get("git_commit"), manifest.get("env_lock")
    checks = {
        "kind": manifest.get("kind") == "run",
        "dataset_id": is_text(manifest.get("dataset_id"), longest=120),
        "dataset_interval": manifest.get("dataset_interval", "1m") in INTERVALS,
        "code_hash": is_sha256(manifest.get("code_hash")),
        "git_commit": commit is None or is_text(commit, longest=64),
        "created_at": is_time(manifest.get("created_at")),
        "env_lock": isinstance(lock, dict)
        and all(isinstance(one, (str, dict, type(None))) for one in lock.values()),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise explain_odd(artifacts.MANIFEST_FILE, what)
    check_interval(spec.interval, artifacts.dataset_interval(manifest))


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
        "venue_code": is_text(manifest.get("venue_code"), longest=40),
        "adjustment": is_text(manifest.get("adjustment"), longest=10),
        "calendar_version": is_text(manifest.get("calendar_version"), longest=40),
        "products": isinstance(products, list)
        and bool(products)
        and all(one in _PRODUCTS for one in products),
        "from": all(is_date(day) for day in days) and str(days[0]) <= str(days[1]),
        "raw_files": isinstance(manifest.get("raw_files"), list),
        "whole_year": isinstance(manifest.get("whole_year"), bool),
        "created_at": is_time(manifest.get("created_at")),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise explain_odd(MANIFEST, what)


def _are_fields(value: object, kind: type[Instrument]) -> bool:
    return isinstance(value, dict) and set(value) == {one.name for one in dataclasses.fields(kind)}
