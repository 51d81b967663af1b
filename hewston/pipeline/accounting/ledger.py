"""Cash, position and equity from fills alone."""

import math
from collections.abc import Sequence
from decimal import Decimal, localcontext

import numpy as np
import polars as pl

from hewston.pipeline.accounting.lots import as_decimal, as_units, count_signed_lots
from hewston.pipeline.errors import ReconciliationError
from hewston.pipeline.schemas import EQUITY, FILLS

# A product of three floats has at most 51 digits; the rest is room for sums of any size.
_DECIMAL_DIGITS = 100
_MONEY_TOLERANCE = 0.005
_UNITS_TOLERANCE = 1e-9  # relative to the larger position, or to 1 unit


def settle_fills(
    executions: pl.DataFrame, *, starting_cash: float, multiplier: float, lot: float
) -> pl.DataFrame:
    """Add slippage, position and cash to what the engine reports: EXECUTIONS to FILLS.

    ``executions`` are in the order in which they happened. Sums run in decimals and are
    rounded once, where they become floats, so no error grows with the number of fills::

        slippage   = signed qty * (price - reference_price) * multiplier
        cash after = cash before - signed qty * price * multiplier - fee

    Raises ReconciliationError for a quantity that is no whole number of lots.
    """
    lots = count_signed_lots(executions, lot)
    multiple, cash, held = as_decimal(multiplier), as_decimal(starting_cash), 0
    unit = as_decimal(lot)
    slippages: list[float] = []
    cashes: list[float] = []
    positions: list[float] = []
    columns = (executions[name] for name in ("price", "reference_price", "fee"))
    with localcontext(prec=_DECIMAL_DIGITS):
        for count, *row in zip(lots, *columns, strict=True):
            price, reference, fee = map(as_decimal, row)
            signed_value = count * unit * multiple  # money for each point of price
            held += count
            cash -= signed_value * price + fee
            slippages.append(_as_float(signed_value * (price - reference)))
            cashes.append(_as_float(cash))
            positions.append(as_units(held, lot))
    return (
        executions.with_columns(
            pl.Series("qty", [as_units(abs(count), lot) for count in lots], pl.Float64),
            pl.Series("slippage", slippages, pl.Float64),
            pl.Series("position_after", positions, pl.Float64),
            pl.Series("cash_after", cashes, pl.Float64),
        )
        .select(list(FILLS))
        .match_to_schema(pl.Schema(FILLS))
    )


def build_equity(
    fills: pl.DataFrame, bars: pl.DataFrame, *, starting_cash: float, multiplier: float
) -> pl.DataFrame:
    """Value the account at every bar's close: FILLS and BARS to EQUITY, one row a bar.

    A fill of bar ``b`` counts from that bar's close on, whichever the fill clock.
    ``drawdown`` is measured from the highest equity so far, which starts at
    ``starting_cash``; it exceeds 1 where equity is below 0. ``exposure`` is 0 without a
    position, and null where a position stands against an equity of 0 or below.
    """
    last_fill = np.searchsorted(fills["bar"].to_numpy(), np.arange(bars.height), side="right")
    cash = np.concatenate(([starting_cash], fills["cash_after"].to_numpy()))[last_fill]
    position = np.concatenate(([0.0], fills["position_after"].to_numpy()))[last_fill]
    close = bars["close"].to_numpy()
    value = position * close * multiplier
    equity = cash + value
    peak = np.maximum(np.maximum.accumulate(equity), starting_cash)
    exposure = np.zeros(bars.height)
    np.divide(np.abs(value), equity, out=exposure, where=equity > 0)
    unknown = (equity <= 0) & (position != 0)
    return pl.DataFrame(
        {
            "ts_open": bars["ts_open"],
            "cash": cash,
            "position": position,
            "close": close,
            "equity": equity,
            "drawdown": (peak - equity) / peak,
            "exposure": pl.Series(exposure).set(pl.Series(unknown), None),
        },
        schema=EQUITY,
    )


def reconcile(
    equity: pl.DataFrame,
    *,
    balance_total: float,
    open_positions: Sequence[tuple[float, float]],
    multiplier: float,
) -> None:
    """Compare the last equity with the engine's account; raises ReconciliationError.

    ``balance_total`` is the engine's cash balance with realised profit, and
    ``open_positions`` its (signed quantity in units, average open price). The engine's equity
    is ``balance_total + sum(qty * (close - avg_px_open) * multiplier)``: its own unrealised
    profit is marked at bid or ask and therefore not used. Positions must be equal, and money
    within half a cent.
    """
    last = equity.row(-1, named=True)
    held = math.fsum(qty for qty, _ in open_positions)
    if not abs(held - last["position"]) <= _UNITS_TOLERANCE * max(1.0, abs(held)):
        raise ReconciliationError(
            f"The engine ends with a position of {held!r} units, its fills add up to "
            f"{last['position']!r}. The run is not trusted."
        )
    marked = (qty * (last["close"] - paid) * multiplier for qty, paid in open_positions)
    engine = math.fsum((balance_total, *marked))
    if not abs(engine - last["equity"]) <= _MONEY_TOLERANCE:  # also true for NaN
        raise ReconciliationError(
            f"The engine ends with an equity of {engine!r}, cash and position from its fills "
            f"give {last['equity']!r}: more than {_MONEY_TOLERANCE} apart. The run is not trusted."
        )


def _as_float(value: Decimal) -> float:
    """Round once; never -0.0."""
    return float(value) + 0.0
