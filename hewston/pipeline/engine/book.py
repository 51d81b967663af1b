"""The market as the engine is shown it: the instrument, and a quote for each bar."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.exits import STOP, Exit
from hewston.pipeline.engine.instruments import (
    QUOTE_SIZE,
    build_currency,
    build_instrument,
    count_decimals,
)
from hewston.pipeline.spec import RunSpec


class Book:
    """The market as the engine is shown it: the instrument, and a quote for each bar."""

    def __init__(
        self,
        bars: pl.DataFrame,
        quotes: pl.DataFrame,
        closes_ns: npt.NDArray[np.int64],
        spec: RunSpec,
        *,
        costs: pl.Series | None = None,
    ) -> None:
        self.fills_at_close = spec.fill_clock == "close"
        self.opens_ns = bars["ts_open"].to_physical().to_numpy()
        self.closes_ns = closes_ns
        self.close = bars["close"].to_numpy()
        self.reference = quotes["reference"].to_numpy()
        self.bid = quotes["bid"].to_numpy()
        self.ask = quotes["ask"].to_numpy()
        self._costs = np.zeros(len(bars)) if costs is None else costs.to_numpy()
        # A close quote comes just before the orders of that close, an open quote just after the
        # orders that waited for it have reached the venue (latency 1 ns).
        self.quotes_ns = closes_ns - 1 if self.fills_at_close else self.opens_ns + 1
        self.price_precision = spec.instrument.price_precision
        self.size_precision = count_decimals(spec.instrument.lot)
        self.currency = build_currency(spec.instrument.currency)
        self.instrument = build_instrument(spec.instrument, self.currency)
        self.instrument_id = self.instrument.id

    def quantity(self, value: float) -> Any:  # noqa: ANN401 (the engine is untyped)
        """Give a quantity at the instrument's size precision."""
        return nautilus.Quantity(value, self.size_precision)

    def quote_ticks(self, start: int, stop: int) -> list[Any]:
        """Build the quotes of rows ``start`` to ``stop``, exclusive."""
        make, price, precision = nautilus.QuoteTick, nautilus.Price, self.price_precision
        size, name = self.quantity(QUOTE_SIZE), self.instrument_id
        return [
            make(name, price(bid, precision), price(ask, precision), size, size, ts, ts)
            for bid, ask, ts in zip(
                self.bid[start:stop].tolist(),
                self.ask[start:stop].tolist(),
                self.quotes_ns[start:stop].tolist(),
                strict=True,
            )
        ]

    def exit_alert_ns(self, bar: int) -> int:
        """Say when an exit inside a bar is sent: after what waited for the bar's open has filled.

        An order takes 1 ns to the venue where fills wait for the next open, and meets the quote
        that comes next; else it fills at once, at the quote before.
        """
        return int(self.opens_ns[bar]) + (3 if self.fills_at_close else 2)

    def exit_fill_ns(self, bar: int) -> int:
        """Say when an exit inside a bar fills."""
        return int(self.opens_ns[bar]) + (3 if self.fills_at_close else 4)

    def exit_quote(self, exit_: Exit) -> Any:  # noqa: ANN401 (the engine is untyped)
        """Build the quote that an exit fills at.

        A stop becomes a market order and pays what any does; a limit waits for its price.
        """
        cost = float(self._costs[exit_.bar]) if exit_.type == STOP else 0.0
        ts = int(self.opens_ns[exit_.bar]) + (2 if self.fills_at_close else 4)
        size = self.quantity(QUOTE_SIZE)
        return nautilus.QuoteTick(
            self.instrument_id,
            self.price(exit_.reference - cost),
            self.price(exit_.reference + cost),
            size,
            size,
            ts,
            ts,
        )

    def repeat_quote(self, tick: Any, ts: int) -> Any:  # noqa: ANN401 (the engine is untyped)
        """Build a quote of the same prices at another time."""
        size = self.quantity(QUOTE_SIZE)
        return nautilus.QuoteTick(
            self.instrument_id, tick.bid_price, tick.ask_price, size, size, ts, ts
        )

    def price(self, value: float) -> Any:  # noqa: ANN401 (the engine is untyped)
        """Give a price at the instrument's precision."""
        return nautilus.Price(round(value, self.price_precision), self.price_precision)
