"""Both sides on one row of bars: by their times, after what was asked to be removed."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.series import Times
from hewston.pipeline.parity.side import Side
from hewston.pipeline.parity.tolerances import Floats

type Rows = npt.NDArray[np.intp]
_SECOND_NS = 1_000_000_000
_NEVER_NS = 2**63 - 1  # later than every bar


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Aligned:
    """Two sides and the bars of either, ``grid``, in order (ns, UTC).

    ``both`` are the rows of the grid that both have; trades are those within what is compared.
    ``skipped`` says how many bars were left out, by reason, and ``outside`` how many of Python's
    trades are outside the time that Pine's list and bars span.
    """

    pine: Side
    python: Side
    grid: Times
    both: Rows
    only_pine: int
    only_python: int
    skipped: dict[str, int]
    outside: int
    whole: tuple[Side, Side]  # Pine's, moved, and Python's, before any bar was left out

    @property
    def times(self) -> Times:
        """When the bars that both have begin."""
        return self.grid[self.both]


def align(pine: Side, python: Side, options: Options) -> Aligned:
    """Align two sides by their times.

    Nothing is moved or left out but what ``options`` say, and what Pine's list of trades and its
    bars do not span: a list has no trade before its first one, and none after it was made.
    """
    pine = _move(pine, options.moved_s)
    skipped: dict[str, int] = {}
    whole = pine, python
    if options.span == "common":
        pine, python, skipped["outside the common time"] = _keep_common(pine, python)
    times = pine.times, python.times
    if options.span == "both" and len(times[0]) and len(times[1]):
        both = _find_both(*times)
        skipped["only one side has it"] = len(times[0]) + len(times[1]) - 2 * len(both)
        pine, python = (_keep(side, both) for side in (pine, python))
        if not len(both):  # then nothing is left, no trade either
            pine, python = (_keep_from(side, _NEVER_NS) for side in (pine, python))
        times = both, both
    if options.skip_bars and len(both := _find_bars(*times)):
        is_left = options.skip_bars < len(both)
        first = int(both[options.skip_bars]) if is_left else _NEVER_NS
        skipped["warm-up"] = int((both < first).sum())
        pine, python = (_keep_from(side, first) for side in (pine, python))
        times = pine.times, python.times
    grid = times[0] if np.array_equal(*times) else np.union1d(*times)
    rows = np.searchsorted(grid, _find_both(*times))
    python, outside = _keep_listed(pine, python)
    compares_bars = bool(len(times[0]) and len(times[1]))
    return Aligned(
        pine=pine,
        python=python,
        grid=grid,
        both=rows,
        only_pine=len(times[0]) - len(rows) if compares_bars else 0,
        only_python=len(times[1]) - len(rows) if compares_bars else 0,
        skipped={reason: count for reason, count in skipped.items() if count},
        outside=outside,
        whole=whole,
    )


def _find_both(pine: Times, python: Times) -> Times:
    """Give the times that both have; both are sorted, and have each once."""
    if np.array_equal(pine, python):
        return pine
    found: Times = np.intersect1d(pine, python, assume_unique=True)
    return found


def _find_bars(pine: Times, python: Times) -> Times:
    """Give the bars that are counted: common ones, or those of the side that alone has some."""
    if len(pine) and len(python):
        return _find_both(pine, python)
    return pine if len(pine) else python


def read_column(frame: pl.DataFrame | None, title: str, times: Times) -> Floats:
    """Give a column's values at some of its bars; NaN where there is none."""
    values = np.full(len(times), np.nan)
    if frame is None or frame.is_empty() or title not in frame.columns:
        return values
    own = frame["ts_open"].to_physical().to_numpy()
    column = frame[title]
    found: Floats = (column.fill_null(np.nan) if column.null_count() else column).to_numpy()
    if np.array_equal(own, times):
        return found
    at = np.minimum(np.searchsorted(own, times), len(own) - 1)
    is_there = own[at] == times
    values[is_there] = found[at[is_there]]
    return values


def _move(side: Side, seconds: int) -> Side:
    if not seconds:
        return side
    by = pl.duration(seconds=seconds)
    trades = side.trades
    if trades is not None:
        trades = trades.with_columns(pl.col("entry_ts") + by, pl.col("exit_ts") + by)
    moved = _change_bars(side, lambda bars: bars.with_columns(pl.col("ts_open") + by))
    return dataclasses.replace(moved, trades=trades)


def _keep_common(pine: Side, python: Side) -> tuple[Side, Side, int]:
    """Cut both to the time that their bars share; where they share none, nothing is left."""
    times = pine.times, python.times
    if not len(times[0]) or not len(times[1]):
        return pine, python, 0
    first, last = max(one[0] for one in times), min(one[-1] for one in times)
    cut = [
        _filter(
            side, pl.col("ts_open").to_physical().is_between(first, last), int(first), int(last)
        )
        for side in (pine, python)
    ]
    left = sum(len(side.times) for side in cut)
    return cut[0], cut[1], len(times[0]) + len(times[1]) - left


def _keep_from(side: Side, first: int) -> Side:
    return _filter(side, pl.col("ts_open").to_physical() >= first, first, None)


def _filter(side: Side, bars: pl.Expr, first: int, last: int | None) -> Side:
    """Keep some bars, and the trades that were entered from the first to the last of them."""
    entered = pl.col("entry_ts").to_physical()
    kept = entered >= first if last is None else entered.is_between(first, last)
    cut = _change_bars(side, lambda frame: frame.filter(bars))
    return cut if cut.trades is None else dataclasses.replace(cut, trades=cut.trades.filter(kept))


def _keep(side: Side, times: Times) -> Side:
    """Keep the bars that begin at these times; trades stay, wherever they are."""
    chosen = pl.Series("ts_open", times).implode()
    return _change_bars(
        side, lambda frame: frame.filter(pl.col("ts_open").to_physical().is_in(chosen))
    )


def _change_bars(side: Side, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Side:
    """Give a side with other candles and series."""
    candles, series = side.candles, side.series
    return dataclasses.replace(
        side,
        candles=None if candles is None else change(candles),
        series=None if series is None else change(series),
    )


def _keep_listed(pine: Side, python: Side) -> tuple[Side, int]:
    """Leave out what Python entered before Pine's first trade or after Pine's last time.

    Where Pine has bars it says of these, too, that nothing was traded.
    """
    listed, made = pine.trades, python.trades
    if listed is None or made is None or listed.is_empty():
        return python, 0
    ends = [listed[name].drop_nulls().to_physical().to_numpy() for name in ("entry_ts", "exit_ts")]
    times = np.concatenate([pine.times, *ends])
    kept = made.filter(pl.col("entry_ts").to_physical().is_between(times.min(), times.max()))
    return dataclasses.replace(python, trades=kept), made.height - kept.height
