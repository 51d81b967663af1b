"""What is traded, as the engine knows it. Imports no polars: a jailed engine has none."""

import functools
from decimal import Decimal
from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.spec import Instrument

VENUE = nautilus.Venue("SIM")
QUOTE_SIZE = 10**12  # units shown at each quote: more than any order
MONEY_PRECISION = 8  # decimals of the account: cents would round every fee


@functools.cache
def count_decimals(step: float) -> int:
    """Count the decimals of a lot or a tick: 1 → 0, 0.25 → 2, 1e-8 → 8."""
    exponent = Decimal(repr(step)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def build_currency(code: str) -> Any:  # noqa: ANN401 (the engine is untyped)
    """Build the currency of an account."""
    return nautilus.Currency(code, MONEY_PRECISION, 0, code, nautilus.CurrencyType.FIAT)


def build_instrument(instrument: Instrument, currency: Any) -> Any:  # noqa: ANN401
    """Build what is traded: whole units, contracts, or parts of a unit."""
    price_precision = instrument.price_precision
    size_precision = count_decimals(instrument.lot)
    name = nautilus.InstrumentId(nautilus.Symbol("INSTRUMENT"), VENUE)
    increment = nautilus.Price(10.0**-price_precision, price_precision)
    if instrument.asset_class == "future" and instrument.lot == 1:
        return nautilus.FuturesContract(
            name,
            name.symbol,
            nautilus.AssetClass.INDEX,
            "INSTRUMENT",
            0,
            2**62,
            currency,
            price_precision,
            increment,
            nautilus.Quantity.from_str(f"{instrument.multiplier:f}"),
            nautilus.Quantity.from_int(1),
            0,
            0,
        )
    if instrument.lot == 1 and instrument.multiplier == 1:
        return nautilus.Equity(name, name.symbol, currency, price_precision, increment, 0, 0)
    return nautilus.CurrencyPair(
        name,
        name.symbol,
        nautilus.Currency("UNIT", size_precision, 0, "unit", nautilus.CurrencyType.CRYPTO),
        currency,
        price_precision,
        size_precision,
        increment,
        nautilus.Quantity(10.0**-size_precision, size_precision),
        0,
        0,
        multiplier=nautilus.Quantity.from_str(f"{instrument.multiplier:f}"),
    )
