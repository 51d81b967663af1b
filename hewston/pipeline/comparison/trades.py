"""Two runs trade by trade, and from one's net profit to the other's."""

import dataclasses
import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.comparison.run import ComparedRun
from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.matching import (
    KINDS,
    Waterfall,
    build_waterfall,
    match_trades,
    place_trades,
)

MOST_BARS = 100  # of tolerance
_NS_PER_MS = 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class KindOfMatch:
    """How many rows of MATCHES are of a kind, and what they make of the difference in money."""

    kind: str
    count: int
    difference: float


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TradeComparison:
    """MATCHES of A and B. Moves are in ``unit``: bars of either run, or milliseconds."""

    a: ComparedRun
    b: ComparedRun
    tolerance: int  # bars
    unit: Literal["bars", "ms"]
    matches: pl.DataFrame
    kinds: tuple[KindOfMatch, ...]  # every one of matching.KINDS
    waterfall: Waterfall | None  # None where the accounts are in two currencies


def compare_trades(a: ComparedRun, b: ComparedRun, *, tolerance: int = 1) -> TradeComparison:
    """Match the trades of two runs one to one, both ends within ``tolerance`` bars.

    Where both runs are of one dataset and interval, a time counts as a place among all bars that
    either has. Else bars differ, and trades are matched by market time: within ``tolerance`` times
    the longer interval.
    """
    is_one_grid = (a.manifest["dataset_id"], a.interval) == (b.manifest["dataset_id"], b.interval)
    if is_one_grid:
        placed_a, placed_b = _place_by_bar(a, b)
        reach = tolerance
    else:
        placed_a, placed_b = (
            place_trades(run.trades, _milliseconds(run, "entry"), _milliseconds(run, "exit"))
            for run in (a, b)
        )
        longer = max(INTERVAL_NS[run.interval] for run in (a, b))
        reach = tolerance * (longer // _NS_PER_MS)
    matches = match_trades(
        a.trades, b.trades, placed_a=placed_a, placed_b=placed_b, tolerance=reach
    )
    profits = {"net_profit_a": a.net_profit, "net_profit_b": b.net_profit}
    is_one_currency = a.currency == b.currency
    return TradeComparison(
        a=a,
        b=b,
        tolerance=tolerance,
        unit="bars" if is_one_grid else "ms",
        matches=matches,
        kinds=_count(matches),
        waterfall=build_waterfall(matches, **profits) if is_one_currency else None,
    )


def _place_by_bar(a: ComparedRun, b: ComparedRun) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Place trades among the bars that either run has."""
    starts_a, starts_b = _starts(a), _starts(b)
    if np.array_equal(starts_a, starts_b):
        places_a = places_b = np.arange(len(starts_a))
    else:
        grid = np.union1d(starts_a, starts_b)
        places_a, places_b = np.searchsorted(grid, starts_a), np.searchsorted(grid, starts_b)
    return _gather(a, places_a), _gather(b, places_b)


def _gather(run: ComparedRun, places: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Place a run's trades, given the place of each of its bars."""
    at = pl.Series(places)
    trades = run.trades
    return place_trades(trades, at.gather(trades["entry_bar"]), at.gather(trades["exit_bar"]))


def _starts(run: ComparedRun) -> npt.NDArray[np.int64]:
    starts: npt.NDArray[np.int64] = run.equity["ts_open"].to_physical().to_numpy()
    return starts


def _milliseconds(run: ComparedRun, end: str) -> pl.Series:
    return run.trades[f"{end}_ts"].to_physical() // _NS_PER_MS


def _count(matches: pl.DataFrame) -> tuple[KindOfMatch, ...]:
    amounts = dict(matches.group_by("kind").agg("difference").iter_rows())
    return tuple(
        KindOfMatch(
            kind=kind,
            count=len(amounts.get(kind, ())),
            difference=math.fsum(amounts.get(kind, ())),
        )
        for kind in KINDS
    )
