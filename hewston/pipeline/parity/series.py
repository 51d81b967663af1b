"""One series of both sides on the bars that both have: tiers, figures, class and cause."""

import dataclasses
from typing import Any

import numpy as np

from hewston.pipeline.parity.coarser import Which, find_coarser, find_moved, find_steps
from hewston.pipeline.parity.grids import Times
from hewston.pipeline.parity.offsets import find_constant, find_offset
from hewston.pipeline.parity.tolerances import (
    DIVERGES,
    LOOSE,
    MISSING,
    SKIPPED,
    TIERS,
    Floats,
    Ruler,
    Tiers,
    Tolerance,
    grade,
)
from hewston.pipeline.parity.warmups import is_warmup

__all__ = ["ComparedSeries", "Times", "compare_series"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Of which class a difference is, its cause, and what was seen that says so."""

    class_name: str | None = None
    cause: str | None = None
    coarser_interval: str | None = None  # at which ``coarser_side`` moves, such as "1h"
    coarser_side: Which | None = None
    offset_bars: int = 0  # Python comes later by; negative: earlier
    constant_difference: float | None = None  # Python less Pine, where it explains all


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ComparedSeries:
    """A pair of series. Errors are of Python from Pine, over bars on which both have a value."""

    title: str  # Pine's
    other: str  # Python's
    tiers: Tiers  # one a common bar; tolerances.SKIPPED where both are missing
    counts: dict[str, int]  # by TIERS
    compared: int  # bars on which at least one has a value
    first: int | None  # row of the first divergence among common bars
    expected: float | None  # Pine's value there
    actual: float | None
    only_pine_values: int  # bars on which Python alone is missing
    only_python_values: int
    class_name: str | None
    cause: str | None
    coarser_interval: str | None  # as in Diagnosis
    coarser_side: Which | None
    offset_bars: int
    constant_difference: float | None
    max_absolute: float | None
    mean_absolute: float | None
    max_relative: float | None
    mean_relative: float | None
    rmse: float | None
    correlation: float | None
    match_pct: float | None  # 0 to 100, the loose band included

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values, without the tiers of single bars."""
        data = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in {"tiers", "class_name"}
        }
        return data | {"class": self.class_name}


def compare_series(
    title: str,
    other: str,
    *,
    times: Times,
    a: Floats,
    b: Floats,
    tolerance: Tolerance,
    decimals: int | None,
    warmup: int | None,
) -> ComparedSeries:
    """Compare a series' values on common bars, whose starts are ``times``; NaN is missing."""
    is_equal = np.array_equal(a, b, equal_nan=True)
    ruler = Ruler.of(a, b, tolerance, decimals) if not is_equal else None
    tiers = grade(a, b, tolerance, decimals, scale=ruler.scale if ruler else 0.0)
    counts = np.bincount(tiers, minlength=SKIPPED + 1)
    compared = len(tiers) - int(counts[SKIPPED])
    is_bad = (tiers >= LOOSE) & (tiers != SKIPPED)
    diagnosis = Diagnosis()
    first = None
    if ruler and is_bad.any():
        diagnosis = diagnose(times, a, b, tiers=tiers, warmup=warmup, ruler=ruler)
        is_worst = is_bad & (tiers != LOOSE)
        first = int((is_worst if is_worst.any() else is_bad).argmax())
    matched = int(counts[:DIVERGES].sum())
    only_pine = int(np.isnan(b[tiers == MISSING]).sum())
    return ComparedSeries(
        title=title,
        other=other,
        tiers=tiers,
        counts={name: int(counts[at]) for at, name in enumerate(TIERS)},
        compared=compared,
        first=first,
        expected=None if first is None else _say(a[first]),
        actual=None if first is None else _say(b[first]),
        only_pine_values=only_pine,
        only_python_values=int(counts[MISSING]) - only_pine,
        match_pct=100 * matched / compared if compared else None,
        **dataclasses.asdict(diagnosis),
        **_measure_errors(a, b),
    )


def diagnose(
    times: Times, a: Floats, b: Floats, *, tiers: Tiers, warmup: int | None, ruler: Ruler
) -> Diagnosis:
    """Give the first class that applies to what differs, and its cause.

    What is nowhere beyond the loose band is no more than that, whatever it looks like: it is what
    the user allows.
    """
    if not ((tiers == DIVERGES) | (tiers == MISSING)).any():
        return Diagnosis(class_name="numeric_tolerance", cause="unknown")
    if is_warmup(a, b, tiers, warmup, ruler):
        return Diagnosis(class_name="warmup_window", cause="unknown")
    steps = find_steps(times, a, b, ruler), find_steps(times, b, a, ruler)
    # Two series that stand still alike are moved by bars before they are of other intervals; and
    # by one bar before they are by one interval, where an interval has two bars.
    offset = find_offset(a, b, ruler) if all(steps) else 0
    moved = find_moved(a, b, steps, ruler) if abs(offset) != 1 else None
    coarser = moved or (None if offset else find_coarser(a, b, steps, ruler))
    if coarser:
        return Diagnosis(
            class_name="python_implementation" if moved else "timeframe_aggregation",
            cause="repaint" if coarser.repaints else "unknown",
            coarser_interval=coarser.interval,
            coarser_side=coarser.side,
            offset_bars=offset,
        )
    constant = find_constant(a, b, tiers, ruler)
    offset = offset or (find_offset(a, b, ruler) if constant is None else 0)
    return Diagnosis(
        class_name="python_implementation",
        cause="offset" if offset else "unknown",
        offset_bars=offset,
        constant_difference=constant,
    )


def _measure_errors(a: Floats, b: Floats) -> dict[str, Any]:
    both = np.isfinite(a) & np.isfinite(b)
    names = ("max_absolute", "mean_absolute", "max_relative", "mean_relative", "rmse")
    found: dict[str, float | None] = dict.fromkeys((*names, "correlation"))
    if not both.any():
        return found
    one, two = (a, b) if both.all() else (a[both], b[both])
    with np.errstate(all="ignore"):  # three arrays hold all that is in between
        apart = np.subtract(one, two)
        np.abs(apart, out=apart)
        largest, other = np.abs(one), np.abs(two)
        np.maximum(largest, other, out=largest)
        other.fill(0.0)
        relative = np.divide(apart, largest, out=other, where=largest > 0)
        values = [apart.max(), apart.mean(), relative.max(), relative.mean()]
        values.append(np.sqrt(np.square(apart, out=apart).mean()))
        deviations = (
            np.subtract(one, one.mean(), out=largest),
            np.subtract(two, two.mean(), out=other),
        )
        spread = np.square(deviations[0], out=apart).sum()
        spread = np.sqrt(spread * np.square(deviations[1], out=apart).sum())
        values.append(np.multiply(*deviations, out=apart).sum() / spread)
    return {name: _say(value) for name, value in zip(found, values, strict=True)}


def _say(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
