"""Whether one side is of a longer interval than the other, and knows its end too early."""

import dataclasses
from typing import Literal

import numpy as np

from hewston.pipeline.parity.grids import (
    LEAST_INTERVALS,
    LEAST_ROWS,
    MOST_ROWS,
    Grid,
    Times,
    find_grid,
    length_of,
)
from hewston.pipeline.parity.tolerances import Flags, Floats, Rows, Ruler

type Which = Literal["pine", "python", "both"]

_INSIDE = 0.2  # of the coarser side's changes: so many intervals of them has the other inside
_COVERED = 0.6  # of the intervals, where one side has a value in each and none between
_NEARLY_ALL = 0.95
_MOST_PAINTED = 0.9


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coarser:
    """A longer interval, whose it is, and whether its end is shown before it is over."""

    interval: str
    side: Which
    repaints: bool


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """The bars among which one side stands still, and those on which it moves."""

    rows: Rows  # of the bars compared
    changes: Rows  # among rows
    grid: Grid
    marks: Flags  # by row: an interval of the grid begins, or ends
    has_gaps: bool  # a value at marks alone, as Pine's ``gaps_on`` gives

    @property
    def intervals(self) -> Rows:
        """Number the interval of each row; 0 is before the first mark."""
        return self.marks.cumsum()


def find_steps(times: Times, own: Floats, other: Floats, ruler: Ruler) -> Steps | None:
    """Find the longer interval at which one side alone moves, or has a value at all.

    None where it lies on no grid of longer intervals.
    """
    both = np.isnan(own), np.isnan(other)
    if not both[0].any() and not both[1].any():
        return _find_steps(times, own, ruler, None)
    rows = np.flatnonzero(~both[1])
    having = np.flatnonzero(~both[0][rows])
    if len(rows) - len(having) >= LEAST_INTERVALS:
        found = find_grid(times[rows], having)
        if found and len(having) >= _COVERED * found[1][having[0] : having[-1] + 1].sum():
            return Steps(rows=rows, changes=having, grid=found[0], marks=found[1], has_gaps=True)
    return _find_steps(times, own, ruler, rows[having])


def _find_steps(times: Times, own: Floats, ruler: Ruler, rows: Rows | None) -> Steps | None:
    """Find them where both sides have a value: at ``rows``, or everywhere."""
    if rows is not None:
        times, own = times[rows], own[rows]
    if len(times) < 2 * LEAST_INTERVALS:
        return None
    changed = ruler.flag_changes(own)
    if not LEAST_ROWS <= changed.sum() <= MOST_ROWS * len(times):
        return None
    changes = np.flatnonzero(changed)
    found = find_grid(times, changes)
    if not found:
        return None
    rows = np.arange(len(times)) if rows is None else rows
    return Steps(rows=rows, changes=changes, grid=found[0], marks=found[1], has_gaps=False)


def find_coarser(
    a: Floats, b: Floats, steps: tuple[Steps | None, Steps | None], ruler: Ruler
) -> Coarser | None:
    """Tell which side moves only where longer intervals do while the other moves inside them.

    ``steps`` are those of ``a``, Pine's, and of ``b``, Python's. Of two the longer interval is
    told.
    """
    found = []
    both: tuple[tuple[Which, Steps | None, Floats, Floats], ...] = (
        ("pine", steps[0], a, b),
        ("python", steps[1], b, a),
    )
    for side, one, own, other in both:
        if one and _moves_inside(one, other, ruler):
            repaints = _repaints(one, own, other, ruler)
            found.append(Coarser(interval=one.grid.interval, side=side, repaints=repaints))
    if not found:
        return None
    found.sort(key=lambda one: -length_of(one.interval))
    if len(found) > 1 and found[1].interval == found[0].interval:
        return dataclasses.replace(found[0], side="both", repaints=False)
    return found[0]


def _moves_inside(steps: Steps, other: Floats, ruler: Ruler) -> bool:
    """Tell whether the other side moves, or has values, inside the intervals of enough steps."""
    is_inside = ~steps.marks
    if not steps.has_gaps:
        is_inside &= ruler.flag_changes(other[steps.rows])
    intervals = steps.intervals[is_inside]
    count = int((np.diff(intervals) != 0).sum()) + 1 if len(intervals) else 0
    return count >= max(LEAST_INTERVALS, _INSIDE * len(steps.changes))


def _repaints(steps: Steps, own: Floats, other: Floats, ruler: Ruler) -> bool:
    """Tell whether one side shows at an interval's first bar what the other shows at its last.

    Or the other's highest, lowest or sum of the whole interval. Intervals at whose first bar the
    other has that value already tell nothing.
    """
    starts = np.flatnonzero(steps.marks)
    if steps.grid.at_ends or len(starts) <= LEAST_INTERVALS:
        return False
    fine = other[steps.rows]
    shown, first = own[steps.rows][starts[:-1]], fine[starts[:-1]]
    whole = fine[: starts[-1]]
    with np.errstate(invalid="ignore", over="ignore"):
        ends = (
            fine[starts[1:] - 1],
            np.maximum.reduceat(whole, starts[:-1]),
            np.minimum.reduceat(whole, starts[:-1]),
            np.add.reduceat(whole, starts[:-1]),
        )
    for end in ends:
        tells = ~ruler.agrees(first, end)
        if tells.sum() < LEAST_INTERVALS:
            continue
        if ruler.agrees(shown, end)[tells].mean() >= _MOST_PAINTED:
            return True
    return False


def find_moved(
    a: Floats, b: Floats, steps: tuple[Steps | None, Steps | None], ruler: Ruler
) -> Coarser | None:
    """Tell whether both sides stand still alike, and one is the other one longer interval later.

    Then one shows from an interval's beginning what the other shows when it is over: from its last
    bar on, or from the next interval's beginning.
    """
    if steps[0] is None or steps[1] is None:
        return None
    for one, early, late in ((steps[0], a, b), (steps[1], b, a)):
        if not one.has_gaps and _is_later(one, early, late, ruler):
            return Coarser(interval=one.grid.interval, side="both", repaints=True)
    return None


def _is_later(steps: Steps, early: Floats, late: Floats, ruler: Ruler) -> bool:
    starts = np.flatnonzero(steps.marks)
    shown = early[steps.rows][starts]
    is_whole = steps.intervals > 1
    at = steps.intervals[is_whole] - 1
    now, before = shown[at], shown[at - 1]
    tells = ~ruler.agrees(now, before)
    if np.count_nonzero(np.diff(at[tells])) < LEAST_ROWS:
        return False
    own = late[steps.rows][is_whole]
    if _is_nearly(ruler.agrees(before, own), tells):
        return True
    is_last = np.append(steps.marks[1:], False)[is_whole]
    return _is_nearly(ruler.agrees(np.where(is_last, now, before), own), tells)


def _is_nearly(agreed: Flags, tells: Flags) -> bool:
    """Tell whether nearly all bars agree, and nearly all of those that tell: else 0 is 1 later."""
    return bool(min(agreed.mean(), agreed[tells].mean()) >= _NEARLY_ALL)
