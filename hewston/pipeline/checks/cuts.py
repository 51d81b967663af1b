"""Where to end the data: spread over them, at the edges of every period, and at signals."""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.checks.answers import Columns
from hewston.pipeline.checks.differences import find_unequal
from hewston.pipeline.intervals import INTERVAL_NS

type Rows = npt.NDArray[np.intp]

_PERIODS = ("5m", "15m", "30m", "1h", "4h", "1d", "1w")
_WEEK_BEGINS_NS = 4 * INTERVAL_NS["1d"]  # 1970-01-01 was a Thursday
_GROWTH = 1.5  # of the first cuts: what is filled back from the first value differs only before it
_GOLDEN = 0.6180339887498949  # multiples of it fall at every minute of an hour and hour of a day
_EVERY_KIND, _MOST_KINDS = 16, 40  # different values of a series: as many are states, not numbers
_RARE = 0.05  # a number that changes at fewer of the bars is a step, and its changes are events


def choose_cuts(bars: pl.DataFrame, *, spread: int, each: int) -> list[int]:
    """Choose rows at which data may end, whatever the strategy.

    ``spread`` rows at equal distances and as many at every time of the day, the first few rows and
    the last, and up to ``each`` rows of every kind that ``_list_kinds`` knows.
    """
    last = bars.height - 2
    rows = {round(bars.height * (place + 1) / (spread + 1)) - 1 for place in range(spread)}
    rows |= {int(bars.height * (place * _GOLDEN % 1)) for place in range(1, spread + 1)}
    rows |= set(_list_first(bars.height // (spread + 1))) | {last - 1, last}
    for kind in _list_kinds(bars):
        rows |= set(pick_evenly(kind[kind <= last], each))
    return sorted(row for row in rows if 0 <= row <= last)


def choose_starts(bars: pl.DataFrame, count: int) -> list[int]:
    """Choose rows of the first half at which data may begin: inside periods and at their edges."""
    half = bars.height // 2
    inside = [round(half * (place + 1) / (count + 1)) for place in range(count)]
    edges = [row for kind in _list_kinds(bars[:half], ("1h", "1d")) for row in pick_evenly(kind, 1)]
    return sorted({row for row in (1, *inside, *edges) if 0 < row < bars.height})


def list_events(columns: Columns) -> list[Rows]:
    """List the rows at which a series turns to another state, a list for each kind of turn.

    Those of rare kinds come first. A state is a truth, a text, one of few numbers, or whether
    there is a value at all; a step is a number that seldom changes.
    """
    kinds = [rows for name in sorted(columns) for rows in _list_turns(columns[name])]
    return sorted((rows for rows in kinds if rows.size), key=len)


def choose_events(kinds: Iterable[Rows], limit: int) -> list[int]:
    """Choose up to ``limit`` rows of events, as many of each kind, evenly spread inside a kind."""
    waiting = list(kinds)
    chosen: set[int] = set()
    while waiting and len(chosen) < limit:
        share = max((limit - len(chosen)) // len(waiting), 1)
        kind = waiting.pop(0)
        chosen |= set(pick_evenly(kind, min(share, limit - len(chosen))))
    return sorted(chosen)


def pick_evenly(rows: Rows, count: int) -> list[int]:
    """Pick rows at equal distances, the first and the last included."""
    if rows.size <= count:
        return [int(row) for row in rows]
    places = np.linspace(0, rows.size - 1, count) if count > 1 else [rows.size // 2]
    return [int(rows[int(place)]) for place in places]


def usual_step_ns(bars: pl.DataFrame) -> int:
    """Give the distance between most neighbouring bars; a minute where there is only one bar."""
    steps = bars["ts_open"].to_physical().diff().drop_nulls()
    return int(steps.mode().sort()[0]) if len(steps) else INTERVAL_NS["1m"]


def number_periods(bars: pl.DataFrame, period: str) -> pl.Series:
    """Number the period of each bar, in UTC; weeks begin on Mondays."""
    starts = bars["ts_open"].to_physical()
    offset = _WEEK_BEGINS_NS if period == "1w" else 0
    return (starts - offset) // INTERVAL_NS[period]


def _list_first(limit: int) -> Iterator[int]:
    row = 1.0
    while row < limit:
        yield int(row)
        row = max(row * _GROWTH, row + 1)


def _list_kinds(bars: pl.DataFrame, periods: Iterable[str] = _PERIODS) -> Iterator[Rows]:
    """List rows by kind: the last, first and inner ones of periods, sessions and missing values."""
    step = usual_step_ns(bars)
    groups = [number_periods(bars, name) for name in periods if INTERVAL_NS[name] > step]
    groups.append(bars["ts_open"].dt.month())
    groups.append((bars["ts_open"].to_physical().diff() > step).fill_null(value=False).cum_sum())
    groups.append(bars["session"].to_physical())
    for name, column in zip(bars.columns, bars.get_columns(), strict=True):
        if 0 < column.null_count() < bars.height:
            groups.append(column.is_null().alias(name))
    groups.append(bars["volume"] == 0)
    for group in groups:
        begins = np.append(group.ne_missing(group.shift(1)).to_numpy(), [True])
        ends, begins = begins[1:], begins[:-1]
        yield from (np.flatnonzero(ends), np.flatnonzero(begins), np.flatnonzero(~begins & ~ends))


def _list_turns(column: pl.Series) -> Iterator[Rows]:
    if len(column) < 2:  # noqa: PLR2004 (there is a turn between two)
        return
    missing = column.is_null()
    if column.dtype.is_float():
        missing |= column.is_nan().fill_null(value=False)
    turns = find_unequal(column[1:], column[:-1])
    if _has_states(column):
        yield from _list_by_state(column, turns)
        return
    appears = find_unequal(missing[1:], missing[:-1])
    yield np.flatnonzero(appears) + 1
    if turns.mean() < _RARE:
        yield np.flatnonzero(turns & ~appears) + 1


def _has_states(column: pl.Series) -> bool:
    return column.dtype in {pl.Boolean, pl.String} or column.n_unique() <= _EVERY_KIND


def _list_by_state(column: pl.Series, turns: npt.NDArray[np.bool_]) -> Iterator[Rows]:
    rows = np.flatnonzero(turns) + 1
    pairs = pl.DataFrame(
        {"row": rows, "from": column.gather(rows - 1), "to": column.gather(rows)}, strict=False
    )
    kinds = pairs.group_by("from", "to", maintain_order=True).agg("row")["row"]
    for kind in itertools.islice(kinds, _MOST_KINDS):
        yield kind.to_numpy().astype(np.intp)
