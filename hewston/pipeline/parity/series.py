"""One series of both sides on the bars that both have: tiers, figures, class and cause."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.parity.tolerances import (
    BAND_RELATIVE,
    DIVERGES,
    LOOSE,
    MISSING,
    SKIPPED,
    TIERS,
    Floats,
    Tiers,
    Tolerance,
    grade,
    measure,
    usual,
)

type Times = npt.NDArray[np.int64]
type Rows = npt.NDArray[np.intp]

_LEAST_INTERVALS = 20
_LEAST_CHANGES = 10
_MOST_OF_THEM = 0.6
_MOST_OFFSET = 50  # bars
_SAMPLE = 1_000  # bars in the middle that rule an offset out
_UNKNOWN_WARMUP = 4  # where nobody says how long it is: a quarter of the bars at most


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
    class_name: str | None
    cause: str | None
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
    tiers = grade(a, b, tolerance, decimals)
    counts = np.bincount(tiers, minlength=SKIPPED + 1)
    compared = len(tiers) - int(counts[SKIPPED])
    class_name, cause = (None, None)
    bad = np.flatnonzero((tiers >= LOOSE) & (tiers != SKIPPED))
    if bad.size:
        class_name, cause = _classify(times, a, b, tiers, warmup)
    worst = np.flatnonzero((tiers == DIVERGES) | (tiers == MISSING))
    first = int(worst[0]) if worst.size else int(bad[0]) if bad.size else None
    matched = int(counts[:DIVERGES].sum())
    return ComparedSeries(
        title=title,
        other=other,
        tiers=tiers,
        counts={name: int(counts[at]) for at, name in enumerate(TIERS)},
        compared=compared,
        first=first,
        expected=None if first is None else _say(a[first]),
        actual=None if first is None else _say(b[first]),
        class_name=class_name,
        cause=cause,
        match_pct=100 * matched / compared if compared else None,
        **_measure_errors(a, b),
    )


def _measure_errors(a: Floats, b: Floats) -> dict[str, float | None]:
    both = np.isfinite(a) & np.isfinite(b)
    names = ("max_absolute", "mean_absolute", "max_relative", "mean_relative", "rmse")
    found: dict[str, float | None] = dict.fromkeys((*names, "correlation"))
    if not both.any():
        return found
    one, two = a[both], b[both]
    with np.errstate(all="ignore"):
        apart = np.abs(one - two)
        largest = np.maximum(np.abs(one), np.abs(two))
        relative = np.divide(apart, largest, out=np.zeros_like(apart), where=largest > 0)
        values = (
            apart.max(),
            apart.mean(),
            relative.max(),
            relative.mean(),
            np.sqrt((apart**2).mean()),
        )
        deviations = one - one.mean(), two - two.mean()
        spread = np.sqrt((deviations[0] ** 2).sum() * (deviations[1] ** 2).sum())
        correlation = (deviations[0] * deviations[1]).sum() / spread
    return {
        name: _say(value)
        for name, value in zip((*names, "correlation"), (*values, correlation), strict=True)
    }


def _say(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _classify(
    times: Times, a: Floats, b: Floats, tiers: Tiers, warmup: int | None
) -> tuple[str, str]:
    """Give the first class that applies, and its cause."""
    if _is_warmup(a, b, tiers, warmup):
        return "warmup_window", "unknown"
    if _is_coarser(times, a, b) or _is_coarser(times, b, a):
        return "timeframe_aggregation", "unknown"
    if not ((tiers == DIVERGES) | (tiers == MISSING)).any():
        return "numeric_tolerance", "unknown"
    return "python_implementation", "offset" if find_offset(a, b) else "unknown"


def _is_warmup(a: Floats, b: Floats, tiers: Tiers, warmup: int | None) -> bool:
    """Tell whether what differs is one stretch at the start over which the error never grows."""
    compared = np.flatnonzero(tiers != SKIPPED)
    differs = tiers[compared] >= LOOSE
    length = int(differs.sum())
    if length == len(compared) or not differs[:length].all():
        return False
    known = np.flatnonzero(~np.isnan(a))
    lead = int(known[0]) if known.size else len(a)
    unknown = len(compared) // _UNKNOWN_WARMUP
    limit = max(min(lead, unknown), unknown if warmup is None else warmup)
    if length > limit:
        return False
    rows = compared[:length]
    error = measure(a[rows], b[rows])
    error = error[~np.isnan(error)]
    return bool((np.diff(error) <= BAND_RELATIVE * error[:-1]).all())


def _is_coarser(times: Times, a: Floats, b: Floats) -> bool:
    """Tell whether ``a`` changes only where longer intervals begin, and ``b`` inside them too."""
    both = np.flatnonzero(~np.isnan(a) & ~np.isnan(b))
    if len(both) < 2 * _LEAST_INTERVALS:
        return False
    at, one, two = times[both], a[both], b[both]
    changes = np.flatnonzero(one[1:] != one[:-1]) + 1
    inside = np.flatnonzero(two[1:] != two[:-1]) + 1
    if len(changes) < _LEAST_CHANGES:
        return False
    step = int(np.median(np.diff(at)))
    for length in sorted({*INTERVAL_NS.values()}, reverse=True):
        if length <= step or length % step:
            continue
        for phase in {0, int(at[changes[0]] % length)}:
            buckets = (at - phase) // length
            begins = np.flatnonzero(buckets[1:] != buckets[:-1]) + 1
            if len(begins) < _LEAST_INTERVALS or not np.isin(changes, begins).all():
                continue
            if len(changes) < _MOST_OF_THEM * len(begins):
                continue  # it changes where still longer ones begin
            between = np.unique(buckets[inside[~np.isin(inside, begins)]])
            if len(between) >= _LEAST_INTERVALS:
                return True
    return False


def find_offset(a: Floats, b: Floats) -> int:
    """Find by how many bars ``b`` comes later than ``a`` (negative: earlier); 0 where it does not.

    All but a hundredth of the overlap must agree then, and a tenth of what differs now at most
    may still differ.
    """
    scale = max(usual(a), usual(b))
    some = slice(max(0, len(a) // 2 - _SAMPLE // 2), len(a) // 2 + _SAMPLE // 2)
    sizes = [
        later
        for size in range(1, min(_MOST_OFFSET, len(a) // 2) + 1)
        for later in (size, -size)
        if _agrees(a[some], b[some], later, scale, least=0)
    ]
    return next((later for later in sizes if _agrees(a, b, later, scale)), 0)


def _agrees(a: Floats, b: Floats, later: int, scale: float, least: int = _LEAST_CHANGES) -> bool:
    size = abs(later)
    one, two = (a[:-size], b[size:]) if later > 0 else (a[size:], b[:-size])
    valid = int((~np.isnan(one) & ~np.isnan(two)).sum())
    apart = _count_apart(one, two, scale)
    if least == 0:  # a part of the bars: rules out, proves nothing
        return apart <= max(valid / 20, 2)
    return valid >= least and apart <= min(valid / 100, _count_apart(a, b, scale) / 10)


def _count_apart(a: Floats, b: Floats, scale: float) -> int:
    missing = np.isnan(a) != np.isnan(b)
    with np.errstate(invalid="ignore"):
        bound = BAND_RELATIVE * np.maximum(np.maximum(np.abs(a), np.abs(b)), scale)
        return int((missing | (measure(a, b) > bound)).sum())
