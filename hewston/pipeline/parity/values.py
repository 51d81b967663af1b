"""A pair of series on the bars that both sides have, without the causes that were removed."""

import numpy as np

from hewston.pipeline.parity.alignment import Aligned, Rows, read_column
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.tolerances import BAND_RELATIVE, Floats


def read_pair(aligned: Aligned, options: Options, title: str, other: str) -> tuple[Floats, Floats]:
    """Give Pine's and Python's values on common bars; NaN is missing.

    Python's are moved back by ``options.offsets`` bars. Of a series that ``options.resampled``
    names only the bars remain at which the coarser side takes another value.
    """
    times = aligned.times
    a = read_column(aligned.pine.series, title, times)
    b = read_column(aligned.python.series, other, times)
    if offset := options.offsets.get(title, 0):
        a, b = _move_back(a, b, offset)
    if title in options.resampled:
        a, b = _resample(a, b)
    return a, b


def _move_back(a: Floats, b: Floats, bars: int) -> tuple[Floats, Floats]:
    """Move ``b`` to earlier bars; both are missing where it then has none."""
    kept, moved = np.full(len(a), np.nan), np.full(len(b), np.nan)
    if bars > 0:
        kept[:-bars], moved[:-bars] = a[:-bars], b[bars:]
    else:
        kept[-bars:], moved[-bars:] = a[-bars:], b[:bars]
    return kept, moved


def _resample(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Keep where the coarser side takes a value, and set the finer one's value beside it.

    That is the finer one's at the end of the interval, at the bar before it, or at its first bar:
    where most of them agree.
    """
    steps = [_find_steps(one) for one in (a, b)]
    is_a = len(steps[0]) <= len(steps[1])
    coarse, fine = (a, b) if is_a else (b, a)
    starts = steps[0] if is_a else steps[1]
    kept, taken = np.full(len(a), np.nan), np.full(len(a), np.nan)
    if len(starts) < 2:  # noqa: PLR2004 (an interval has two ends)
        return kept, taken
    ends = np.append(starts[1:], len(coarse)) - 1
    tried = [fine[rows] for rows in (ends, starts - 1, starts)]
    values = max(tried, key=lambda one: _count_equal(coarse[starts], one))
    kept[starts], taken[starts] = coarse[starts], values
    return (kept, taken) if is_a else (taken, kept)


def _find_steps(values: Floats) -> Rows:
    """Find the bars whose value is there and another than on the bar before."""
    is_step = (values[1:] != values[:-1]) & ~np.isnan(values[1:])
    return np.flatnonzero(is_step) + 1


def _count_equal(one: Floats, other: Floats) -> int:
    return int((np.abs(one - other) <= BAND_RELATIVE * np.abs(one)).sum())
