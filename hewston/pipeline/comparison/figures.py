"""The metrics of runs, and how far each is from the first run's."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

from hewston.pipeline.comparison.run import ComparedRun
from hewston.pipeline.metrics import METRICS, Metric

type Verdict = Literal["better", "worse", "same", "other", ""]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """One run's value of a metric beside the base's.

    ``difference`` is value - the base's, in the metric's unit, or None with a ``reason``.
    ``verdict`` is by the registry; ``other`` where neither direction is better, and empty without
    a difference.
    """

    value: float | int | None
    reason: str
    difference: float | int | None
    verdict: Verdict


@dataclasses.dataclass(frozen=True, kw_only=True)
class FigureRow:
    """A metric with each run's figure; the first is the base."""

    metric: Metric
    figures: tuple[Figure, ...]

    @property
    def is_absent(self) -> bool:
        """Whether no run has a value."""
        return all(figure.value is None for figure in self.figures)

    @property
    def differs(self) -> bool:
        """Whether some run has another value than the base, or one has none."""
        return len({figure.value for figure in self.figures}) > 1


def compare_figures(runs: Sequence[ComparedRun]) -> list[FigureRow]:
    """Compare every metric of the registry with that of the first run.

    A run that is older than a metric has none of it. Amounts of other currencies have no
    difference.
    """
    return [_compare(metric, runs) for metric in METRICS.values()]


def _compare(metric: Metric, runs: Sequence[ComparedRun]) -> FigureRow:
    base = _value(metric, runs[0])
    figures = []
    for run in runs:
        value = _value(metric, run)
        reason = _explain(metric, run) if value is None else ""
        difference = None
        if value is not None and base is not None and run is not runs[0]:
            if metric.unit == "money" and run.currency != runs[0].currency:
                reason = f"in {run.currency}, not {runs[0].currency}"
            else:
                difference = value - base
        figures.append(
            Figure(
                value=value,
                reason=reason,
                difference=difference,
                verdict=_judge(metric, difference),
            )
        )
    return FigureRow(metric=metric, figures=tuple(figures))


def _value(metric: Metric, run: ComparedRun) -> float | int | None:
    values = run.metrics.get("values") or {}
    value = values.get(metric.key)
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _explain(metric: Metric, run: ComparedRun) -> str:
    reasons = run.metrics.get("reasons") or {}
    return str(reasons.get(metric.key) or "the run is older than this metric")


def _judge(metric: Metric, difference: float | None) -> Verdict:
    if difference is None:
        return ""
    if difference == 0:
        return "same"
    if metric.better == "none":
        return "other"
    return "better" if (difference > 0) == (metric.better == "higher") else "worse"
