"""Where two answers differ on the bars that both have, and by how much."""

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.checks.answers import Columns

LAST_BITS = 64  # ULP: what another order of the same sums may leave; more accuses
CLOSE = 1e-9  # relative: what forgetting may leave
SHORT = 4  # bars: a difference that is over sooner is no state
_MOST_ULPS = 10**6

# Whether these exist changes what the others mean, so they count even without a value.
MEANINGFUL = frozenset({"position", *schemas.CONDITIONS, *schemas.EXITS})

type Numbers = npt.NDArray[np.float64]
type Rows = npt.NDArray[np.intp]
type Flags = npt.NDArray[np.bool_]
type Value = bool | int | float | str | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """One series of two answers. ``before`` and ``after`` are its values at ``bar``, the first row.

    ``ulps`` is their distance in units of the last place, None where it means nothing: for what is
    no number on both sides, or far from each other. ``rows`` counts the bars that differ, and
    ``last`` is the last of them.
    """

    series: str
    bar: int
    last: int
    rows: int
    before: Value
    after: Value
    ulps: int | None
    is_last_bits: bool = False
    absent_in: str | None = None  # "before" or "after", where one answer lacks the whole column


def compare(before: Columns, after: Columns, *, rows: int, scale: float = 0.0) -> list[Difference]:
    """Compare the first ``rows`` values of every series; nulls must be equal too, NaN is itself.

    Numbers differ by their last bits when no value of the series is further than LAST_BITS from its
    counterpart, in units of the last place of the larger one or of ``scale``, the highest price:
    what is computed from prices is no more exact than they are.
    """
    found = [
        difference
        for name in before
        if name in after
        if (difference := _compare_column(name, before[name][:rows], after[name][:rows], scale))
    ]
    found += [_compare_absent(name, before[name][:rows], "after") for name in before.keys() - after]
    found += [_compare_absent(name, after[name][:rows], "before") for name in after.keys() - before]
    return sorted(found, key=lambda difference: (difference.bar, difference.series))


def find_unequal(before: pl.Series, after: pl.Series) -> Flags:
    """Tell which values differ; null is only itself, and so is NaN."""
    if _is_numeric(before) and _is_numeric(after) and before.dtype != after.dtype:
        before, after = before.cast(pl.Float64), after.cast(pl.Float64)
    if before.dtype == after.dtype:
        return before.ne_missing(after).to_numpy()
    return ~(before.is_null() & after.is_null()).to_numpy()


def list_spells(rows: Rows) -> list[Rows]:
    """Part rows into spells: what is fewer than SHORT bars apart belongs together."""
    return np.split(rows, np.flatnonzero(np.diff(rows) > SHORT) + 1) if rows.size else []


def settle(rows: Rows) -> tuple[int, int]:
    """Count the rows until nothing differs any more, and the single bars that differ later.

    ``rows`` are those that differ. Spells shorter than SHORT at the end are single bars: there a
    decision hangs on how sums were rounded, as where two averages are equal.
    """
    spells = list_spells(rows)
    single = 0
    while len(spells) > 1 and spells[-1][-1] - spells[-1][0] < SHORT:
        single += spells.pop().size
    return (int(spells[-1][-1]) + 1 if spells else 0), single


def measure_scale(column: pl.Series) -> float:
    """Give the usual size of a series' numbers; 0 where it has none."""
    if not column.dtype.is_numeric():
        return 0.0
    values = np.abs(read_numbers(column))
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else 0.0


def find_far(before: pl.Series, after: pl.Series, *, scale: float) -> Flags:
    """Tell which values differ by more than CLOSE of the larger one, or of ``scale``."""
    unequal = find_unequal(before, after)
    if not (before.dtype.is_numeric() and after.dtype.is_numeric()):
        return unequal
    a, b = read_numbers(before), read_numbers(after)
    with np.errstate(invalid="ignore"):
        bound = CLOSE * np.maximum(np.maximum(np.abs(a), np.abs(b)), scale)
        return unequal & ~(np.abs(a - b) <= bound)


def read_value(column: pl.Series, row: int) -> Value:
    """Give a value as JSON can hold it: null is None, NaN and infinity are texts."""
    value: Any = column[row]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def read_numbers(column: pl.Series) -> Numbers:
    """Give the values as Float64, NaN where there is none."""
    return column.cast(pl.Float64).fill_null(math.nan).to_numpy()


def _is_numeric(column: pl.Series) -> bool:
    return column.dtype.is_numeric() or column.dtype == pl.Boolean


def _compare_column(
    name: str, before: pl.Series, after: pl.Series, scale: float
) -> Difference | None:
    if before.dtype == after.dtype and before.equals(after):
        return None
    places = np.flatnonzero(find_unequal(before, after))
    if not places.size:
        return None
    bar, ulps, is_last_bits = int(places[0]), None, False
    if before.dtype.is_float() or after.dtype.is_float():
        a, b = (read_numbers(side.gather(places)) for side in (before, after))
        own, lenient = _count_ulps(a, b, 0.0), _count_ulps(a, b, scale)
        is_last_bits = bool((lenient <= LAST_BITS).all())
        first = 0 if is_last_bits else int(np.argmax((own > LAST_BITS) | (lenient > LAST_BITS)))
        bar = int(places[first])
        ulps = None if math.isnan(a[first]) or math.isnan(b[first]) else _whole(own[first])
    return Difference(
        series=name,
        bar=bar,
        last=int(places[-1]),
        rows=int(places.size),
        before=read_value(before, bar),
        after=read_value(after, bar),
        ulps=ulps,
        is_last_bits=is_last_bits,
    )


def _count_ulps(a: Numbers, b: Numbers, scale: float) -> Numbers:
    """Count the distance in units of the last place; infinite where one of them is no number."""
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.maximum(np.maximum(np.abs(a), np.abs(b)), scale)
        ulps = np.abs(a - b) / np.spacing(largest)
    return np.where(np.isnan(ulps), np.inf, ulps)


def _whole(ulps: float) -> int | None:
    return int(ulps) if ulps <= _MOST_ULPS else None


def _compare_absent(name: str, column: pl.Series, absent_in: str) -> Difference:
    """A column that one answer lacks: ``rows`` are its bars that say something."""
    says = ~column.is_null().to_numpy()
    if column.dtype.is_float():
        says &= ~np.isnan(read_numbers(column))
    if column.dtype == pl.Boolean:
        says &= column.fill_null(value=False).to_numpy()
    places = np.flatnonzero(says)
    bar = int(places[0]) if places.size else 0
    value = read_value(column, bar) if len(column) else None
    return Difference(
        series=name,
        bar=bar,
        last=int(places[-1]) if places.size else 0,
        rows=int(places.size),
        before=None if absent_in == "before" else value,
        after=None if absent_in == "after" else value,
        ulps=None,
        is_last_bits=not places.size and name not in MEANINGFUL,
        absent_in=absent_in,
    )
