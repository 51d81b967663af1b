"""A comparison as JSON: what is stored, shown and certified."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.parity.compare import Comparison
from hewston.pipeline.parity.finding import Finding
from hewston.pipeline.parity.hints import list_hints
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.series import ComparedSeries
from hewston.pipeline.parity.titles import Paired
from hewston.pipeline.parity.tolerances import SKIPPED

_NS = 1_000_000_000
_HOW = {"aligned": "to the last bits", "aligned_within_tolerance": "within the tolerance"}


def describe(found: Comparison, options: Options) -> dict[str, Any]:
    """Give a comparison as plain JSON values, without single bars and trades."""
    aligned = found.aligned
    first = found.findings[0] if found.findings else None
    report = {
        "verdict": found.verdict,
        "sentence": _conclude(found),
        "class": None if first is None else first.class_name,
        "cause": None if first is None else first.cause,
        "first": None if first is None else _describe_first(first, found),
        "bars": _count_bars(found),
        "layers": [{**one.as_json(), "first": write_time(one.first)} for one in found.layers],
        "findings": [_describe_finding(one, found) for one in found.findings],
        "candles": [_describe_series(one, found) for one in found.candles],
        "series": [_describe_series(one, found) for one in found.series],
        **_list_alone(found.titles),
        "trades": None,
        "hints": [hint.as_json() for hint in list_hints(found, options)],
        "options": options.as_json(),
        "pine": {"name": aligned.pine.name, **aligned.pine.facts},
        "python": {"name": aligned.python.name, **aligned.python.facts},
    }
    if found.trades is not None:
        report["trades"] = {
            "pine": _count(aligned.pine.trades),
            "python": _count(aligned.python.trades),
            "outside": aligned.outside,
            "bars": options.bars,
            **found.trades.as_json(),
        }
    return report


def certify(report: Mapping[str, Any], *, code_hash: str, report_sha256: str) -> dict[str, Any]:
    """Give the certificate of a report: both sides by their hashes, the profile, the verdict."""
    return {
        **{key: report[key] for key in ("verdict", "class", "cause", "sentence")},
        **{key: report[key] for key in ("options", "pine", "python", "layers")},
        "bars": report["bars"],
        "code_hash": code_hash,
        "report_sha256": report_sha256,
    }


def write_time(ns: int | None) -> str | None:
    """Write a time as ISO 8601 in UTC; None where there is none."""
    if ns is None:
        return None
    moment = dt.datetime.fromtimestamp(ns // _NS, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _conclude(found: Comparison) -> str:
    if found.findings and found.verdict != "aligned":
        return found.findings[0].sentence
    if found.verdict == "not_comparable":
        reasons = {layer.reason for layer in found.layers if layer.reason}
        return " ".join(["Nothing could be compared.", *sorted(reasons)])
    counted = [
        f"{sum(one.compared for one in pairs):,} values of {name}"
        for name, pairs in (("candles", found.candles), ("series", found.series))
        if any(one.compared for one in pairs)
    ]
    if found.trades is not None and found.trades.matches.height:
        counted.append(f"{found.trades.matches.height:,} trades")
    return f"Python says what Pine said: {', '.join(counted)} agree {_HOW[found.verdict]}."


def _describe_first(one: Finding, found: Comparison) -> dict[str, Any]:
    series = one.series
    expected = None if series is None else series.expected
    actual = None if series is None else series.actual
    return {
        **_describe_finding(one, found),
        "bar": _find_bar(one.at, found),
        "expected": expected,
        "actual": actual,
        "delta": None if expected is None or actual is None else actual - expected,
    }


def _describe_finding(one: Finding, found: Comparison) -> dict[str, Any]:
    return {
        "layer": one.layer,
        "class": one.class_name,
        "cause": one.cause,
        "subject": one.subject,
        "ts": write_time(one.at),
        "row": _find_row(one.at, found.aligned.grid),
        "sentence": one.sentence,
    }


def _find_row(at: int | None, grid: np.ndarray) -> int | None:
    """Give the bar of the grid in which a moment is; None without one."""
    if at is None or not len(grid):
        return None
    return max(int(np.searchsorted(grid, at, side="right")) - 1, 0)


def _find_bar(at: int | None, found: Comparison) -> int | None:
    """Give the bar of the run in which a moment is."""
    times = found.aligned.whole[1].times
    return _find_row(at, times) if found.aligned.python.facts.get("run_id") else None


def _count_bars(found: Comparison) -> dict[str, Any]:
    aligned = found.aligned
    pairs = (*found.candles, *found.series)
    compared = max((one.compared for one in pairs), default=0)
    nothing = sum(int((one.tiers == SKIPPED).sum()) for one in found.series)
    skipped = [{"reason": reason, "bars": count} for reason, count in aligned.skipped.items()]
    if nothing:
        skipped.append(
            {"reason": "no value on both sides, counted over all series", "bars": nothing}
        )
    return {
        "pine": len(aligned.pine.times),
        "python": len(aligned.python.times),
        "both": len(aligned.both),
        "only_pine": aligned.only_pine,
        "only_python": aligned.only_python,
        "compared": compared,
        "rows": len(aligned.grid),
        "skipped": skipped,
    }


def _describe_series(one: ComparedSeries, found: Comparison) -> dict[str, Any]:
    data = one.as_json()
    first = None if one.first is None else int(found.aligned.both[one.first])
    at = None if first is None else int(found.aligned.grid[first])
    return {**data, "first": first, "first_ts": write_time(at)}


def _list_alone(titles: Paired) -> dict[str, list[str]]:
    return {"only_pine": list(titles.only_pine), "only_python": list(titles.only_python)}


def _count(trades: pl.DataFrame | None) -> int:
    return 0 if trades is None else trades.height
