"""How often values lie where: what a histogram draws."""

import dataclasses
import itertools
import math

import numpy as np
import polars as pl

_LEAST_WIDTH = 1e-300  # below it, numbers have no digits left to divide


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bin:
    """How many values lie in [low, high); a bin for all that lies below or above has an infinity.

    A last bin whose high is finite includes it.
    """

    low: float
    high: float
    count: int


def histogram(values: pl.Series, *, bins: int, whole: bool = False) -> list[Bin]:
    """Count finite values in ``bins`` bins of equal width, so that 0 is an edge between two.

    Without values there is no bin. The range reaches from the 1st to the 99th percentile. Where
    values lie outside, the outermost bin counts them and reaches to infinity. The edges of
    ``whole`` values are whole numbers, with fewer bins where that needs it.
    """
    known = values.drop_nulls().filter(values.drop_nulls().is_finite())
    if known.is_empty():
        return []
    low = min(float(known.quantile(0.01) or 0.0), 0.0)
    high = max(float(known.quantile(0.99) or 0.0), 0.0)
    width = (high - low) / (bins - 1)
    if width < _LEAST_WIDTH:
        width = 1.0
    if whole:
        width = math.ceil(width)
    # However small a value on either side of 0 is, it has a bin on its own side.
    first = min(math.floor(low / width), -1 if (known < 0).any() else 0)
    last = max(math.ceil(high / width), 1 if (known >= 0).any() else 0)
    edges = [number * width for number in range(first, last + 1)]
    places = np.searchsorted(edges[1:-1], known.to_numpy(), side="right")
    counts = np.bincount(places, minlength=len(edges) - 1).tolist()
    if (known < edges[0]).any():
        edges[0] = -math.inf
    if (known > edges[-1]).any():
        edges[-1] = math.inf
    return [
        Bin(low=low, high=high, count=count)
        for count, (low, high) in zip(counts, itertools.pairwise(edges), strict=True)
    ]
