"""What a figure is and what it rests on, in words: behind its (i), in reports, for programs."""

from collections.abc import Mapping
from typing import Any

from hewston.pipeline.metrics import bands
from hewston.pipeline.metrics.metric import Metric

_UNITS = {
    "fraction": "a fraction, shown in percent",
    "ratio": "a ratio",
    "count": "a count",
    "bars": "bars",
    "days": "days of 24 hours",
}
_DAILY_RETURNS_A_YEAR = "252, or 365 on a 24/7 calendar"


def explain(
    metric: Metric, report: Mapping[str, Any] | None = None, *, currency: str | None = None
) -> list[tuple[str, str]]:
    """Explain a metric by (term, text) pairs, in the order in which people ask.

    ``report`` is a run's metrics.json: with it, how large the sample was and why there is no
    value. Those of older runs lack samples and bands, and what was added to the registry since.
    Without a ``report`` the metric is explained for any run.
    """
    about = report or {}
    pairs = [("Formula", metric.formula), ("Sample", _describe_sample(metric, about))]
    if metric.annualised != "no":
        pairs.append(("Annualised", _describe_year(metric, about)))
    unit = f"money, in {currency or 'the currency of the instrument'}"
    pairs.append(("Unit", _UNITS.get(metric.unit, unit)))
    if metric.better != "none":
        pairs.append(("Better", metric.better))
    reason = find_reason(metric, report) if report is not None else None
    if reason:
        pairs.append(("No value", reason))
    if metric.key in bands.BANDS:
        pairs.append((f"Band {bands.LEVEL:.0%}".replace("%", " %"), bands.FORMULA))
        without = about.get("bands", {}).get(metric.key, {}).get("reason")
        if without:
            pairs.append(("No band", without))
    return pairs


def find_reason(metric: Metric, report: Mapping[str, Any]) -> str | None:
    """Say why a run's metrics.json has no value for a metric; None where it has one."""
    if report["values"].get(metric.key) is not None:
        return None
    missing = "this figure was not computed yet when the run was made"
    return str(report["reasons"].get(metric.key, missing))


def describe_least(metric: Metric) -> str:
    """Say how large the sample must be at least: ``20 daily returns``, or ``none``."""
    return _count(metric.least, metric.sample) if metric.least else "none"


def describe_size(metric: Metric, report: Mapping[str, Any]) -> str:
    """Say how large a run's sample was: ``252 daily returns``; of an older run only of what."""
    size = report.get("samples", {}).get(metric.sample)
    return f"{metric.sample}s" if size is None else _count(size, metric.sample)


def _describe_sample(metric: Metric, report: Mapping[str, Any]) -> str:
    text = f"{metric.sample}s"
    if metric.least:
        text += f", at least {metric.least}"
    size = report.get("samples", {}).get(metric.sample)
    return text if size is None else f"{text}; this run has n = {size:,}"


def _describe_year(metric: Metric, report: Mapping[str, Any]) -> str:
    if metric.annualised == "by days that passed":
        return "by the days that passed, a year having 365.2425"
    root = "the square root of " if metric.annualised == "by their square root" else ""
    return (
        f"times {root}daily returns a year: {report.get('periods_per_year', _DAILY_RETURNS_A_YEAR)}"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
