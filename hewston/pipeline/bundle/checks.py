"""Whether what a bundle holds is a run and a revision as this installation could have made them.

Nobody can tell by looking whether results are true: that takes `reproduce`. What is checked here is
that every file is of its kind, fits the others and is safe to show.
"""

import dataclasses
import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import polars as pl

from hewston.pipeline import artifacts, calendar, schemas, store
from hewston.pipeline.diagnostics.finding import Unit
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import BARS, MANIFEST, QUALITY, verify_dataset
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.metrics import METRICS
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
_MOST = 1e300  # whole numbers of any length are JSON too
_MOST_COUNTED = 2**63 - 1  # that a column of the catalogue holds
_LONGEST_NAME = 80  # of an indicator
# Columns of a run's tables that have gaps, and of these and others such as may overflow.
_MAY_BE_NULL = {
    *("reason", "entry_reason", "exit_reason", "exit_bar", "exit_ts", "exit_price"),
    *("target", "price", "return", "exposure"),
}
_MAY_BE_ANYTHING = {"target", "return", "exposure", "drawdown"}


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
        if column not in _MAY_BE_NULL and frame[column].has_nulls():
            raise _odd(file, f"a missing value in the column {column}")
        if column not in _MAY_BE_ANYTHING and kind == pl.Float64 and not _are_finite(frame[column]):
            raise _odd(file, f"a value in the column {column}")
    _check_indicators(frame, set(schema), file)
    if "ts_open" in schema and not _is_rising(frame["ts_open"]):
        raise _odd(file, "ts_open")
    for column in set(schema) & {"bar", "entry_bar", "exit_bar"}:
        if not (frame[column].drop_nulls() < bars).all():
            raise _odd(file, f"the column {column}")
    if "exit_bar" in schema:
        _check_exits(frame, file)


def _check_indicators(frame: pl.DataFrame, known: set[str], file: str) -> None:
    """Check the columns that a strategy named: pages and tables show their names."""
    for column in sorted(set(frame.columns) - known):
        if not _is_text(column, longest=_LONGEST_NAME) or not (
            frame.schema[column].is_numeric() or frame.schema[column] == pl.Boolean
        ):
            name = "".join(sign for sign in column[:_LONGEST_NAME] if sign.isprintable())
            raise _odd(file, f"the column {name}")


def _check_exits(trades: pl.DataFrame, file: str) -> None:
    """A trade ends with a bar, a time and a price, not before it began; or is open without any."""
    ends = trades.select(pl.col("exit_bar", "exit_ts", "exit_price").is_null())
    is_odd = (ends["exit_bar"] != ends["exit_ts"]) | (ends["exit_bar"] != ends["exit_price"])
    if is_odd.any() or (trades["exit_bar"] < trades["entry_bar"]).any():
        raise _odd(file, "the end of a trade")


def _are_finite(values: pl.Series) -> bool:
    return bool((values.drop_nulls().abs() < _MOST).all())  # false for NaN


def _is_rising(times: pl.Series) -> bool:
    return not times.has_nulls() and times.is_sorted() and times.n_unique() == len(times)


