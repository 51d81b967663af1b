"""Sums of runs of floats, each rounded once: as ``math.fsum`` of every run, but vectorised."""

import math

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Rows = npt.NDArray[np.int64]

_DIGITS = 53  # of a float, in bits
_EXACT = 2.0**_DIGITS  # integers below it are floats, and so is every sum of them
_MOST_EXPONENT, _LEAST_EXPONENT = 1023, -1021


def sum_runs(values: Floats, starts: Rows) -> Floats:
    """Sum the runs of ``values`` that begin at ``starts``; NaN where one of a run is NaN.

    Each sum is the float nearest to the exact one, whatever the order. The method is ExtractVector
    of Rump, Ogita and Oishi, "Accurate floating-point summation part I" (2008): a power of two
    cuts every value into a high part, a multiple of so large a unit that all sums of these are
    exact, and a low part, which is cut again. Two exact sums make one by one rounding.

    ``values`` are finite or NaN, ``starts`` begin with 0 and rise.
    """
    unknown = np.isnan(values)
    if unknown.any():
        known = sum_runs(np.where(unknown, 0.0, values), starts)
        return np.where(np.logical_or.reduceat(unknown, starts), np.nan, known)
    longest = int(np.diff(starts, append=len(values)).max())
    largest = float(np.abs(values).max())
    if largest * longest < _EXACT and (values == np.rint(values)).all():
        return np.add.reduceat(values, starts) + 0.0  # no minus zero
    parts, rest = _extract(values, starts, longest=longest, largest=largest)
    if rest is not None:
        return _sum_slowly(values, starts)
    sums = parts[0] + parts[1] if len(parts) > 1 else parts[0]
    if len(parts) > 2:  # noqa: PLR2004  # more than one rounding
        more = np.flatnonzero(np.any(parts[2:], axis=0))
        columns = zip(*(part[more].tolist() for part in parts), strict=True)
        sums[more] = [math.fsum(column) for column in columns]
    return sums + 0.0


def _extract(
    values: Floats, starts: Rows, *, longest: int, largest: float
) -> tuple[list[Floats], Floats | None]:
    """Give exact sums that add up to those of the values, and what is left if that is not all."""
    room = (longest + 1).bit_length()  # bits that the sum of a run may have more than a value
    exponent = math.frexp(largest)[1] + room
    parts: list[Floats] = []
    rest = values
    while _LEAST_EXPONENT <= exponent <= _MOST_EXPONENT:
        unit = math.ldexp(1.0, exponent)
        high = (unit + rest) - unit
        rest = rest - high
        parts.append(np.add.reduceat(high, starts))
        if not rest.any():
            return parts, None
        exponent += room - _DIGITS
    return parts, rest


def _sum_slowly(values: Floats, starts: Rows) -> Floats:
    ends = np.append(starts[1:], len(values)).tolist()
    runs = zip(starts.tolist(), ends, strict=True)
    return np.array([math.fsum(values[start:end].tolist()) for start, end in runs])
