"""The bars of a run inside the sandbox, as the engine is shown them: bars, and quotes on them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.instruments import (
    QUOTE_SIZE,
    build_currency,
    build_instrument,
    count_decimals,
)
from hewston.pipeline.engine.path import is_low_first
from hewston.pipeline.spec import RunSpec

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]

_UNITS = {"m": "MINUTE", "h": "HOUR", "d": "DAY", "w": "WEEK", "mo": "MONTH"}


class Market:
    """Bars in their order, one place a bar; those before ``first`` are warm-up.

    ``prices`` are four rows: open, high, low, close. ``costs`` are price units that a market order
    pays on top of any print.
    """

    def __init__(
        self,
        *,
        spec: RunSpec,
        opens_ns: Integers,
        closes_ns: Integers,
        prices: Floats,
        volume: Floats,
        costs: Floats,
        first: int,
    ) -> None:
        self.spec, self.first, self.count = spec, first, len(opens_ns)
        self.opens_ns: list[int] = opens_ns.tolist()
        self.closes_ns: list[int] = closes_ns.tolist()
        self.open, self.high, self.low, self.close = (row.tolist() for row in prices)
        self.costs: list[float] = costs.tolist()
        self._volume: list[float] = np.nan_to_num(volume).tolist()
        self.precision = spec.instrument.price_precision
        self.size_precision = count_decimals(spec.instrument.lot)
        self.currency = build_currency(spec.instrument.currency)
        self.instrument = build_instrument(spec.instrument, self.currency)
        self.instrument_id = self.instrument.id
        number = spec.interval.rstrip("mhdwo")
        unit = _UNITS[spec.interval.removeprefix(number)]
        self.bar_type = nautilus.BarType.from_str(
            f"{self.instrument_id}-{number}-{unit}-LAST-EXTERNAL"
        )
        self._large = nautilus.Quantity(QUOTE_SIZE, self.size_precision)

    def price(self, value: float) -> Any:  # noqa: ANN401 (the engine is untyped)
        """Give a price at the instrument's precision."""
        return nautilus.Price(round(value, self.precision), self.precision)

    def bar(self, row: int) -> Any:  # noqa: ANN401
        """Build a bar as strategies are shown it: when it has closed."""
        ts = self.closes_ns[row]
        return nautilus.Bar(
            self.bar_type,
            self.price(self.open[row]),
            self.price(self.high[row]),
            self.price(self.low[row]),
            self.price(self.close[row]),
            nautilus.Quantity(self._volume[row], self.size_precision),
            ts,
            ts,
        )

    def quote(self, bid: float, ask: float, ts: int) -> Any:  # noqa: ANN401
        """Build a quote."""
        return nautilus.QuoteTick(
            self.instrument_id, self.price(bid), self.price(ask), self._large, self._large, ts, ts
        )

    def turns(self, row: int) -> tuple[float, float, float]:
        """Give the prices that a bar's path goes to from its open, one after the other."""
        high, low, close = self.high[row], self.low[row], self.close[row]
        first = is_low_first(self.open[row], high, low)
        return (low, high, close) if first else (high, low, close)
