"""Whether the figures and the quality report in a bundle have what pages read of them."""

from collections.abc import Mapping
from typing import Any, get_args

from hewston.pipeline import artifacts, calendar
from hewston.pipeline.bundle.values import (
    are_all,
    are_each,
    explain_odd,
    is_count,
    is_date,
    is_line,
    is_number,
    is_text,
    is_time,
)
from hewston.pipeline.diagnostics.finding import Unit
from hewston.pipeline.ingest import QUALITY
from hewston.pipeline.metrics import METRICS

_SEVERITIES = ("info", "warning", "error")


def check_metrics(figures: Mapping[str, Any], bars: int) -> Mapping[str, float | None]:
    """Check what pages, reports and programs read of a run's metrics, by shape."""
    checks = {
        "values": _are_values(figures.get("values")),
        "reasons": are_all(figures.get("reasons"), is_line),
        "bands": are_all(figures.get("bands", {}), _is_band),
        "samples": are_all(figures.get("samples", {}), is_count),
        "periods_per_year": is_count(figures.get("periods_per_year", 1)),
        "drawdown": figures.get("drawdown") is None or are_all(figures["drawdown"], _is_told),
        "findings": are_each(
            figures.get("findings"), lambda one: _is_finding(one) and _is_placed(one, bars)
        ),
        "unchecked": are_each(
            figures.get("unchecked"),
            lambda one: is_text(one.get("key"), longest=80) and is_line(one.get("reason")),
        ),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise explain_odd(artifacts.METRICS_FILE, what)
    values: Mapping[str, float | None] = figures["values"]
    return values


def _are_values(values: object) -> bool:
    return are_all(values, lambda one: one is None or is_number(one)) and not any(
        metric.unit == "count" and one is not None and not is_count(one)
        for key, one in values.items()  # type: ignore[attr-defined]
        if (metric := METRICS.get(key))
    )


def _is_band(band: object) -> bool:
    if not isinstance(band, dict):
        return False
    low, high, level, reason = (band.get(name) for name in ("low", "high", "level", "reason"))
    return (
        (is_number(low) and is_number(high) if low is not None else high is None)
        and is_number(level)
        and (reason is None or is_line(reason))
    )


def _is_finding(finding: Mapping[str, Any]) -> bool:
    return (
        finding.get("severity") in _SEVERITIES
        and is_text(finding.get("key"), longest=80)
        and is_line(finding.get("message"))
        and is_line(finding.get("advice", ""))
        and are_each(finding.get("evidence"), _is_evidence)
    )


def _is_evidence(row: Mapping[str, Any]) -> bool:
    value = row.get("value")
    return (
        is_line(row.get("label"))
        and (is_number(value) or is_line(value))
        and row.get("unit") in get_args(Unit)
    )


def _is_placed(finding: Mapping[str, Any], bars: int) -> bool:
    bar, time = finding.get("bar"), finding.get("ts_open")
    return (bar is None or (is_count(bar) and bar < bars)) and (time is None or is_time(time))


def _is_told(value: object) -> bool:
    return value is None or is_number(value) or is_line(value)


def check_quality(quality: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Check what pages read of a quality report; returns its findings."""
    findings, sessions = quality.get("findings"), quality.get("sessions")
    gaps = quality.get("missing_session_minutes")
    checks = {
        "findings": isinstance(findings, list) and are_each(findings, _is_quality_finding),
        "sessions": isinstance(sessions, list) and are_each(sessions, _is_session),
        "missing_session_minutes": isinstance(gaps, dict)
        and is_count(gaps.get("count"))
        and is_count(gaps.get("gaps"))
        and isinstance(gaps.get("list"), list)
        and are_each(gaps["list"], _is_gap),
        "sessions_expected": is_count(quality.get("sessions_expected")),
        "sessions_present": is_count(quality.get("sessions_present")),
    }
    for what, is_sound in checks.items():
        if not is_sound:
            raise explain_odd(QUALITY, what)
    found: list[Mapping[str, Any]] = quality["findings"]
    return found


def _is_quality_finding(finding: Mapping[str, Any]) -> bool:
    return (
        finding.get("severity") in _SEVERITIES
        and is_count(finding.get("count"))
        and is_line(finding.get("label"))
        and is_line(finding.get("sentence"))
    )


def _is_session(session: Mapping[str, Any]) -> bool:
    counts = [session.get(name) for name in ("bars", "regular_bars", "missing")]
    times = [session.get(name) for name in calendar.SCHEDULE if name != "date"]
    return (
        is_date(session.get("date"))
        and all(map(is_count, [*counts, session.get("expected", 0)]))
        and all(one is None or is_time(one) for one in times)
        and all(session.get(name) is not None for name in calendar.EDGES)
    )


def _is_gap(gap: Mapping[str, Any]) -> bool:
    return is_time(gap.get("from")) and is_time(gap.get("to")) and is_count(gap.get("minutes"))
