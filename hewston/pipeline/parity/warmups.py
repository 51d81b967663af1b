"""Whether what differs is how a series begins: an error at the start that fades."""

import numpy as np

from hewston.pipeline.parity.tolerances import (
    BAND_RELATIVE,
    DIVERGES,
    LOOSE,
    MISSING,
    MOST_ULPS,
    SKIPPED,
    Flags,
    Floats,
    Rows,
    Ruler,
    Tiers,
    measure,
)

_UNKNOWN_WARMUP = 4  # where nobody says how long it is: a quarter of the bars at most
_TAIL = 3  # times as long as the warm-up, within the loose band, until an error has faded
_MOST_ALIKE = 0.25  # of the bars, where an error passes through zero or is printed as none
_CLEAR = 3  # times what printing moves a value
_PARTS = 4
_LEAST_PARTED = 8  # errors that can be parted
_FADED = 0.1


def is_warmup(a: Floats, b: Floats, tiers: Tiers, warmup: int | None, ruler: Ruler) -> bool:
    """Tell whether what differs is one stretch at the start over which the error never grows.

    Its bars beyond the loose band are no more than the declared warm-up, or than those at which
    ``a`` begins (these a quarter of the bars at most); within the loose band, or within what
    printing hides, it may fade on. The error of a quotient of two averages, as of an RSI, swings
    while it fades: there the largest error of each quarter is less than that before, and a tenth
    is left at last.
    """
    is_compared = tiers != SKIPPED
    if tiers[len(tiers) - 1 - is_compared[::-1].argmax()] >= LOOSE:
        return False  # to the last bar
    compared = np.flatnonzero(is_compared)
    own = tiers[compared]
    differs = np.flatnonzero(own >= LOOSE)
    length = int(differs[-1]) + 1
    # The second bar may be the first that differs: recursions that begin with the same value.
    if differs[0] > int(own[differs[0]] != MISSING):
        return False
    rows = compared[:length]
    # Where a printed value has been rounded, or one is near zero, an error that small is now seen
    # and now is not.
    small = max(_CLEAR * ruler.rounding, ruler.tolerance.relative * ruler.scale)
    is_beyond = own[:length] >= DIVERGES
    is_clear = (own[:length] == MISSING) | (measure(a[rows], b[rows]) > small)
    needed = _count_to_last(is_beyond & is_clear) or _count_to_last(is_beyond)
    limit = _find_limit(a, len(compared), warmup)
    if needed > limit or length > _TAIL * limit:
        return False
    alike = needed - int((own[:needed] >= LOOSE).sum())
    return alike <= max(_MOST_ALIKE * needed, differs[0]) and _fades(a, b, rows, tiers, ruler)


def _count_to_last(flags: Flags) -> int:
    found = np.flatnonzero(flags)
    return int(found[-1]) + 1 if found.size else 0


def _find_limit(a: Floats, compared: int, warmup: int | None) -> int:
    known = np.flatnonzero(~np.isnan(a))
    begins = int(known[0]) if known.size else len(a)
    unknown = compared // _UNKNOWN_WARMUP
    return max(min(begins, unknown), unknown if warmup is None else warmup)


def _fades(a: Floats, b: Floats, rows: Rows, tiers: Tiers, ruler: Ruler) -> bool:
    rows = rows[tiers[rows] != MISSING]
    error = measure(a[rows], b[rows])
    noise = 2 * ruler.rounding + MOST_ULPS * np.spacing(ruler.scale)
    least = np.minimum.accumulate(error)
    if (error[1:] <= least[:-1] * (1 + BAND_RELATIVE) + noise).all():
        return True
    if len(error) < _LEAST_PARTED:
        return False
    largest = np.array([part.max() for part in np.array_split(error, _PARTS)])
    return bool((np.diff(largest) <= noise).all() and largest[-1] <= _FADED * largest[0] + noise)
