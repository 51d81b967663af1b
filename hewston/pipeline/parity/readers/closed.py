"""The trades of a list, or of one side of it, as figures of performance need them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.parity.readers.upload import Upload

type Floats = npt.NDArray[np.float64]

_CALL = "margin call"


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Closed trades: profits, and beside them percentages and bars held; what is open.

    Arrays are None where the list does not say them of every trade. ``unit`` and ``pct_unit`` are
    half of the last printed digit of a profit and of a percentage; ``most_held`` is None where
    the order of fills at one moment decides it. ``total`` is what the list adds up to by itself,
    where it does, and ``drift`` by how much a trade's rounding moves that sum on average.
    """

    profits: Floats
    percents: Floats | None
    bars: Floats | None
    fees: Floats | None
    open_fees: Floats | None
    still_open: int
    open_pnl: float | None
    calls: int
    most_held: float | None
    unit: float
    pct_unit: float
    capital: float | None
    total: float | None
    drift: float | None

    def rounding(self, count: int) -> float:
        """Tell by how much the rounding of so many profits moves their sum.

        That is half a digit each at the most. Where the list's own sum shows how far they drift, it
        is that and six times the deviation of what is left by chance.
        """
        most = self.unit * count
        if self.drift is None:
            return most
        return min(most, self.drift * count + 6 * self.unit * math.sqrt(count / 3))

    @property
    def wins(self) -> Floats:
        """Profits above 0."""
        return self.profits[self.profits > 0]

    @property
    def losses(self) -> Floats:
        """Profits below 0."""
        return self.profits[self.profits < 0]


def take(
    upload: Upload, side: str, *, unit: float, pct_unit: float, capital: float | None
) -> Closed:
    """Take the trades of one side (``long``, ``short``), or ``all``."""
    trades = _with_details(upload)
    own = trades if side == "all" else trades.filter(pl.col("side") == side.upper())
    is_closed = pl.col("exit_ts").is_not_null() & pl.col("net_pnl").is_not_null()
    closed, still_open = own.filter(is_closed), own.filter(~is_closed)
    called = closed.filter(pl.col("exit_reason").str.to_lowercase().str.contains(_CALL))
    total, drift = _find_total(trades.filter(is_closed), unit)
    return Closed(
        profits=closed["net_pnl"].to_numpy(),
        percents=_whole(closed["pnl_pct"]),
        bars=_whole(closed["bars"]),
        fees=_whole(closed["fees"]),
        open_fees=_whole(still_open["fees"]),
        still_open=still_open.height,
        open_pnl=None
        if still_open["open_pnl"].null_count()
        else float(still_open["open_pnl"].sum()),
        calls=called["exit_ts"].n_unique(),
        most_held=_find_most_held(own),
        unit=unit,
        pct_unit=pct_unit,
        capital=capital,
        total=total if side == "all" else None,
        drift=drift,
    )


def _find_total(closed: pl.DataFrame, unit: float) -> tuple[float | None, float | None]:
    """Find the list's own sum of profits, where it is that; with open profits in it, it is not."""
    total = closed["cumulative"][-1] if closed.height else None
    if total is None:
        return None, None
    apart = abs(math.fsum(closed["net_pnl"].to_list()) - total)
    if apart > unit * (closed.height + 1):
        return None, None
    return float(total), apart / closed.height


def _with_details(upload: Upload) -> pl.DataFrame:
    trades = pl.DataFrame() if upload.trades is None else upload.trades
    if upload.details is None:
        nothing = pl.lit(None, pl.Float64)
        return trades.with_columns(
            pnl_pct=nothing, bars=nothing, cumulative=nothing, open_pnl=nothing
        )
    return trades.join(upload.details, on="trade_id", how="left", maintain_order="left")


def _whole(column: pl.Series) -> Floats | None:
    return None if column.null_count() else column.to_numpy()


def _find_most_held(trades: pl.DataFrame) -> float | None:
    """Find the most units held at once, where fills at one moment give one answer in any order."""
    entries = trades.select(ts="entry_ts", change="qty", is_exit=pl.lit(value=False))
    exits = trades.filter(pl.col("exit_ts").is_not_null()).select(
        ts="exit_ts", change=-pl.col("qty"), is_exit=pl.lit(value=True)
    )
    moves = pl.concat([entries, exits])
    most = []
    for exits_first in (False, True):
        ordered = moves.sort("ts", "is_exit", descending=[False, exits_first], maintain_order=True)
        held = ordered["change"].cum_sum().max()
        most.append(float(held) if isinstance(held, float) else 0.0)
    return most[0] if np.isclose(most[0], most[1], rtol=1e-9) else None
