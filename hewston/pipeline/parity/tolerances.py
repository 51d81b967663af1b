"""How far apart two values may be, and in which tier a pair of values is."""

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest

type Floats = npt.NDArray[np.float64]
type Tiers = npt.NDArray[np.uint8]
type Flags = npt.NDArray[np.bool_]
type Rows = npt.NDArray[np.intp]

# The first three agree; the fourth is within the user's tolerance.
TIERS = ("bit-exact", "last bits", "band", "loose", "diverges", "missing")
EXACT, LAST_BITS, BAND, LOOSE, DIVERGES, MISSING, SKIPPED = range(7)
MOST_ULPS = 64
_LARGEST_ULP = 2.0**971
_BLOCK = 8_192  # rows
_SAMPLE = 100  # values that guess a median
BAND_RELATIVE = 1e-9  # of the larger value, or of the series' median


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tolerance:
    """The loose band: |a - b| <= max(absolute, relative * max(|a|, |b|))."""

    absolute: float = 1e-12
    relative: float = 1e-6

    def __post_init__(self) -> None:
        """Refuse what is no distance."""
        for name, value in dataclasses.asdict(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise InputError(
                    f"The {name} tolerance is {value}, but must be a number of at least 0.",
                    field=name,
                    allowed="at least 0",
                )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tolerances:
    """A profile: the tolerance of every series, of some by title, and of trades' prices and sizes.

    Trades have none unless it is said: a tick is a difference.
    """

    default: Tolerance = Tolerance()
    series: Mapping[str, Tolerance] = MappingProxyType({})
    trades: Tolerance = Tolerance(absolute=0.0, relative=BAND_RELATIVE)

    def of(self, title: str) -> Tolerance:
        """Give that of a series."""
        return self.series.get(title, self.default)

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "default": dataclasses.asdict(self.default),
            "series": {
                title: dataclasses.asdict(one) for title, one in sorted(self.series.items())
            },
            "trades": dataclasses.asdict(self.trades),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``as_json`` gave, or a part of it; raises InputError with what is wrong."""
        own = cls()
        known = [field.name for field in dataclasses.fields(cls)]
        for name in data:
            if name not in known:
                message = f"{str(name)[:40]} is no part of tolerances. {suggest(str(name), known)}"
                raise InputError(message, field="tolerances", allowed=known)
        try:
            return cls(
                default=Tolerance(**{**dataclasses.asdict(own.default), **data.get("default", {})}),
                series={
                    str(title): Tolerance(**{**dataclasses.asdict(own.default), **one})
                    for title, one in data.get("series", {}).items()
                },
                trades=Tolerance(**{**dataclasses.asdict(own.trades), **data.get("trades", {})}),
            )
        except (AttributeError, TypeError) as problem:
            raise InputError(
                "The tolerances cannot be read. Say them as "
                '{"default": {"absolute": 0, "relative": 1e-6}, "series": {"RSI": {…}}}.',
                field="tolerances",
            ) from problem


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ruler:
    """What decides for one pair of series whether two values agree, and whether one changes."""

    tolerance: Tolerance
    scale: float  # the larger of both medians
    rounding: float  # half of the last printed decimal; 0 where nothing is rounded

    @classmethod
    def of(cls, a: Floats, b: Floats, tolerance: Tolerance, decimals: int | None) -> Self:
        """Make that of a pair; ``decimals`` as in ``grade``."""
        scale = max(usual(a), usual(b))
        return cls(tolerance=tolerance, scale=scale, rounding=round_of(decimals))

    def agrees(self, a: Floats, b: Floats) -> Flags:
        """Tell which pairs are within the loose band, or missing on both sides.

        These are the pairs that ``grade`` puts no lower than the loose tier.
        """
        if a.ndim == 1 and len(a) > _BLOCK:
            return np.concatenate([self.agrees(a[rows], b[rows]) for rows in list_blocks(len(a))])
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(a - b)
            largest = np.maximum(np.abs(a), np.abs(b))
            bound = np.maximum(self.tolerance.absolute, self.tolerance.relative * largest)
            np.maximum(bound, BAND_RELATIVE * np.maximum(largest, self.scale), out=bound)
            np.maximum(bound, MOST_ULPS * find_ulp(largest), out=bound)
            if self.rounding:
                rounding = self.rounding
                np.maximum(bound, rounding + find_ulp(np.abs(a) + rounding), out=bound)
            agreed: Flags = apart <= bound
        agreed &= np.isfinite(largest)
        agreed |= (a == b) | (np.isnan(a) & np.isnan(b))
        return agreed

    def flag_changes(self, values: Floats) -> Flags:
        """Flag the rows whose value is another than that of the row before, beyond the band.

        From missing to a value, and back, is a change. The first row is none.
        """
        changed = np.zeros(len(values), dtype=np.bool_)
        for rows in list_blocks(len(values)):
            begins = max(rows.start - 1, 0)
            changed[begins + 1 : rows.stop] = self._flag_block(values[begins : rows.stop])
        return changed

    def _flag_block(self, values: Floats) -> Flags:
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(np.diff(values))
            bound = np.maximum(np.abs(values[1:]), self.scale)
            bound *= BAND_RELATIVE
            changed: Flags = apart > bound
            is_plain = np.isfinite(apart.sum())
        if not is_plain:
            missing = np.isnan(values)
            changed |= np.isinf(apart) | (missing[1:] != missing[:-1])
        return changed

    def find_changes(self, values: Floats) -> Rows:
        """Give the rows that ``flag_changes`` flags."""
        return np.flatnonzero(self.flag_changes(values))


def list_blocks(count: int) -> list[slice]:
    """Part rows into blocks whose intermediate values stay in a processor's cache."""
    return [slice(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK)]


def round_of(decimals: int | None) -> float:
    """Give by how much printing moves a value at most; 0 where nothing is known of it."""
    return 0.5 * 10.0**-decimals if decimals else 0.0


def grade(
    a: Floats,
    b: Floats,
    tolerance: Tolerance,
    decimals: int | None = None,
    *,
    scale: float | None = None,
) -> Tiers:
    """Put each pair of values into a tier; NaN is missing.

    ``decimals`` is how many the export prints of ``a``: a ``b`` that is ``a`` when it is printed
    likewise is equal to it. 0 decimals tell nothing: whole numbers print so too. ``scale`` is the
    larger of both medians, where it is known already.
    """
    if np.array_equal(a, b, equal_nan=True):
        return np.where(np.isnan(a), SKIPPED, EXACT).astype(np.uint8)
    tiers = np.empty(len(a), dtype=np.uint8)
    floor = max(usual(a), usual(b)) if scale is None else scale
    rounding = round_of(decimals)
    for rows in list_blocks(len(a)):
        tiers[rows] = _grade_block(a[rows], b[rows], tolerance, rounding, floor)
    return tiers


def _grade_block(
    a: Floats, b: Floats, tolerance: Tolerance, rounding: float, floor: float
) -> Tiers:
    has_a, has_b = ~np.isnan(a), ~np.isnan(b)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = measure(a, b)
        if rounding:
            apart[apart <= rounding + find_ulp(np.abs(a) + rounding)] = 0.0
        largest = np.maximum(np.abs(a), np.abs(b))
        bound = np.maximum(tolerance.absolute, tolerance.relative * largest)
        tiers = np.full(len(a), DIVERGES, dtype=np.uint8)
        tiers[apart <= bound] = LOOSE
        tiers[apart <= BAND_RELATIVE * np.maximum(largest, floor)] = BAND
        tiers[apart <= MOST_ULPS * find_ulp(largest)] = LAST_BITS
        tiers[apart == 0] = EXACT
        tiers[np.isinf(largest) & (a != b)] = DIVERGES
    tiers[has_a != has_b] = MISSING
    tiers[~has_a & ~has_b] = SKIPPED
    return tiers


def find_ulp(sizes: Floats) -> Floats:
    """Give one unit of the last place; NumPy's spacing of the largest number is infinite."""
    return np.minimum(np.spacing(sizes), _LARGEST_ULP)


def measure(a: Floats, b: Floats) -> Floats:
    """Give the distance of each pair, 0 for the same infinity, NaN where one is missing."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart: Floats = np.abs(a - b)
    apart[a == b] = 0.0
    return apart


def usual(values: Floats) -> float:
    """Give the median size of a series' numbers; 0 where it has none."""
    sizes = np.abs(values)
    with np.errstate(over="ignore"):
        is_plain = np.isfinite(sizes.sum())
    if not is_plain:
        sizes = sizes[np.isfinite(sizes)]
    if not sizes.size:
        return 0.0
    middle = sizes.size // 2
    likely = np.sort(sizes[:: sizes.size // _SAMPLE + 1])
    likely = likely[len(likely) // 2]
    if (sizes < likely).sum() < middle < (sizes <= likely).sum():
        return float(likely)  # most often the same: to part such values takes long
    sizes.partition(middle)
    high = float(sizes[middle])
    low = high if sizes.size % 2 else float(sizes[:middle].max())
    median = (low + high) / 2
    return median if math.isfinite(median) else low / 2 + high / 2
