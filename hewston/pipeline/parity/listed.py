"""The trades of both sides matched one to one, and the way from Pine's net profit to Python's."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.matching import KINDS, Waterfall, build_waterfall, match_trades, place_trades
from hewston.pipeline.parity.alignment import Aligned
from hewston.pipeline.parity.series import Times
from hewston.pipeline.parity.tolerances import BAND_RELATIVE, Tolerance
from hewston.pipeline.parity.trades.fees import CONVERTED
from hewston.pipeline.schemas import MATCH

_MINUTE_NS = 60 * 10**9
_LEAST_PROFITS = 5
_ONE_FACTOR, _OTHER_FACTOR = 0.02, 0.05
STEPS = {  # of a waterfall, as people call them; slippage is in the prices
    "price": "Prices",
    "fees": "Fees",
    "quantity": "Quantities",
    "moved": "Moved trades",
    "only_a": "Only in Pine",
    "only_b": "Only in Python",
    "open": "Open positions",
    "residual": "Rounding and conversion",
}
NAMES = {"only in A": "only in Pine", "only in B": "only in Python"}  # of kinds


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ComparedTrades:
    """MATCHES of Pine (A) and Python (B), moves counted in bars; see ``matching``.

    ``waterfall`` is None, and ``reason`` says why, where a profit is not known.
    """

    matches: pl.DataFrame
    waterfall: Waterfall | None
    reason: str | None
    net_pine: float | None
    net_python: float | None
    knows_fees: tuple[bool, bool]  # of Pine, and of Python
    profit_factor: float | None = None  # times which Pine's profits are those of its prices here

    def count(self, kind: str) -> int:
        """Count the rows of a kind."""
        return int((self.matches["kind"] == kind).sum())

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values, without the trades."""
        sums = dict(self.matches.group_by("kind").agg(pl.col("difference").sum()).iter_rows())
        fall = self.waterfall
        return {
            "kinds": [
                {
                    "kind": NAMES.get(kind, kind),
                    "trades": self.count(kind),
                    "difference": float(sums.get(kind, 0.0)),
                }
                for kind in KINDS
            ],
            "waterfall": None
            if fall is None
            else {
                "start": float(fall.start),
                "steps": [
                    {
                        "key": step.key,
                        "label": STEPS[step.key],
                        "amount": float(step.amount),
                        "trades": step.trades,
                    }
                    for step in fall.steps
                    if step.key in STEPS
                ],
                "end": float(fall.end),
                "difference": float(fall.difference),
            },
            "reason": self.reason,
            "net_pine": self.net_pine,
            "net_python": self.net_python,
        }


def compare_trades_of(
    aligned: Aligned, *, tolerance: Tolerance, bars: int
) -> ComparedTrades | None:
    """Match the trades of both sides, ends within ``bars`` bars; None where a side has no list.

    Prices and quantities within the tolerance, or equal at the decimals that Pine's list prints,
    are the same. The waterfall is of closed trades; gross profits are at fill prices.
    """
    pine, python = aligned.pine, aligned.python
    if pine.trades is None or python.trades is None:
        return None
    grid = _make_grid(aligned)
    lists = pine.trades, _hold_open(pine.trades, python.trades, pine.times)
    valued = [_value(trades, grid, python.multiplier, pine.decimals) for trades in lists]
    placed = [
        place_trades(trades, trades["entry_bar"], trades["exit_bar"]) for trades, _, _ in valued
    ]
    matches = match_trades(
        valued[0][0], valued[1][0], placed_a=placed[0], placed_b=placed[1], tolerance=bars
    )
    matches = _forgive(matches, tolerance, pine.decimals)
    nets = [net for _, net, _ in valued]
    reason = None
    if nets[0] is None or nets[1] is None:
        reason = "One side does not say what its trades earned."
    return ComparedTrades(
        matches=matches,
        waterfall=None
        if nets[0] is None or nets[1] is None
        else build_waterfall(matches, net_profit_a=nets[0], net_profit_b=nets[1]),
        reason=reason,
        net_pine=nets[0],
        net_python=nets[1],
        knows_fees=(valued[0][2], valued[1][2]),
        profit_factor=_find_factor(pine.trades["net_pnl"], valued[0][0]),
    )


def _find_factor(listed: pl.Series, valued: pl.DataFrame) -> float | None:
    """Find another point value or currency: nearly all profits are by one factor others."""
    gross = valued["gross_pnl"]
    known = gross.is_not_null() & listed.is_not_null() & (gross != 0)
    if known.sum() < _LEAST_PROFITS:
        return None
    is_large = known & (gross.abs() >= gross.filter(known).abs().median())
    factors = ((listed + valued["fees"]) / gross).filter(is_large).to_numpy()
    low, middle, high = (float(one) for one in np.quantile(factors, (0.1, 0.5, 0.9)))
    is_one = middle > 0 and high - low <= _ONE_FACTOR * middle
    return middle if is_one and abs(middle - 1) > _OTHER_FACTOR else None


