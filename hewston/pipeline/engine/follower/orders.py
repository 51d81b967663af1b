"""The orders of a run and their fills, as they are recorded."""

import dataclasses
from typing import Any

import numpy as np

from hewston.pipeline.engine.book import Book
from hewston.pipeline.engine.exits import LIMIT, STOP, Bracket, Exit, Exits
from hewston.pipeline.errors import ReconciliationError

STOPPED = "stop"  # reasons of exits inside the bar
TARGET = "target"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Fill:
    """What filled: the record of its order, the bar, and by how much position and cash change."""

    order: dict[str, Any]
    bar: int
    exit: Exit | None  # inside the bar
    signed_qty: float
    price: float
    fee: float


class Orders:
    """Rows of ORDERS and EXECUTIONS, and which of them the engine has."""

    def __init__(self, book: Book, lot: float) -> None:
        self._book, self._lot = book, lot
        self.rows: list[dict[str, Any]] = []
        self.executions: list[tuple[Any, ...]] = []
        self.sent: dict[str, int] = {}  # the engine's order id → our index

    def units(self, lots: int) -> float:
        """Give a number of lots as a quantity."""
        return round(lots * self._lot, self._book.size_precision)

    def record(
        self,
        bar: int,
        lots: int,
        reason: str | None,
        status: str,
        *,
        type_: str = "MARKET",
        price: float | None = None,
    ) -> int:
        """Record an order of a bar's close; returns its number."""
        order_id = len(self.rows) + 1
        self.rows.append(
            {
                "bar": bar,
                "ts": int(self._book.closes_ns[bar]),
                "order_id": order_id,
                "side": "BUY" if lots > 0 else "SELL",
                "qty": self.units(abs(lots)),
                "type": type_,
                "time_in_force": "GTC",
                "price": price,
                "status": status,
                "reason": reason,
            }
        )
        return order_id

    def record_legs(
        self,
        exits: Exits,
        bracket: Bracket,
        lots: int,
        last: int,
        *,
        filling: str | None,
        status: str = "CANCELLED",
    ) -> int:
        """Record the stop and the limit of a position, in force up to a bar, inclusive.

        Each is sent at the close before the first bar in which it holds, and its price is the
        last one. Gives the order that fills, 0 for none.
        """
        number = 0
        first = bracket.first_bar
        levels = exits.levels(bracket, first, last + 1)
        for type_, level, reason in zip((STOP, LIMIT), levels, (STOPPED, TARGET), strict=True):
            held = np.flatnonzero(~np.isnan(level))
            if held.size:
                order_id = self.record(
                    first + int(held[0]) - 1,
                    -lots,
                    reason,
                    "OPEN" if type_ == filling else status,
                    type_=type_,
                    price=float(level[held[-1]]),
                )
                number = order_id if type_ == filling else number
        return number

    def note_sent(self, order_id: int, client_order_id: str) -> None:
        """Keep under which name the engine has an order."""
        self.sent[client_order_id] = order_id - 1

    def find_sent(self, event: Any) -> dict[str, Any]:  # noqa: ANN401 (the engine is untyped)
        """Give the record of the order that an event of the engine is about."""
        return self.rows[self.sent[str(event.client_order_id)]]

    def record_fill(self, event: Any, pending: Exit | None) -> Fill:  # noqa: ANN401 (likewise)
        """Record a fill; ``pending`` is the exit inside a bar that was sent last, if one was.

        Raises ReconciliationError where the engine filled at any other moment than it must.
        """
        order = self.find_sent(event)
        found = None if order["type"] == "MARKET" else pending
        bar = self._check_bar(order, int(event.ts_event), found)
        # Not as_double, which may be off in the last bit.
        qty = float(event.last_qty.as_decimal())
        price = float(event.last_px.as_decimal())
        fee = float(event.commission.as_decimal())
        is_at_close = found is None and self._book.fills_at_close
        starts = self._book.closes_ns if is_at_close else self._book.opens_ns
        self.executions.append(
            (
                bar,
                int(starts[bar]),
                found is not None,
                order["order_id"],
                len(self.executions) + 1,
                order["side"],
                qty,
                price,
                float(self._book.reference[bar]) if found is None else found.reference,
                fee,
            )
        )
        order["status"] = "FILLED"
        return Fill(
            order=order,
            bar=bar,
            exit=found,
            signed_qty=qty if order["side"] == "BUY" else -qty,
            price=price,
            fee=fee,
        )

    def _check_bar(self, order: dict[str, Any], ts_ns: int, found: Exit | None) -> int:
        """Find the bar of a fill from the engine's time, and refuse any other moment."""
        if found is not None:
            bar = found.bar
            expected = self._book.exit_fill_ns(bar)
        elif self._book.fills_at_close:
            bar, expected = order["bar"], int(self._book.closes_ns[order["bar"]])
        else:
            bar = order["bar"] + 1
            expected = int(self._book.quotes_ns[bar])
        if ts_ns != expected:
            raise ReconciliationError(
                f"Order {order['order_id']} of bar {order['bar']} filled at {ts_ns} ns, "
                f"not at {expected} ns."
            )
        return int(bar)
