"""What checks look at: a run's frames, what decided it, and sums that several of them need."""

import dataclasses
import functools
import math
from collections.abc import Mapping

import polars as pl

from hewston.pipeline.calendar import dates_of_bars
from hewston.pipeline.fields import Rule
from hewston.pipeline.spec import RunSpec


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResult:
    """A finished run. Money is in the instrument's currency.

    ``bars`` (BARS) are those on which it traded, with every gap in ``spread_mean`` filled as for
    its fills; ``params`` are the rules of the strategy's parameters. ``schedule`` lists the
    sessions that the bars are in; runs on bars of one minute have none.
    """

    bars: pl.DataFrame
    signals: pl.DataFrame  # SIGNALS
    orders: pl.DataFrame  # ORDERS
    fills: pl.DataFrame  # FILLS
    trades: pl.DataFrame  # TRADES_RT
    equity: pl.DataFrame  # EQUITY, one row or more
    spec: RunSpec
    params: Mapping[str, Rule]
    schedule: pl.DataFrame | None = None

    @functools.cached_property
    def closed(self) -> pl.DataFrame:
        """Give the closed trades."""
        return self.trades.filter(pl.col("exit_ts").is_not_null())

    @functools.cached_property
    def dates(self) -> pl.Series:
        """Give the exchange date of each bar."""
        return dates_of_bars(self.equity["ts_open"], self.spec.calendar, self.spec.tz)

    @functools.cached_property
    def fees(self) -> float:
        """Sum the fees of all fills."""
        return math.fsum(self.fills["fee"])

    @functools.cached_property
    def slippage(self) -> float:
        """Sum the slippage of all fills."""
        return math.fsum(self.fills["slippage"])

    @functools.cached_property
    def net_profit(self) -> float:
        """Give the last equity less the starting cash."""
        return float(self.equity["equity"][-1]) - self.spec.starting_cash

    @functools.cached_property
    def gross_profit(self) -> float:
        """Give the profit at reference prices, an open position at the last close."""
        return math.fsum((self.net_profit, self.fees, self.slippage))

    @functools.cached_property
    def signed_units(self) -> pl.Series:
        """Give each fill's quantity times the multiplier: money for a point of price, sells < 0."""
        sign = pl.when(pl.col("side") == "BUY").then(1.0).otherwise(-1.0)
        multiplier = self.spec.instrument.multiplier
        return self.fills.select(units=pl.col("qty") * sign * multiplier)["units"]
