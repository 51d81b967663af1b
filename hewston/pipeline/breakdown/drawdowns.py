"""The deepest drawdowns of a run."""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl

_DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drawdown:
    """Equity from a peak to the first bar that is as high again. Times are ``ts_open``, UTC.

    ``start`` is the last bar at the peak: the first bar, where the starting cash was never reached
    again. ``recovery`` is None while there is none, and then ``bars`` and ``days`` reach to the
    last bar. ``depth`` is a fraction of the peak, > 0. Bars are numbers of the run's bars.
    """

    start_bar: int
    trough_bar: int
    recovery_bar: int | None
    start: dt.datetime
    trough: dt.datetime
    recovery: dt.datetime | None
    depth: float
    bars: int
    days: float


def find_drawdowns(equity: pl.DataFrame, *, most: int = 5) -> list[Drawdown]:
    """Find the deepest drawdowns of EQUITY, deepest first, the earlier one of equals first."""
    depth = equity["drawdown"].to_numpy()
    edges = np.diff(depth > 0, prepend=False, append=False)
    begins, ends = np.flatnonzero(edges).reshape(-1, 2).T  # each [begin, end) is under water
    if not begins.size:
        return []
    deepest = np.maximum.reduceat(depth, begins)
    chosen = np.argsort(-deepest, kind="stable")[:most]
    return [_describe(equity, int(begins[one]), int(ends[one])) for one in chosen]


def _describe(equity: pl.DataFrame, begin: int, end: int) -> Drawdown:
    """Describe the drawdown of the bars from ``begin`` to before ``end``."""
    start = max(begin - 1, 0)
    trough = begin + int(np.argmax(equity["drawdown"][begin:end].to_numpy()))
    recovery = end if end < equity.height else None
    last = equity.height - 1 if recovery is None else recovery
    times: list[dt.datetime] = [equity["ts_open"][bar] for bar in (start, trough, last)]
    return Drawdown(
        start_bar=start,
        trough_bar=trough,
        recovery_bar=recovery,
        start=times[0],
        trough=times[1],
        recovery=None if recovery is None else times[2],
        depth=float(equity["drawdown"][trough]),
        bars=last - start,
        days=(times[2] - times[0]) / _DAY,
    )
