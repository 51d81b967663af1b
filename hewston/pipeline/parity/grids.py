"""Where longer intervals begin or end among bars, and which grid of them some rows lie on."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.parity.tolerances import Flags, Rows

type Times = npt.NDArray[np.int64]

LEAST_INTERVALS = 20
LEAST_ROWS = 10
MOST_ROWS = 0.75  # of the bars: more of them lie on no grid of longer intervals
_DAY_NS = INTERVAL_NS["1d"]
_MONDAY_NS = 4 * _DAY_NS  # after the epoch
_SHORTEST_MONTH_NS = 28 * _DAY_NS
_LENGTHS_NS = INTERVAL_NS | {"45m": 45 * INTERVAL_NS["1m"]}  # which TradingView has besides
_NAMES = sorted(_LENGTHS_NS, key=lambda name: -_LENGTHS_NS[name])
# Where clocks are put forward and back, once each day on which they are.
_ZONES = ("America/New_York", "Europe/London", "Australia/Sydney")
_SAMPLE = 1_000  # rows whose times say where an interval begins
_MISFITS = 50  # one row of so many may lie elsewhere: a day cut short, a missing bar
_LEAST_MISFITS = 30  # less than a fiftieth: twenty rows may have one
_LEAST_BITS = 30  # by chance alone one pair of series in a billion lies on a given grid
_SPREAD = 0.5
_PHASES = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """Longer intervals in a zone's wall-clock time, ``phase_ns`` after round ones."""

    interval: str
    zone: str
    phase_ns: int
    at_ends: bool  # what lies on it does so at intervals' last bars, not at their first

    def number(self, clock: Times) -> Times:
        """Number the interval of each time that a clock in its zone shows."""
        clock = clock - self.phase_ns
        if self.interval == "1mo":
            return clock.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
        return clock // _LENGTHS_NS[self.interval]

    def mark(self, times: Times) -> Flags:
        """Flag the bars at which intervals begin, or end; the first and the last are none."""
        numbers = self.number(read_clock(times, self.zone))
        marks = np.zeros(len(times), dtype=np.bool_)
        turns = numbers[1:] != numbers[:-1]
        if self.at_ends:
            marks[:-1] = turns
        else:
            marks[1:] = turns
        return marks


def length_of(interval: str) -> int:
    """Give an interval's length in nanoseconds, the longest that it can be."""
    return _LENGTHS_NS[interval]


def read_clock(times: Times, zone: str) -> Times:
    """Give wall-clock times of a zone in nanoseconds, as if they were UTC."""
    if zone == "UTC":
        return times
    moments = pl.Series(times).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone)
    return moments.dt.replace_time_zone(None).to_physical().to_numpy()


def find_grid(times: Times, rows: Rows) -> tuple[Grid, Flags] | None:
    """Find the longest intervals at whose beginnings, or ends, ``rows`` of ``times`` lie.

    That they lie there by chance must be out of the question, and they must be spread over the
    times at which intervals begin: what happens at two o'clock each day is no two-hour series.
    Of intervals within a day that begin at the same bars, as in short sessions, the shortest is
    given, and a whole day before them. Gives the grid and its marks; None where there is none.
    """
    if not LEAST_ROWS <= len(rows) <= MOST_ROWS * len(times):
        return None
    found: tuple[Grid, Flags] | None = None
    for grid in _list_fitting(times, rows):
        if found and _LENGTHS_NS[found[0].interval] >= _DAY_NS:
            return found
        marks = grid.mark(times)
        if found and not (_is_shorter(grid, found[0]) and np.array_equal(marks, found[1])):
            continue
        count = int(marks.sum())
        bits = len(rows) * -np.log2(count / len(times)) if count else 0
        if count < LEAST_INTERVALS or bits < _LEAST_BITS:
            continue
        if found or _is_spread(grid, times[marks], times[rows]):
            found = grid, marks
    return found


def _is_shorter(one: Grid, other: Grid) -> bool:
    return one.at_ends == other.at_ends and _LENGTHS_NS[one.interval] < _LENGTHS_NS[other.interval]


def _list_fitting(times: Times, rows: Rows) -> Iterator[Grid]:
    """Give the grids on which nearly all rows lie, longest intervals first."""
    step = int(np.diff(times).min())
    span = int(times[-1] - times[0])
    needed = len(rows) - (len(rows) + _LEAST_MISFITS) // _MISFITS - 2
    names = [
        name
        for name in _NAMES
        if _LENGTHS_NS[name] >= 2 * step
        and needed <= span // (_SHORTEST_MONTH_NS if name == "1mo" else _LENGTHS_NS[name])
    ]
    if not names:
        return
    bars = np.append(times, times[-1] + 2 * _LENGTHS_NS["1mo"])  # after the last all are over
    around = (rows - 1, rows, rows + 1)
    zones = ["UTC"]
    if any(_follows_clocks(name) for name in names):
        zones += [zone for zone in _ZONES if _is_put_forward(times, zone)]
    clocks = {zone: tuple(read_clock(bars[some], zone) for some in around) for zone in zones}
    for name in names:
        for zone in zones if _follows_clocks(name) else zones[:1]:
            before, own, after = clocks[zone]
            for at_ends in (False, True):
                for phase in _list_phases(name, own, step if at_ends else 0):
                    grid = Grid(interval=name, zone=zone, phase_ns=phase, at_ends=at_ends)
                    misfits = grid.number(own) == grid.number(after if at_ends else before)
                    if misfits.sum() <= (len(rows) + _LEAST_MISFITS) // _MISFITS:
                        yield grid


def _follows_clocks(name: str) -> bool:
    """Tell whether an hour more or less moves where intervals begin."""
    return INTERVAL_NS["1h"] % _LENGTHS_NS[name] != 0


def _is_put_forward(times: Times, zone: str) -> bool:
    """Tell whether clocks of a zone are put forward or back between bars."""
    some = times[np.linspace(0, len(times) - 1, min(_SAMPLE, len(times))).astype(np.intp)]
    return len(np.unique(read_clock(some, zone) - some)) > 1


def _list_phases(name: str, clock: Times, after: int) -> list[int]:
    """Give the round one, and those at which most of the sampled times lie.

    More than one, for a session's end cuts its last interval short.
    """
    period = _DAY_NS if name == "1mo" else _LENGTHS_NS[name]
    some = clock[np.linspace(0, len(clock) - 1, min(_SAMPLE, len(clock))).astype(np.intp)]
    rests, counts = np.unique(some % period, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_PHASES]
    own = [int(rest + after) % period for rest in rests[most]]
    if name == "1mo":  # an evening's session is the next date's
        own += [one - _DAY_NS for one in own]
    return list(dict.fromkeys((_MONDAY_NS if name == "1w" else 0, *own)))


def _is_spread(grid: Grid, marks: Times, rows: Times) -> bool:
    """Tell whether rows are at more than half as many times of a week as marks by chance."""
    length = _LENGTHS_NS[grid.interval]
    if length > _DAY_NS:
        return True
    slots = [
        np.unique((read_clock(some, grid.zone) - grid.phase_ns) % (7 * _DAY_NS) // length)
        for some in (marks, rows)
    ]
    most = len(slots[0])
    expected = most * (1 - (1 - 1 / most) ** len(rows))
    return len(slots[1]) > _SPREAD * expected
