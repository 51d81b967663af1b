"""A run's equity with no more points than a plot can show, and none of its extremes lost."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.breakdown.days import hold
from hewston.pipeline.schemas import UTC_NS, Schema

MOST_POINTS = 3_000
_PER_STRETCH = 6  # bars that are kept of a stretch, at most

CURVE: Schema = {
    "bar": pl.UInt32,  # of the run's bars
    "ts_open": UTC_NS,
    "equity": pl.Float64,
    "benchmark": pl.Float64,  # as in DAYS
    "drawdown": pl.Float64,
}


def thin_curve(
    equity: pl.DataFrame, *, starting_cash: float, also: Iterable[int] = (), most: int = MOST_POINTS
) -> pl.DataFrame:
    """Keep about ``most`` bars of EQUITY, each as it was: CURVE.

    Of every stretch of bars of equal length: the last one, and those with the lowest and the
    highest equity and close and the deepest drawdown. The first bar and the bars ``also`` stay
    too. A run of at most ``most`` bars keeps all of them.
    """
    rows = np.arange(equity.height)
    if equity.height > most:
        rows = _choose(equity, most // _PER_STRETCH)
        rows = np.union1d(rows, np.array([0, *also], dtype=np.int64))
    kept = equity[rows]
    return pl.DataFrame(
        {
            "bar": rows,
            "ts_open": kept["ts_open"],
            "equity": kept["equity"],
            "benchmark": hold(kept["close"], equity["close"][0], starting_cash),
            "drawdown": kept["drawdown"],
        },
        schema=CURVE,
    )


def _choose(equity: pl.DataFrame, stretches: int) -> npt.NDArray[np.int64]:
    length = -(-equity.height // stretches)
    starts = np.arange(0, equity.height, length)
    chosen = [np.minimum(starts + length, equity.height) - 1]
    for name, find in (
        ("equity", np.argmin),
        ("equity", np.argmax),
        ("close", np.argmin),
        ("close", np.argmax),
        ("drawdown", np.argmax),
    ):
        values = equity[name].to_numpy()
        # The last value fills the last stretch: the first of equals is found, which is a bar.
        filled = np.append(values, np.full(len(starts) * length - len(values), values[-1]))
        chosen.append(starts + find(filled.reshape(len(starts), length), axis=1))
    return np.concatenate(chosen)
