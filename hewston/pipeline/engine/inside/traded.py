"""An author's class as it is run: every callback guarded, every fill written down."""

import functools
from collections.abc import Callable
from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.inside.form import CLOSE
from hewston.pipeline.engine.reasons import BUYING_POWER, RUINED
from hewston.pipeline.sandbox.inside.answer import StrategyFailure

WARM_UP = "warm-up"
CLOSING = "closing"
_ROUNDING = 1e-12  # share by which floats may overstate what an order costs
_TYPES = {
    nautilus.OrderType.MARKET: "MARKET",
    nautilus.OrderType.LIMIT: "LIMIT",
    nautilus.OrderType.STOP_MARKET: "STOP",
    nautilus.OrderType.TRAILING_STOP_MARKET: "STOP",
}
_TRIGGERS = ("NO_TRIGGER", "DEFAULT", "BID_ASK")
_FORCES = {nautilus.TimeInForce.GTC: 0, nautilus.TimeInForce.IOC: 1}


def read_type(order: Any) -> str:  # noqa: ANN401 (the engine is untyped)
    """Name an order's type as runs know it; raises ValueError for one that they do not."""
    if order.order_type not in _TYPES:
        raise ValueError(
            f"A run knows no orders of the type {order.order_type.name}: send a market, limit, "
            "stop-market or trailing-stop-market order."
        )
    return _TYPES[order.order_type]


def check_ways(order: Any) -> None:  # noqa: ANN401
    """Raise ValueError for an order that would wait for what a run does not have."""
    trigger, emulated = (
        getattr(kind := getattr(order, field, None) or _TRIGGERS[0], "name", kind)
        for field in ("trigger_type", "emulation_trigger")
    )
    if trigger not in _TRIGGERS:
        raise ValueError(
            f"A run has no prices of the trigger type {trigger}: it knows DEFAULT and BID_ASK."
        )
    if emulated != _TRIGGERS[0]:
        raise ValueError("A run emulates no orders: leave out emulation_trigger.")
    if getattr(order, "exec_algorithm_id", None) is not None:
        raise ValueError("A run has no execution algorithms: leave out exec_algorithm_id.")


def read_immediate(order: Any) -> int:  # noqa: ANN401
    """Tell whether an order is IOC (1) or GTC (0); raises ValueError for any other."""
    if order.time_in_force not in _FORCES:
        raise ValueError(
            f"A run knows no orders of the time in force {order.time_in_force.name}: it knows GTC "
            "and IOC. Cancel an order yourself when its time is over."
        )
    return _FORCES[order.time_in_force]


class Record:
    """What happened, and where on a bar's path the market stands now."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.fills: list[tuple[Any, ...]] = []  # client order id, then as in FILLS
        self.refused: dict[str, tuple[Any, str]] = {}  # the order, and why it was not sent
        self.bar, self.moment, self.reference = 0, CLOSE, 0.0
        self.closed = 0  # the bar that closed last
        self.shown_ns: int | None = None  # of what is being shown
        self.may_trade = False
        self.is_ruined = False
        self.position = 0.0  # units
        self.cash = 0.0
        # Client order id → signed units of market orders that were sent and have not filled.
        # The engine names those that close positions: they are one, under CLOSING.
        self.waiting: dict[str, float] = {}

    def raise_failure(self) -> None:
        """Raise what a callback raised, if anything."""
        if self.failures:
            raise self.failures[0]

    def note_fill(self, event: Any, multiplier: float) -> None:  # noqa: ANN401
        """Write a fill down; refuses one at any moment at which no market was shown."""
        if int(event.ts_event) != self.shown_ns:
            raise StrategyFailure(
                "unfit",
                message=f"An order filled between two bars, after that of bar {self.closed}, "
                "because a timer or an alert of the strategy went off there, or because an "
                "order was changed to a price that the market is beyond: at a price from before. "
                "Set alerts only at closes of bars; cancel such an order and send another.",
            )
        qty = float(event.last_qty.as_decimal())
        price = float(event.last_px.as_decimal())
        fee = float(event.commission.as_decimal())
        signed = qty if event.order_side == nautilus.OrderSide.BUY else -qty
        self.position += signed
        self.cash -= signed * price * multiplier + fee
        if event.order_type == nautilus.OrderType.MARKET:
            name = str(event.client_order_id)
            self.waiting.pop(name if name in self.waiting else CLOSING, None)
        self.fills.append((
            str(event.client_order_id), self.bar, self.moment, qty, price, self.reference, fee,
        ))  # fmt: skip


def guard(record: Record, callback: Callable[..., None]) -> Callable[..., None]:
    """Keep the first exception of a callback, which would vanish; do nothing more after it."""

    @functools.wraps(callback)
    def guarded(*args: object, **kwargs: object) -> None:
        if record.failures:
            return
        try:
            callback(*args, **kwargs)
        except BaseException as problem:
            record.failures.append(problem)

    return guarded


def make_traded(author: type) -> Callable[[Record], type]:
    """Give a function that makes the class to run from the author's."""

    def make(record: Record) -> type:
        own = {
            name: guard(record, getattr(author, name))
            for name in dir(author)
            if name.startswith("on_")
            and getattr(author, name) is not getattr(nautilus.Strategy, name, None)
        }
        heard = own.get("on_order_filled")

        def on_order_filled(self: Any, event: Any) -> None:  # noqa: ANN401
            record.note_fill(event, self._multiplier)
            if heard is not None:
                heard(self, event)

        own["on_order_filled"] = guard(record, on_order_filled)
        for name in ("on_order_canceled", "on_order_rejected", "on_order_expired"):
            own[name] = _forget_then(record, own.get(name))
        return type(author.__name__, (_Traded, author), {**own, "_record": record, "_own": own})

    return make


