"""Quantities as whole numbers of lots, so that a closed position is exactly 0."""

from decimal import Decimal

import polars as pl

from hewston.pipeline.errors import ReconciliationError

# How far qty / lot may be from a whole number: float error, not half a lot.
_TOLERANCE = 1e-6
_TOLERANCE_PER_LOT = 1e-15


def count_signed_lots(fills: pl.DataFrame, lot: float) -> list[int]:
    """Count each fill's lots, sells negative; ``fills`` has ``fill_id``, ``side`` and ``qty``.

    Raises ReconciliationError for a quantity that is no whole number of lots, or not above 0.
    """
    counts = []
    rows = zip(fills["fill_id"], fills["side"], fills["qty"], strict=True)
    for fill_id, side, qty in rows:
        lots = round(qty / lot)
        if lots < 1 or abs(qty / lot - lots) > _TOLERANCE + _TOLERANCE_PER_LOT * lots:
            raise ReconciliationError(
                f"Fill {fill_id} has the quantity {qty!r}, which is not a positive multiple of "
                f"the lot {lot!r}. The run is not trusted."
            )
        counts.append(lots if side == "BUY" else -lots)
    return counts


def as_decimal(value: float) -> Decimal:
    """Read a float as the decimal it prints as: 0.1 is one tenth."""
    return Decimal(repr(value))


def as_units(lots: int, lot: float) -> float:
    """Turn lots back into units: the float nearest to ``lots * lot``."""
    return float(lots * as_decimal(lot))
