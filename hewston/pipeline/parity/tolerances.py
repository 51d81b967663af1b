"""How far apart two values may be, and in which tier a pair of values is."""

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hewston.pipeline.errors import InputError

type Floats = npt.NDArray[np.float64]
type Tiers = npt.NDArray[np.uint8]

# The first three agree; the fourth is within the user's tolerance.
TIERS = ("bit-exact", "last bits", "band", "loose", "diverges", "missing")
EXACT, LAST_BITS, BAND, LOOSE, DIVERGES, MISSING, SKIPPED = range(7)
MOST_ULPS = 64
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


def grade(a: Floats, b: Floats, tolerance: Tolerance, decimals: int | None = None) -> Tiers:
    """Put each pair of values into a tier; NaN is missing.

    ``decimals`` is how many the export prints of ``a``: a ``b`` that is ``a`` when it is printed
    likewise is equal to it. 0 decimals tell nothing: whole numbers print so too.
    """
    if np.array_equal(a, b, equal_nan=True):
        return np.where(np.isnan(a), SKIPPED, EXACT).astype(np.uint8)
    has_a, has_b = ~np.isnan(a), ~np.isnan(b)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = measure(a, b)
        if decimals:
            rounding = 0.5 * 10.0**-decimals
            apart[apart <= rounding + np.spacing(np.abs(a) + rounding)] = 0.0
        largest = np.maximum(np.abs(a), np.abs(b))
        floor = max(usual(a), usual(b))
        bound = np.maximum(tolerance.absolute, tolerance.relative * largest)
        tiers = np.full(len(a), DIVERGES, dtype=np.uint8)
        tiers[apart <= bound] = LOOSE
        tiers[apart <= BAND_RELATIVE * np.maximum(largest, floor)] = BAND
        tiers[apart <= MOST_ULPS * np.spacing(largest)] = LAST_BITS
        tiers[apart == 0] = EXACT
        tiers[np.isinf(largest) & (a != b)] = DIVERGES
    tiers[has_a != has_b] = MISSING
    tiers[~has_a & ~has_b] = SKIPPED
    return tiers


def measure(a: Floats, b: Floats) -> Floats:
    """Give the distance of each pair, 0 for the same infinity, NaN where one is missing."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart: Floats = np.abs(a - b)
    apart[a == b] = 0.0
    return apart


def usual(values: Floats) -> float:
    """Give the median size of a series' numbers; 0 where it has none."""
    sizes = np.abs(values[np.isfinite(values)])
    return float(np.median(sizes)) if sizes.size else 0.0