def _check_metrics(figures: Mapping[str, Any], bars: int) -> Mapping[str, float | None]:
    """Check what pages, reports and programs read of a run's metrics, by shape."""
    checks = {
        "values": _are_values(figures.get("values")),
        "reasons": _are_all(figures.get("reasons"), _is_line),
        "bands": _are_all(figures.get("bands", {}), _is_band),
        "samples": _are_all(figures.get("samples", {}), _is_count),
        "periods_per_year": _is_count(figures.get("periods_per_year", 1)),
        "drawdown": figures.get("drawdown") is None or _are_all(figures["drawdown"], _is_told),
        "findings": _are_each(
            figures.get("findings"), lambda one: _is_finding(one) and _is_placed(one, bars)
        ),
        "unchecked": _are_each(
            figures.get("unchecked"),
            lambda one: _is_text(one.get("key"), longest=80) and _is_line(one.get("reason")),
        ),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise _odd(artifacts.METRICS_FILE, what)
    values: Mapping[str, float | None] = figures["values"]
    return values


def _are_values(values: object) -> bool:
    return _are_all(values, lambda one: one is None or _is_number(one)) and not any(
        metric.unit == "count" and one is not None and not _is_count(one)
        for key, one in values.items()  # type: ignore[attr-defined]
        if (metric := METRICS.get(key))
    )


def _are_all(values: object, is_sound: Callable[[Any], bool]) -> bool:
    """Tell whether it is an object of sound values with short names."""
    return isinstance(values, dict) and all(
        _is_text(name, longest=80) and is_sound(one) for name, one in values.items()
    )


def _are_each(values: object, is_sound: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Tell whether it is a list of sound objects; older runs have none."""
    return values is None or (
        isinstance(values, list) and all(isinstance(one, dict) and is_sound(one) for one in values)
    )


def _is_band(band: object) -> bool:
    if not isinstance(band, dict):
        return False
    low, high, level, reason = (band.get(name) for name in ("low", "high", "level", "reason"))
    return (
        (_is_number(low) and _is_number(high) if low is not None else high is None)
        and _is_number(level)
        and (reason is None or _is_line(reason))
    )


def _is_finding(finding: Mapping[str, Any]) -> bool:
    return (
        finding.get("severity") in _SEVERITIES
        and _is_text(finding.get("key"), longest=80)
        and _is_line(finding.get("message"))
        and _is_line(finding.get("advice", ""))
        and _are_each(finding.get("evidence"), _is_evidence)
    )


def _is_evidence(row: Mapping[str, Any]) -> bool:
    value = row.get("value")
    return (
        _is_line(row.get("label"))
        and (_is_number(value) or _is_line(value))
        and row.get("unit") in get_args(Unit)
    )


def _is_placed(finding: Mapping[str, Any], bars: int) -> bool:
    bar, time = finding.get("bar"), finding.get("ts_open")
    return (bar is None or (_is_count(bar) and bar < bars)) and (time is None or _is_time(time))


def _is_told(value: object) -> bool:
    return value is None or _is_number(value) or _is_line(value)


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
    """Check what pages read of a quality report; returns its findings."""
    findings, sessions = quality.get("findings"), quality.get("sessions")
    gaps = quality.get("missing_session_minutes")
    checks = {
        "findings": isinstance(findings, list) and _are_each(findings, _is_quality_finding),
        "sessions": isinstance(sessions, list) and _are_each(sessions, _is_session),
        "missing_session_minutes": isinstance(gaps, dict)
        and _is_count(gaps.get("count"))
        and _is_count(gaps.get("gaps"))
        and isinstance(gaps.get("list"), list)
        and _are_each(gaps["list"], _is_gap),
        "sessions_expected": _is_count(quality.get("sessions_expected")),
        "sessions_present": _is_count(quality.get("sessions_present")),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise _odd(QUALITY, what)
    found: list[Mapping[str, Any]] = quality["findings"]
    return found


def _is_quality_finding(finding: Mapping[str, Any]) -> bool:
    return (
        finding.get("severity") in _SEVERITIES
        and _is_count(finding.get("count"))
        and _is_line(finding.get("label"))
        and _is_line(finding.get("sentence"))
    )


def _is_session(session: Mapping[str, Any]) -> bool:
    counts = [session.get(name) for name in ("bars", "regular_bars", "missing")]
    times = [session.get(name) for name in calendar.SCHEDULE if name != "date"]
    return (
        _is_date(session.get("date"))
        and all(map(_is_count, [*counts, session.get("expected", 0)]))
        and all(one is None or _is_time(one) for one in times)
        and all(session.get(name) is not None for name in calendar.EDGES)
    )


def _is_gap(gap: Mapping[str, Any]) -> bool:
    return _is_time(gap.get("from")) and _is_time(gap.get("to")) and _is_count(gap.get("minutes"))


def _are_fields(value: object, kind: type[Instrument]) -> bool:
    return isinstance(value, dict) and set(value) == {one.name for one in dataclasses.fields(kind)}


def _is_number(value: object) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and abs(value) < _MOST  # type: ignore[arg-type]  # false for NaN


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNTED


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
