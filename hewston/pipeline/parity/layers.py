"""What came of each layer, from candles to fees: how much was compared, and how much differs."""

import dataclasses
from typing import Any, Literal

import numpy as np
import polars as pl

from hewston.pipeline.parity.alignment import Aligned
from hewston.pipeline.parity.listed import ComparedTrades
from hewston.pipeline.parity.series import ComparedSeries
from hewston.pipeline.parity.tolerances import BAND, DIVERGES, LOOSE, MISSING
from hewston.pipeline.parity.trades.fees import HALF_CENT

type Status = Literal["agrees", "within_tolerance", "differs", "not_compared"]
LAYERS = ("candles", "indicators", "signals", "orders", "fills", "size", "fees")
_SAME_TIME = ("matched", "other price", "other quantity")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: values or trades compared, and how many of them differ; the first at ``first``.

    ``reason`` says why nothing was compared.
    """

    name: str
    compared: int = 0
    differ: int = 0
    within: int = 0  # that are within the tolerance and not equal
    first: int | None = None  # ns, UTC
    reason: str | None = None

    @property
    def status(self) -> Status:
        """Say it in a word."""
        if self.differ:
            return "differs"
        if not self.compared:
            return "not_compared"
        return "within_tolerance" if self.within else "agrees"

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values but for the time."""
        return {**dataclasses.asdict(self), "status": self.status}


def list_layers(
    aligned: Aligned,
    candles: tuple[ComparedSeries, ...],
    series: tuple[ComparedSeries, ...],
    trades: ComparedTrades | None,
    *,
    only_pine: int,
    same_fees: bool,
) -> list[Layer]:
    """List what came of every layer.

    ``only_pine`` counts series that Python has none of. ``same_fees`` tells that no finding says
    that fees differ: where all else is the same, what is left is rounding.
    """
    missing = aligned.only_pine + aligned.only_python
    return [
        _weigh("candles", aligned, candles, _why_no_candles(aligned), missing=missing),
        _weigh("indicators", aligned, series, _why_no_series(aligned), missing=only_pine),
        *_list_trades(aligned, trades, same_fees=same_fees),
    ]


def _weigh(
    name: str,
    aligned: Aligned,
    compared: tuple[ComparedSeries, ...],
    reason: str,
    *,
    missing: int,
) -> Layer:
    differ = within = count = 0
    firsts = []
    for one in compared:
        values = list(one.counts.values())
        count += one.compared
        differ += values[DIVERGES] + values[MISSING]
        within += values[BAND] + values[LOOSE]
        if one.first is not None and values[DIVERGES] + values[MISSING]:
            firsts.append(int(aligned.times[one.first]))
    if missing and name == "candles":
        alone = np.setdiff1d(np.arange(len(aligned.grid)), aligned.both)
        firsts.append(int(aligned.grid[alone[0]]))
    return Layer(
        name=name,
        compared=count,
        differ=differ + missing,
        within=within,
        first=min(firsts, default=None),
        reason=None if count or missing else reason,
    )


def _why_no_candles(aligned: Aligned) -> str:
    lacking = [side.name for side in (aligned.pine, aligned.python) if side.candles is None]
    if lacking:
        return f"{' and '.join(lacking)} has no candles."
    return "No bar is in both."


def _why_no_series(aligned: Aligned) -> str:
    if not aligned.pine.titles:
        return f"{aligned.pine.name} has no series."
    return "No bar with a value is in both."


def _list_trades(
    aligned: Aligned, trades: ComparedTrades | None, *, same_fees: bool
) -> list[Layer]:
    names = LAYERS[2:]
    if trades is None:
        lacking = [side.name for side in (aligned.pine, aligned.python) if side.trades is None]
        reason = f"{' and '.join(lacking)} has no list of trades."
        return [Layer(name=name, reason=reason) for name in names]
    matches = trades.matches
    if matches.is_empty():
        return [Layer(name=name, reason="Neither side has a trade.") for name in names]
    kind = matches["kind"].cast(pl.String)
    paired = matches.filter(~kind.is_in(["only in A", "only in B"]))
    entered = paired.filter(pl.col("entry_moved") == 0)
    same = matches.filter(kind.is_in(_SAME_TIME))
    closed = same.filter(pl.col("a_exit_ts").is_not_null() & pl.col("b_exit_ts").is_not_null())
    priced = same.filter(pl.col("kind") != "other price")
    alone = pl.col("kind").cast(pl.String).str.starts_with("only")
    found = [
        ("signals", matches, alone | (pl.col("entry_moved") != 0).fill_null(value=False)),
        ("orders", entered, (pl.col("exit_moved") != 0).fill_null(value=False)),
        ("fills", same, pl.col("kind") == "other price"),
        ("size", priced, pl.col("kind") == "other quantity"),
        ("fees", closed, (pl.col("a_fees") - pl.col("b_fees")).abs() > HALF_CENT),
    ]
    layers = [_count(name, rows, differs) for name, rows, differs in found]
    if not all(trades.knows_fees):
        silent = aligned.python if trades.knows_fees[0] else aligned.pine
        layers[-1] = Layer(name="fees", reason=f"{silent.name} does not say its fees.")
    elif same_fees and not any(one.differ for one in layers[:-1]):
        layers[-1] = dataclasses.replace(layers[-1], differ=0, first=None)
    return layers


def _count(name: str, rows: pl.DataFrame, differs: pl.Expr) -> Layer:
    bad = rows.filter(differs)
    times = (
        bad.select(pl.min_horizontal("a_entry_ts", "b_entry_ts").min()).to_series().to_physical()
    )
    return Layer(
        name=name,
        compared=rows.height,
        differ=bad.height,
        first=times[0] if bad.height else None,
        reason=None if rows.height else "No trade of both sides is at the same time.",
    )