def _forget_then(record: Record, heard: Callable[..., None] | None) -> Callable[..., None]:
    """Give a callback that forgets an order that will not fill, and then calls the author's."""

    def forget(self: object, event: Any) -> None:  # noqa: ANN401
        record.waiting.pop(str(event.client_order_id), None)
        if heard is not None:
            heard(self, event)

    return guard(record, forget)


class _Traded:
    """Stands before an author's class: refuses what a run refuses."""

    _record: Record
    _own: dict[str, Callable[..., None]]
    _leverage: float
    _multiplier: float

    def submit_order(self, order: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Send an order, or refuse it as the engine does."""
        if self._accept(order):
            super().submit_order(order, *args, **kwargs)  # type: ignore[misc]  # the author's

    def submit_order_list(self, orders: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Send orders that belong together, of which the first is checked."""
        first, *others = list(orders)
        if self._accept(first):
            for order in others:
                read_type(order)
                read_immediate(order)
                check_ways(order)
            super().submit_order_list(orders, *args, **kwargs)  # type: ignore[misc]  # the author's

    def close_position(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Close a position; the engine sends the order itself."""
        super().close_position(*args, **kwargs)  # type: ignore[misc]  # the author's
        self._note_closing()

    def close_all_positions(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Close all positions; the engine sends the orders itself."""
        super().close_all_positions(*args, **kwargs)  # type: ignore[misc]  # the author's
        self._note_closing()

    def _note_closing(self) -> None:
        if held := self._record.position:
            self._record.waiting[CLOSING] = -held

    def _accept(self, order: Any) -> bool:  # noqa: ANN401
        record = self._record
        read_type(order)
        read_immediate(order)
        check_ways(order)
        reason = self._find_reason(order)
        if reason is None:
            if order.order_type == nautilus.OrderType.MARKET:
                record.waiting[str(order.client_order_id)] = float(order.signed_decimal_qty())
            return True
        record.refused[str(order.client_order_id)] = (order, reason)
        if (heard := self._own.get("on_order_denied")) is not None:
            now = self.clock.timestamp_ns()  # type: ignore[attr-defined]  # the author's
            heard(self, nautilus.OrderDenied(
                order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id,
                reason, nautilus.UUID4(), now, now,
            ))  # fmt: skip
        return False

    def _find_reason(self, order: Any) -> str | None:  # noqa: ANN401
        """Say why a run refuses an order, as it refuses those of other strategies."""
        record = self._record
        if not record.may_trade:
            return WARM_UP
        if record.is_ruined:
            return RUINED
        held = record.position + sum(record.waiting.values())
        wanted = held + float(order.signed_decimal_qty())
        if abs(wanted) <= abs(held) and wanted * held >= 0:
            return None
        price, multiplier = record.reference, self._multiplier
        equity = record.cash + record.position * price * multiplier
        value = abs(wanted) * abs(price) * multiplier
        return None if value <= self._leverage * equity * (1 + _ROUNDING) else BUYING_POWER
