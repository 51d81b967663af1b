"""Both lists of trades, and the bars that they are of, as arrays."""

import dataclasses
from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.schemas import PLACED_TRADES

type Ints = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]
type Floats = npt.NDArray[np.float64]

SAME = 1e-9  # relative: prices and quantities that are equal
LOOSE = 1e-6  # likewise: beyond it they diverge
OPEN = np.iinfo(np.int64).max  # stands for the end of an open trade
_NONE = -1
_MARGIN_CALL = "margin call"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Listed:
    """One side's trades, sorted by entry, then exit. Times are UTC in ms, missing is NaN."""

    is_long: Flags
    entry: Ints
    exit: Ints  # OPEN while the trade is open
    entry_price: Floats
    exit_price: Floats  # NaN likewise
    qty: Floats
    fees: Floats
    net: Floats
    is_called: Flags  # ended by a margin call

    @classmethod
    def read(cls, trades: pl.DataFrame) -> Self:
        """Read LISTED_TRADES, or an empty frame of no columns."""
        if trades.is_empty():
            none, nan = np.zeros(0, np.int64), np.zeros(0)
            flags = none.astype(np.bool_)
            return cls(
                is_long=flags, entry=none, exit=none, entry_price=nan, exit_price=nan, qty=nan,
                fees=nan, net=nan, is_called=flags,
            )  # fmt: skip
        trades = trades.sort("entry_ts", "exit_ts", "trade_id", nulls_last=True)
        exits = trades["exit_ts"].dt.epoch("ms")
        reasons = trades["exit_reason"].cast(pl.String).fill_null("").str.to_lowercase()
        floats = {
            name: trades[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
            for name in ("entry_price", "exit_price", "qty", "fees", "net_pnl")
        }
        return cls(
            is_long=(trades["side"].cast(pl.String) == "LONG").to_numpy(),
            entry=trades["entry_ts"].dt.epoch("ms").to_numpy().astype(np.int64),
            exit=exits.fill_null(OPEN).to_numpy().astype(np.int64),
            net=floats.pop("net_pnl"),
            is_called=reasons.str.contains(_MARGIN_CALL, literal=True).to_numpy(),
            **floats,
        )

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def sign(self) -> Floats:
        """Give 1 of a long and -1 of a short."""
        return np.where(self.is_long, 1.0, -1.0)

    @property
    def is_open(self) -> Flags:
        """Tell which trades have no exit yet."""
        found: Flags = self.exit == OPEN
        return found

    def place(self, rows: Ints, *, by_entry: bool = False) -> pl.DataFrame:
        """Give some rows as PLACED_TRADES, numbered in their order; ``by_entry`` without exits."""
        is_open = np.ones(len(rows), np.bool_) if by_entry else self.is_open[rows]
        closed = pl.Series(~is_open)
        placed = pl.DataFrame(
            {
                "trade_id": np.arange(len(rows), dtype=np.uint32),
                "side": np.where(self.is_long[rows], "LONG", "SHORT"),
                "entry_at": self.entry[rows],
                "exit_at": self.exit[rows],
                "qty": self.qty[rows],
                "entry_price": self.entry_price[rows],
                "exit_price": self.exit_price[rows],
            }
        )
        return placed.with_columns(
            pl.when(closed).then(pl.col(name)) for name in ("exit_at", "exit_price")
        ).cast(pl.Schema(PLACED_TRADES))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Bars:
    """Bars by their start (UTC, ms), sorted."""

    start: Ints
    opened: Floats
    high: Floats
    low: Floats
    closed: Floats
    interval_ms: int

    @classmethod
    def read(cls, candles: pl.DataFrame, interval_ms: int) -> Self:
        """Read CANDLES; bars of which a price is missing are left out."""
        prices = ("open", "high", "low", "close")
        held = candles.select("ts_open", *prices).drop_nulls().sort("ts_open")
        opened, high, low, closed = (held[name].cast(pl.Float64).to_numpy() for name in prices)
        return cls(
            start=held["ts_open"].dt.epoch("ms").to_numpy().astype(np.int64),
            opened=opened,
            high=high,
            low=low,
            closed=closed,
            interval_ms=interval_ms,
        )

    def __len__(self) -> int:
        return len(self.start)

    def number(self, times: Ints) -> Ints:
        """Give the last bar that begins by each time; of no bars, how many intervals it is."""
        if not len(self):
            return times // self.interval_ms
        return np.searchsorted(self.start, times, side="right").astype(np.int64) - 1

    def move(self, times: Ints, count: int) -> Ints:
        """Move times by a count of bars; what is open, or would leave the bars, by intervals."""
        moved = np.where(times == OPEN, OPEN, times + count * self.interval_ms)
        to = self.number(times) + count
        is_known = (times != OPEN) & (to >= 0) & (to < len(self))
        moved[is_known] = self.start[to[is_known]]
        return moved

    def find(self, times: Ints) -> Ints:
        """Give the bar in which each time lies, -1 where there is none."""
        if not len(self):
            return np.full(len(times), _NONE)
        at = np.searchsorted(self.start, times, side="right").astype(np.int64) - 1
        ends = self.start[np.maximum(at, 0)] + self.interval_ms
        return np.where((at >= 0) & (times < ends), at, _NONE)

    def is_start(self, times: Ints) -> Flags:
        """Tell at which times a bar begins."""
        if not len(self):
            return np.zeros(len(times), np.bool_)
        at = np.minimum(np.searchsorted(self.start, times), len(self) - 1)
        begins: Flags = self.start[at] == times
        return begins

    def is_inside(self, times: Ints, prices: Floats) -> Flags:
        """Tell which fills lie inside the low and high of their bars; not where there is none."""
        at = self.find(times)
        if not len(self):
            return np.zeros(len(times), np.bool_)
        near = SAME * np.abs(prices)
        inside: Flags = (
            (at != _NONE) & (prices >= self.low[at] - near) & (prices <= self.high[at] + near)
        )
        return inside

    def at_edges(self, times: Ints, prices: Floats) -> tuple[Flags, Flags]:
        """Tell which fills are at the open of their bar, and which at its close."""
        at = self.find(times)
        if not len(self):
            none = np.zeros(len(times), np.bool_)
            return none, none
        at_open, at_close = (
            (at != _NONE) & np.isclose(prices, edge[at], rtol=SAME, atol=0.0)
            for edge in (self.opened, self.closed)
        )
        return at_open, at_close

    def measure(self, times: Ints, prices: Floats) -> Floats:
        """Give how far fills are from the nearer of their bar's open and close; NaN without one."""
        at = self.find(times)
        apart = np.full(len(times), np.nan)
        found = at != _NONE
        own = prices[found]
        apart[found] = np.minimum(
            np.abs(own - self.opened[at[found]]), np.abs(own - self.closed[at[found]])
        )
        return apart

    def lie_apart(self, times: Ints, ones: Floats, others: Floats) -> Flags:
        """Tell where a bar's open is between two prices: a stop of one side, a limit of another."""
        at = self.find(times)
        apart = np.zeros(len(times), np.bool_)
        found = at != _NONE
        opened = self.opened[at[found]]
        apart[found] = (ones[found] - opened) * (others[found] - opened) < 0
        return apart

    def lean(self, times: Ints, prices: Floats) -> float:
        """Give the share of fills that are nearer to their bar's open than to its close.

        NaN where no bar tells. What a fill cost does not change it much.
        """
        at = self.find(times)
        at, prices = at[at != _NONE], prices[at != _NONE]
        apart = self.opened[at] != self.closed[at]
        at, prices = at[apart], prices[apart]
        if not len(at):
            return float("nan")
        to_open, to_close = (np.abs(prices - edge[at]) for edge in (self.opened, self.closed))
        return float((to_open < to_close).mean())


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Lists:
    """The trades of Pine and of Python, Python's bars, and how Pine's numbers are printed."""

    pine: Listed
    python: Listed
    bars: Bars
    decimals: Mapping[str, int]  # by column of LISTED_TRADES
    multiplier: float  # money a unit and point of price
    knows_fees: bool  # whether Pine's profits are what its fees leave

    @property
    def begins(self) -> int:
        """When the first trade of either was entered."""
        return min(int(one.entry[0]) for one in (self.pine, self.python) if len(one))

    def half_unit(self, column: str) -> float | None:
        """Give half of what the last printed decimal of a column is worth; None if not known."""
        decimals = self.decimals.get(column, 0)
        return 0.5 * 10.0**-decimals * (1 + SAME) if decimals > 0 else None


def is_same(one: Floats, other: Floats, tolerance: float = SAME) -> Flags:
    """Tell which values are equal within a share of them; a missing one contradicts nothing."""
    same: Flags = np.isclose(one, other, rtol=tolerance, atol=0.0)
    return same | np.isnan(one) | np.isnan(other)
