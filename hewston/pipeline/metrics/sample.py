"""What metrics are computed from: plain numbers taken once from a run's frames."""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from hewston.pipeline.calendar import ALWAYS_OPEN, dates_of_bars
from hewston.pipeline.metrics.spells import Story, find_spells

# XNYS and the like trade on about 252 days a year; a 24/7 calendar on all of them.
_TRADING_DAYS_PER_YEAR = 252
_DAYS_PER_YEAR = 365
# Sums of cubes of returns up to this are finite.
_LARGEST_RETURN = 1e100
TOO_LARGE = "too large to be stated"
_NANOSECONDS_PER_DAY = 86_400_000_000_000

Kind = Literal["bar", "daily return", "day", "closed trade", "fill", "order"]


class UndefinedError(Exception):
    """A metric has no value for this run. The message is the reason, for a person."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSample:
    """A run in numbers. Money is in the instrument's currency, returns are fractions."""

    starting_cash: float
    final_equity: float
    mean_equity: float  # over bars
    max_drawdown: float  # over bars, >= 0
    max_drawdown_money: float  # likewise
    max_drawdown_days: float  # from its start to its recovery or the last bar; 0 without any
    longest_drawdown_days: float  # likewise
    bars_under_water: int  # those with a drawdown
    drawdown: Story  # of the deepest
    first_close: float
    last_close: float
    days: float  # from the first bar's ts_open to the last bar's, with fractions of a day
    periods_per_year: int  # daily returns in a year
    bars: int
    bars_in_position: int
    daily_equity: Sequence[float]  # at the last bar of each exchange date
    daily_close: Sequence[float]  # likewise
    net_pnl: Sequence[float]  # of closed trades, in order of exit, as are the next five
    gross_pnl: Sequence[float]
    trade_slippage: Sequence[float]
    trade_sides: Sequence[str]  # LONG or SHORT
    trade_returns: Sequence[float]  # of those whose entry had a value
    bars_held: Sequence[int]
    traded_value: Sequence[float]  # |qty * price * multiplier| of every fill
    fees: Sequence[float]  # of every fill
    slippage: Sequence[float]  # of every fill
    orders: int
    rejected_orders: int

    def sizes(self) -> dict[Kind, int]:
        """Count what metrics are computed from; whole days."""
        return {
            "bar": self.bars,
            "daily return": len(self.daily_equity),
            "day": math.floor(self.days),
            "closed trade": len(self.net_pnl),
            "fill": len(self.fees),
            "order": self.orders,
        }

    def require(self, least: int, of: Kind) -> None:
        """Raise UndefinedError where there is less than ``least`` of what a metric needs."""
        has = self.sizes()[of]
        if has < least:
            plural = "" if least == 1 else "s"
            raise UndefinedError(f"needs at least {least} {of}{plural}, has {has}")

    def daily_returns(self) -> list[float]:
        """Give the equity of each date over the one before, the first over the starting cash.

        Raises UndefinedError when a return would be over an equity of 0 or below.
        """
        return _changes([self.starting_cash, *self.daily_equity], "equity fell to 0 or below")

    def benchmark_returns(self) -> list[float]:
        """Give the close of each date over the one before, the first over the first bar's close.

        Raises UndefinedError when a return would be over a close of 0 or below.
        """
        return _changes([self.first_close, *self.daily_close], "the price fell to 0 or below")


def _changes(levels: Sequence[float], reason: str) -> list[float]:
    if min(levels[:-1]) <= 0:
        raise UndefinedError(reason)
    # The difference first: it is exact for neighbours, where a quotient near 1 is rounded.
    changes = [(after - before) / before for before, after in itertools.pairwise(levels)]
    if max(map(abs, changes)) > _LARGEST_RETURN:
        raise UndefinedError(TOO_LARGE)
    return changes


def draw_sample(
    *,
    equity: pl.DataFrame,
    trades: pl.DataFrame,
    fills: pl.DataFrame,
    orders: pl.DataFrame,
    starting_cash: float,
    multiplier: float,
    tz: str,
    calendar: str,
) -> RunSample:
    """Reduce EQUITY, TRADES_RT, FILLS and ORDERS to a RunSample; ``equity`` has a row or more.

    An exchange date is that of ``ts_open`` in ``calendar`` and ``tz``.
    """
    date = dates_of_bars(equity["ts_open"], calendar, tz)
    last_of_date = equity.filter(date.ne_missing(date.shift(-1)))
    closed = trades.filter(trades["exit_ts"].is_not_null())
    values = equity["equity"].to_numpy()
    highest = np.maximum.accumulate(np.maximum(values, starting_cash))
    spells = find_spells(equity)
    elapsed = equity["ts_open"].to_physical()
    notional = (fills["qty"] * fills["price"] * multiplier).abs()
    return RunSample(
        starting_cash=starting_cash,
        final_equity=float(values[-1]),
        mean_equity=math.fsum(values.tolist()) / len(values),
        max_drawdown=float(equity["drawdown"].to_numpy().max()),
        max_drawdown_money=float((highest - values).max()),
        max_drawdown_days=spells.deepest_days,
        longest_drawdown_days=spells.longest_days,
        bars_under_water=spells.bars,
        drawdown=spells.describe_deepest(equity["ts_open"]),
        first_close=equity["close"][0],
        last_close=equity["close"][-1],
        days=(elapsed[-1] - elapsed[0]) / _NANOSECONDS_PER_DAY,
        periods_per_year=_DAYS_PER_YEAR if calendar == ALWAYS_OPEN else _TRADING_DAYS_PER_YEAR,
        bars=equity.height,
        bars_in_position=equity.filter(pl.col("position") != 0).height,
        daily_equity=last_of_date["equity"].to_list(),
        daily_close=last_of_date["close"].to_list(),
        net_pnl=closed["net_pnl"].to_list(),
        gross_pnl=closed["gross_pnl"].to_list(),
        trade_slippage=closed["slippage"].to_list(),
        trade_sides=closed["side"].to_list(),
        trade_returns=closed["return"].drop_nulls().to_list(),
        bars_held=closed["bars_held"].to_list(),
        traded_value=notional.to_list(),
        fees=fills["fee"].to_list(),
        slippage=fills["slippage"].to_list(),
        orders=orders.height,
        rejected_orders=orders.filter(pl.col("status") == "REJECTED").height,
    )