def _hold_open(listed: pl.DataFrame, made: pl.DataFrame, bars: Times) -> pl.DataFrame:
    """Leave open what Python entered with an open trade of Pine, whatever became of it later.

    Until the last of Pine's ``bars``, where it has some, its trade was open.
    """
    ends = ["side", "entry_ts"]
    is_open = listed.filter(pl.col("exit_ts").is_null()).select(ends).unique()
    if is_open.is_empty():
        return made
    held = made.join(is_open.with_columns(held=True), on=ends, how="left", maintain_order="left")
    holds = pl.col("held").fill_null(value=False)
    if len(bars):
        holds &= pl.col("exit_ts").to_physical() > int(bars[-1])
    return held.with_columns(
        pl.when(holds).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("exit_ts", "exit_price", "net_pnl")
    ).drop("held")


def _make_grid(aligned: Aligned) -> Times:
    """Give the bars of either side, and besides each time of a trade at which no bar is."""
    grid = aligned.grid
    step = aligned.python.interval_ns or aligned.pine.interval_ns or _MINUTE_NS
    times = np.unique(
        np.concatenate(
            [
                side.trades[name].drop_nulls().to_physical().to_numpy()
                for side in (aligned.pine, aligned.python)
                if side.trades is not None
                for name in ("entry_ts", "exit_ts")
            ]
        )
    )
    if not len(grid):
        return times
    at = np.searchsorted(grid, times, side="right") - 1
    has_bar = (at >= 0) & (times < grid[np.maximum(at, 0)] + step)
    return np.union1d(grid, times[~has_bar])


def _value(
    trades: pl.DataFrame, grid: Times, multiplier: float, decimals: Mapping[str, int]
) -> tuple[pl.DataFrame, float | None, bool]:
    """Give LISTED_TRADES with bars and money as TRADES_RT, and the net profit of closed ones.

    Last whether their fees are known.
    """
    sign = pl.when(pl.col("side").cast(pl.String) == "LONG").then(1.0).otherwise(-1.0)
    listed = trades.with_columns(
        entry_bar=_place(grid, trades["entry_ts"]),
        exit_bar=_place(grid, trades["exit_ts"]),
        gross_pnl=sign
        * (pl.col("exit_price") - pl.col("entry_price"))
        * pl.col("qty")
        * multiplier,
        slippage=pl.lit(0.0),
    )
    is_open = listed["exit_ts"].is_null()
    if (listed["gross_pnl"].is_null() & ~is_open).any():
        return listed.with_columns(fees=0.0), None, False
    net = listed["net_pnl"].filter(~is_open)
    fees = find_fees(listed, multiplier=multiplier, decimals=decimals)
    listed = listed.with_columns(fees=0.0 if fees is None else fees)
    listed = listed.with_columns(net_pnl=pl.col("gross_pnl") - pl.col("fees"))
    profit = float((listed["net_pnl"] if net.null_count() else net).sum())
    return listed, profit, fees is not None


def _place(grid: Times, times: pl.Series) -> pl.Series:
    """Give the bar of the grid in which each time is; that of none is of no matter."""
    at = np.searchsorted(grid, times.to_physical().fill_null(0).to_numpy(), side="right") - 1
    return pl.Series(np.maximum(at, 0)).cast(pl.UInt32)


def find_fees(
    trades: pl.DataFrame, *, multiplier: float, decimals: Mapping[str, int]
) -> pl.Series | None:
    """Give each trade's fees (money, null while it is open); None where they cannot be known.

    ``trades`` are LISTED_TRADES with ``gross_pnl``. Where the list does not say fees they are what
    the net profit is less than the gross one, beyond what rounding and another currency's rate
    explain. Where that is below nothing, profits are of something else and tell none.
    """
    closed = trades["exit_ts"].is_not_null()
    if trades["fees"].filter(closed).null_count() == 0:
        return trades["fees"]
    apart = (trades["gross_pnl"] - trades["net_pnl"]).filter(closed)
    if apart.null_count():
        return None
    cents = 0.5 * 10.0 ** -decimals.get("net_pnl", 2)
    prices = 10.0 ** -decimals["entry_price"] if decimals.get("entry_price") else 0.0
    rounding = cents + prices * multiplier * trades["qty"].filter(closed).abs()
    slack = rounding + CONVERTED * trades["gross_pnl"].filter(closed).abs()
    if (apart < -slack).any():
        return None
    return (trades["gross_pnl"] - trades["net_pnl"]) * float(not (apart <= slack).all())


def _forgive(
    matches: pl.DataFrame, tolerance: Tolerance, decimals: Mapping[str, int]
) -> pl.DataFrame:
    """Name rows again whose prices or quantities differ by no more than they may."""

    def is_same(name: str) -> pl.Expr:
        a, b = pl.col(f"a_{name}"), pl.col(f"b_{name}")
        bound = pl.max_horizontal(
            pl.lit(tolerance.absolute),
            max(tolerance.relative, BAND_RELATIVE) * pl.max_horizontal(a.abs(), b.abs()),
        )
        if decimals.get(name):
            bound = pl.max_horizontal(bound, 0.5 * 10.0 ** -decimals[name] + 1e-12 * a.abs())
        return (a.is_null() | b.is_null() | ((a - b).abs() <= bound)).fill_null(value=True)

    prices = is_same("entry_price") & is_same("exit_price")
    kind = pl.col("kind").cast(pl.String)
    return matches.with_columns(
        pl.when(~kind.is_in(["other price", "other quantity"]))
        .then(kind)
        .when(~prices)
        .then(pl.lit("other price"))
        .when(~is_same("qty"))
        .then(pl.lit("other quantity"))
        .otherwise(pl.lit("matched"))
        .cast(MATCH)
        .alias("kind")
    )
