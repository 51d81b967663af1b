"""Whether one series is the other, moved by a number of bars or by a constant."""

import numpy as np

from hewston.pipeline.parity.tolerances import DIVERGES, MISSING, Floats, Ruler, Tiers

LEAST_CHANGES = 6  # what changes less often agrees by chance, or because it never changes
_MOST_OFFSET = 50  # bars
_SAMPLE = 64  # changes that rule an offset out
_MOST_OF_SAMPLE = 0.9
_MOST_APART = 0.01  # of the bars that have a value on both sides
_MOST_LEFT = 0.1  # of what is apart where nothing is moved
_LEAST_CONSTANT = 20  # bars


def find_offset(a: Floats, b: Floats, ruler: Ruler) -> int:
    """Find by how many bars ``b`` comes later than ``a`` (negative: earlier); 0 where it does not.

    All but a hundredth of the overlap must agree then, and a tenth of what differs in it now at
    most may still differ. Changes of ``a`` that lie within reach of every offset say which are
    worth looking at: at bars on which nothing happens all of them agree.
    """
    most = min(_MOST_OFFSET, len(a) // 4)
    changes = ruler.find_changes(a)
    changes = changes[(changes > most) & (changes < len(a) - most)]
    if len(changes) < LEAST_CHANGES:
        return 0
    sample = changes[np.linspace(0, len(changes) - 1, min(_SAMPLE, len(changes))).astype(np.intp)]
    offsets = np.arange(-most, most + 1)
    moved = sample[:, None] + offsets
    agreed = ruler.agrees(a[sample][:, None], b[moved])
    agreed &= ruler.agrees(a[sample - 1][:, None], b[moved - 1])
    likely = offsets[agreed.mean(axis=0) >= _MOST_OF_SAMPLE]
    for offset in sorted(likely.tolist(), key=lambda one: (abs(one), one < 0)):
        if offset and _explains(a, b, offset, ruler):
            return int(offset)
    return 0


def _explains(a: Floats, b: Floats, offset: int, ruler: Ruler) -> bool:
    size = abs(offset)
    early, late = slice(None, -size), slice(size, None)
    own, other = (early, late) if offset > 0 else (late, early)
    now = len(a) - size - int(ruler.agrees(a[own], b[own]).sum())
    then = len(a) - size - int(ruler.agrees(a[own], b[other]).sum())
    known = int((~np.isnan(a[own]) & ~np.isnan(b[other])).sum())
    return now >= LEAST_CHANGES and then <= min(_MOST_APART * known, _MOST_LEFT * now)


def find_constant(a: Floats, b: Floats, tiers: Tiers, ruler: Ruler) -> float | None:
    """Give ``b - a`` where it is the same from the first to the last bar on which they differ.

    So do sums that began elsewhere, or of which one bar was another. What itself stands still
    tells nothing, nor do fewer than twenty bars, nor what ends before the series do.
    """
    differs = tiers == DIVERGES
    if differs.sum() < _LEAST_CONSTANT:
        return None
    known = tiers < MISSING
    known[: differs.argmax()] = False
    if not np.array_equal(known, differs):
        return None
    one, two = a[known], b[known]
    some = np.linspace(0, len(one) - 1, _LEAST_CONSTANT).astype(np.intp)
    if not _is_constant(one[some], two[some], ruler) or not _is_constant(one, two, ruler):
        return None
    if ruler.flag_changes(one).sum() < LEAST_CHANGES:
        return None
    return float(np.median(two - one))


def _is_constant(one: Floats, two: Floats, ruler: Ruler) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):
        constant = np.median(two - one)
        moved = one + constant
    return bool(np.isfinite(constant) and ruler.agrees(moved, two).all())
