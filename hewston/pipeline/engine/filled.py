"""Whether the fills of an event strategy are such as the bars allow: its code could write any."""

from decimal import Decimal
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.engine.answer import Deeds
from hewston.pipeline.engine.inside.form import CLOSE, OPEN, STATUSES, TYPES
from hewston.pipeline.engine.instruments import MONEY_PRECISION
from hewston.pipeline.sandbox.format import ForgedAnswerError
from hewston.pipeline.spec import RunSpec

type Booleans = npt.NDArray[np.bool_]
type Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-9  # relative: what is left of a price when it is computed in another order


def check_fills(deeds: Deeds, shown: pl.DataFrame, spec: RunSpec) -> None:
    """Check every fill against the bars, their cost and its order; raises ForgedAnswerError.

    ``shown`` are ts_open, open, high, low, close and cost of the bars, in price units. A market
    order and a stop pay the cost on top of the print, a limit its own price or a better one; all
    of it at a print that the bar has, not before the order was sent, whole, and for the run's fees.
    """
    fills = deeds.fills
    if fills.is_empty():
        return
    orders = deeds.orders[fills["order"]]
    bars = shown[fills["bar"]]
    _check_orders(deeds, orders)
    moment, reference, price, qty = (
        fills[name].to_numpy() for name in ("moment", "reference", "price", "qty")
    )
    if not (np.isfinite(price) & np.isfinite(reference) & np.isfinite(qty)).all():
        _refuse("a fill has no price", 0)
    opened, high, low, close, cost = (
        bars[name].to_numpy() for name in ("open", "high", "low", "close", "cost")
    )
    prints = np.select([moment == OPEN, moment == CLOSE], [opened, close], reference)
    _require((reference == prints) & (low <= reference) & (reference <= high),
             "a fill is at a print that its bar does not have")  # fmt: skip
    side = orders["side"].to_numpy()
    step = 10.0**-spec.instrument.price_precision
    tolerance = step / 2 + _ROUNDING * np.abs(price)
    pays = np.abs(price - (reference + side * cost)) <= tolerance
    is_limit = orders["type"].to_numpy() == TYPES.index("LIMIT")
    limit = orders["price"].to_numpy()
    keeps = is_limit & (np.abs(price - limit) <= tolerance) & (
        (spec.limit_gap == "limit") | (np.abs(price - reference) <= tolerance)
    )  # fmt: skip
    _require(pays | keeps, "a fill has a price at which nothing was offered")
    _require(~is_limit | (side * (price - limit) <= tolerance), "a limit filled beyond its price")
    _check_times(deeds, orders)
    _check_fees(fills, spec)


def _check_orders(deeds: Deeds, orders: pl.DataFrame) -> None:
    """Check that each filled order filled once and whole."""
    filled = deeds.orders["status"] == STATUSES.index("FILLED")
    names = deeds.fills["order"]
    if names.n_unique() != names.len() or int(filled.sum()) != names.len():
        raise ForgedAnswerError("an order filled more than once, or not at all")
    if not filled.gather(names).all():
        raise ForgedAnswerError("an order filled that did not")
    if not ((orders["qty"] == deeds.fills["qty"]) & (orders["qty"] > 0)).all():
        raise ForgedAnswerError("an order filled in part")


def _check_times(deeds: Deeds, orders: pl.DataFrame) -> None:
    """Check that fills follow each other, and that none comes before its order."""
    bar, moment = deeds.fills["bar"].to_numpy(), deeds.fills["moment"].to_numpy()
    sent = orders["bar"].to_numpy()
    _require((bar > sent) | ((bar == sent) & (moment == CLOSE)), "a fill comes before its order")
    place = bar * 3 + moment
    _require(np.diff(place, prepend=place[:1]) >= 0, "its fills do not follow each other")


def _check_fees(fills: pl.DataFrame, spec: RunSpec) -> None:
    """Check what fills cost, within a unit of the account's last decimal."""
    costs = spec.slippage_fees
    rate = costs.fees_bps / 10_000 * spec.instrument.multiplier
    qty, price, fee = (fills[name].to_numpy() for name in ("qty", "price", "fee"))
    due = qty * (np.abs(price) * rate + costs.fee_per_unit)
    step = float(Decimal(10) ** -MONEY_PRECISION)
    _require(np.abs(fee - due) <= step + _ROUNDING * due, "a fill costs another fee than the run's")


def _require(holds: Booleans, sentence: str) -> None:
    if not holds.all():
        _refuse(sentence, int(np.flatnonzero(~holds)[0]))


def _refuse(sentence: str, fill: int) -> NoReturn:
    raise ForgedAnswerError(f"{sentence} (fill {fill + 1})")
