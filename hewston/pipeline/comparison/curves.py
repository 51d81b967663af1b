"""Equity and drawdown of several runs over each other, as so many points as a screen shows."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.comparison.run import ComparedRun
from hewston.pipeline.schemas import UTC_NS

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]

MOST_POINTS = 1_500


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """One run's line; ``growth`` and ``drawdown`` have a value a point, NaN where it has no bar.

    Without a line there is a ``reason``.
    """

    growth: Floats  # equity over that at the start: 1 is the start
    drawdown: Floats  # fraction below the highest since the start, the deepest of each point, >= 0
    end: float  # growth at the run's last bar
    deepest: float
    reason: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Lines over shared points; ``ts_open`` is the last bar of each."""

    ts_open: pl.Series
    start: dt.datetime | None  # the common one; None where the runs share no time
    bars_a_point: int
    curves: tuple[Curve, ...]


def draw_curves(runs: Sequence[ComparedRun], *, most_points: int = MOST_POINTS) -> Curves:
    """Draw every run's equity over that before the first bar which all of them have reached.

    Runs that share no time are drawn from the cash each began with. A point holds the last equity
    and the deepest drawdown of the bars in it.
    """
    starts = [run.equity["ts_open"].to_physical().to_numpy() for run in runs]
    common = max(int(own[0]) for own in starts)
    shares_time = common <= min(int(own[-1]) for own in starts)
    firsts = [int(np.searchsorted(own, common)) if shares_time else 0 for own in starts]
    drawn = [own[first:] for own, first in zip(starts, firsts, strict=True)]
    times = drawn[0]
    for own in drawn[1:]:
        times = times if np.array_equal(times, own) else np.union1d(times, own)
    bars_a_point = -(-len(times) // most_points)
    ends = times[bars_a_point - 1 :: bars_a_point]
    if not len(ends) or ends[-1] != times[-1]:
        ends = np.append(ends, times[-1])
    curves = (
        _draw(run, own, first, ends) for run, own, first in zip(runs, drawn, firsts, strict=True)
    )
    return Curves(
        ts_open=pl.Series(ends).cast(UTC_NS),
        start=dt.datetime.fromtimestamp(common // 10**9, dt.UTC) if shares_time else None,
        bars_a_point=bars_a_point,
        curves=tuple(curves),
    )


def _draw(run: ComparedRun, times: Integers, first: int, ends: Integers) -> Curve:
    """Draw one run from its bar ``first`` on, of which ``times`` are the starts."""
    equity = run.equity["equity"].to_numpy()
    base = equity[first - 1] if first else run.starting_cash
    if base <= 0:
        nothing = np.full(len(ends), np.nan)
        reason = f"Equity of run {run.run_id} is at or below zero at the start."
        return Curve(growth=nothing, drawdown=nothing, end=np.nan, deepest=np.nan, reason=reason)
    growth = equity[first:] / base
    drawdown = 1 - growth / np.maximum.accumulate(np.maximum(growth, 1.0))
    # The bars of each point; one without any shows how the run stood.
    upto = np.searchsorted(times, ends, side="right")
    since = np.concatenate(([0], upto[:-1]))
    last = upto - 1
    is_drawn = (last >= 0) & ((since < upto) | (ends < times[-1]))
    deepest = np.maximum.reduceat(np.append(drawdown, 0.0), since)
    deepest = np.where(since < upto, deepest, drawdown[last])
    return Curve(
        growth=np.where(is_drawn, growth[last], np.nan),
        drawdown=np.where(is_drawn, deepest, np.nan),
        end=float(growth[-1]),
        deepest=float(drawdown.max()),
    )
