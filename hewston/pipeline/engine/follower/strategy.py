"""The one strategy of ours that the engine runs: it follows a list of targets.

Exceptions inside the engine's callbacks vanish without a word, so every callback is guarded: the
first exception is kept, nothing more is done, and ``raise_failure`` raises it after the run.
"""

import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.book import MONEY_PRECISION, Book
from hewston.pipeline.engine.exits import LIMIT, STOP, Bracket, Exit, Exits
from hewston.pipeline.engine.signals import Signals
from hewston.pipeline.engine.sizing import Sizing
from hewston.pipeline.errors import ReconciliationError
from hewston.pipeline.spec import RunSpec

BUYING_POWER = "buying_power"
RUINED = "ruined"
STOPPED = "stop"  # reasons of exits inside the bar
TARGET = "target"
_ROUNDING = 1e-12  # share by which floats may overstate what an order costs


def _guarded[**P](callback: Callable[P, None]) -> Callable[P, None]:
    """Keep the first exception of any callback, and do nothing after it."""

    @functools.wraps(callback)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        failures: list[BaseException] = args[0].failures  # type: ignore[attr-defined]  # own classes
        if failures:
            return
        try:
            callback(*args, **kwargs)
        except BaseException as problem:
            failures.append(problem)

    return guard


def _kept[**P, R](hook: Callable[P, R]) -> Callable[P, R]:
    """Keep the exception of a hook that must answer, before the engine swallows it."""

    @functools.wraps(hook)
    def keep(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return hook(*args, **kwargs)
        except BaseException as problem:
            failures: list[BaseException] = args[0].failures  # type: ignore[attr-defined]  # own
            failures.append(problem)
            raise

    return keep


class _Fees(nautilus.FeeModel):  # type: ignore[misc]  # the engine is untyped
    """``fees_bps`` of the notional and ``fee_per_unit``, on each side.

    In decimals, half to even at the account's last digit, as the engine rounds its own fees.
    """

    def prepare(self, book: Book, spec: RunSpec, failures: list[BaseException]) -> None:
        self.failures = failures
        self.currency = book.currency
        self.rate = (
            _decimal(spec.slippage_fees.fees_bps) / 10_000 * _decimal(spec.instrument.multiplier)
        )
        self.per_unit = _decimal(spec.slippage_fees.fee_per_unit)

    @_kept
    def get_commission_with_context(
        self,
        _order: object,
        qty: Any,  # noqa: ANN401 (the engine is untyped)
        price: Any,  # noqa: ANN401
        _instrument: object,
        _context: object,
    ) -> Any:  # noqa: ANN401
        """Give the fee of one fill."""
        fee = qty.as_decimal() * (abs(price.as_decimal()) * self.rate + self.per_unit)
        return nautilus.Money(float(round(fee, MONEY_PRECISION)), self.currency)


class Follower(nautilus.Strategy):  # type: ignore[misc]  # the engine is untyped
    """Sends the orders that bring the position to each changed target, at that bar's close.

    It sets one time alert after another, only at closes of existing bars: any other timer would
    fill an order that waits for the next open at a price of yesterday. The one exception is an
    exit inside a bar, sent after that bar's open.
    """

    def __init__(self, config: object = None) -> None:  # noqa: ARG002 (the engine's own reads it)
        self.failures: list[BaseException] = []
        self.executions: list[tuple[Any, ...]] = []
        self.orders: list[dict[str, Any]] = []
        self.sent: dict[str, int] = {}  # the engine's order id → our index
        self.ruined_bar: int | None = None

    def prepare(
        self,
        book: Book,
        targets: pl.DataFrame,
        spec: RunSpec,
        log: Callable[[str], None],
        *,
        exits: Exits | None = None,
    ) -> None:
        """Take what the run is made of; ``targets`` as in ``run_engine``."""
        self.book = book
        self.log_line = log
        self.fees = _Fees()
        self.fees.prepare(book, spec, self.failures)
        self.sizing = Sizing(spec)
        self.lot, self.multiplier = spec.instrument.lot, spec.instrument.multiplier
        self.max_leverage = spec.max_leverage
        self.lots = 0  # position, in lots
        self.waiting_lots = 0  # lots sent and not filled
        self.cash = spec.starting_cash
        self.signals = Signals(targets)
        self.exits = exits
        self.bracket: Bracket | None = None  # of the position that is held
        self.exit: Exit | None = None  # that was found and is being sent
        for target in self.signals.all_targets():
            self.sizing.check(self.sizing.count_fixed(target))
        self.logged_zero = False
        self.alerts: set[int] = set()  # bars whose close is awaited

    def raise_failure(self) -> None:
        """Raise what a callback raised, if anything."""
        if self.failures:
            raise self.failures[0]

    @property
    def side(self) -> int:
        """The side of the position: 1 long, -1 short, 0 flat."""
        return _sign(self.lots)

    @_guarded
    def on_start(self) -> None:
        """Wait for the first signal."""
        self._await_signal(0)

    def _set_alert(self, bar: int) -> None:
        """Wait for the close of a bar, once."""
        if bar not in self.alerts:
            self.alerts.add(bar)
            self.clock.set_time_alert_ns(
                str(bar), int(self.book.closes_ns[bar]), functools.partial(self.on_close, bar)
            )

    def _await_signal(self, start: int) -> None:
        """Wait for the first row from ``start`` on at which orders may be sent."""
        row = self.signals.next_row(_sign(self.lots + self.waiting_lots), start)
        if row is not None:
            self._set_alert(row)

    @_guarded
    def on_close(self, bar: int, _event: object) -> None:
        """Act at the close of one bar."""
        self.alerts.discard(bar)
        if self.ruined_bar is not None:
            return
        if self._equity(bar) <= 0:
            self._ruin(bar)
            return
        target = self.signals.decide(self.side, bar)
        if target is None:
            self._await_signal(bar + 1)
            self._watch_ruin(bar + 1)
            return
        has_sent = self._follow(bar, target)
        planned = _sign(self.lots + self.waiting_lots)
        if planned != _sign(target):
            self.signals.fell_to(bar + 1, planned)
        self._await_signal(bar + 1)
        if not has_sent:
            self._watch_ruin(bar + 1)  # nothing will fill, so no fill will look further

    def _equity(self, bar: int) -> float:
        return float(self.cash + self.lots * self.lot * self.book.close[bar] * self.multiplier)

    def _ruin(self, bar: int) -> None:
        self.ruined_bar = bar
        self.log_line(f"Equity is at or below 0 at bar {bar}: no more orders.")
        self.signals.fell_to(bar, 0)
        if self.lots:
            self._send(bar, -self.lots, RUINED)

    def _follow(self, bar: int, target: float) -> bool:
        """Send what a signal asks for; False when nothing was sent."""
        reason = self.signals.reason(bar)
        price, equity = float(self.book.close[bar]), self._equity(bar)
        wanted = self.sizing.count_lots(target, price=price, equity=equity)
        self.sizing.check(wanted)
        if wanted == 0 and target != 0 and not self.logged_zero:
            self.logged_zero = True
            self.log_line(f"A target at bar {bar} is less than one lot: no order.")
        if wanted == self.lots:
            return False
        limit = self.max_leverage * equity
        value = abs(wanted) * self.lot * abs(price) * self.multiplier
        affordable = value <= limit * (1 + _ROUNDING)
        reverses = self.lots != 0 and wanted * self.lots < 0
        enlarges = reverses or abs(wanted) > abs(self.lots)
        if affordable or not enlarges:
            self._send(bar, wanted - self.lots, reason)
            return True
        held = self.lots
        if reverses:
            self._send(bar, -held, reason)
        opening = wanted if reverses else wanted - held
        self._record(bar, opening, BUYING_POWER, "REJECTED")
        return reverses

    def _record(
        self,
        bar: int,
        lots: int,
        reason: str | None,
        status: str,
        *,
        type_: str = "MARKET",
        price: float | None = None,
    ) -> int:
        order_id = len(self.orders) + 1
        self.orders.append(
            {
                "bar": bar,
                "ts": int(self.book.closes_ns[bar]),
                "order_id": order_id,
                "side": "BUY" if lots > 0 else "SELL",
                "qty": self._units(abs(lots)),
                "type": type_,
                "time_in_force": "GTC",
                "price": price,
                "status": status,
                "reason": reason,
            }
        )
        return order_id

    def _units(self, lots: int) -> float:
        return round(lots * self.lot, self.book.size_precision)

    def _send(self, bar: int, lots: int, reason: str | None) -> None:
        order_id = self._record(bar, lots, reason, "OPEN")
        if not self.book.fills_at_close and bar + 1 == len(self.book.close):
            return  # no open follows; the engine would fill it at a quote of the past when it ends
        self.waiting_lots += lots
        side, quantity = self._amount(lots)
        self._submit(order_id, self.order_factory.market(self.book.instrument_id, side, quantity))

    def _amount(self, lots: int) -> tuple[Any, Any]:
        side = nautilus.OrderSide.BUY if lots > 0 else nautilus.OrderSide.SELL
        return side, self.book.quantity(self._units(abs(lots)))

    def _submit(self, order_id: int, order: Any) -> None:  # noqa: ANN401 (the engine is untyped)
        self.sent[str(order.client_order_id)] = order_id - 1
        self.submit_order(order)

    def next_close(self, start: int) -> int:
        """Give the first bar from ``start`` on at whose close orders may be sent."""
        row = self.signals.next_row(self.side, start)
        awaited = [bar for bar in self.alerts if bar >= start]
        return min([*awaited, len(self.book.close) if row is None else row])

    def find_exit(self, start: int, stop: int) -> Exit | None:
        """Find the first exit inside bars ``start`` to ``stop``, exclusive, and send it there."""
        if self.bracket is None or self.exits is None:
            return None
        self.exit = self.exits.find(self.bracket, start, stop)
        if self.exit is not None:
            bar = self.exit.bar
            self.clock.set_time_alert_ns(f"exit {bar}", self.book.exit_alert_ns(bar), self.on_exit)
        return self.exit

    @_guarded
    def on_exit(self, _event: object) -> None:
        """Send the stop or limit that price reaches inside this bar."""
        found = self.exit
        if found is None:
            return
        order_id = self._record_legs(found.bar, filling=found.type)
        self.waiting_lots -= self.lots
        side, quantity = self._amount(-self.lots)
        make = self.order_factory.limit if found.type == LIMIT else self.order_factory.stop_market
        self._submit(
            order_id,
            make(self.book.instrument_id, side, quantity, self.book.price(found.price)),
        )

    def _record_legs(self, last: int, *, filling: str | None, status: str = "CANCELLED") -> int:
        """Record the stop and the limit of the position, in force up to a bar, inclusive.

        Each is sent at the close before the first bar in which it holds, and its price is the
        last one. Gives the order that fills, if any.
        """
        number = 0
        if self.bracket is None or self.exits is None:
            return number
        first = self.bracket.first_bar
        levels = self.exits.levels(self.bracket, first, last + 1)
        for type_, level, reason in zip((STOP, LIMIT), levels, (STOPPED, TARGET), strict=True):
            held = np.flatnonzero(~np.isnan(level))
            if held.size:
                order_id = self._record(
                    first + int(held[0]) - 1,
                    -self.lots,
                    reason,
                    "OPEN" if type_ == filling else status,
                    type_=type_,
                    price=float(level[held[-1]]),
                )
                number = order_id if type_ == filling else number
        return number

    @_guarded
    def on_order_filled(self, event: Any) -> None:  # noqa: ANN401 (the engine is untyped)
        """Record a fill and keep the account."""
        order = self.orders[self.sent[str(event.client_order_id)]]
        bar = self._fill_bar(order, int(event.ts_event))
        # Not as_double, which may be off in the last bit.
        qty = float(event.last_qty.as_decimal())
        price = float(event.last_px.as_decimal())
        fee = float(event.commission.as_decimal())
        found = None if order["type"] == "MARKET" else self.exit
        signed = qty if order["side"] == "BUY" else -qty
        if found is None and self.book.fills_at_close:
            ts = self.book.closes_ns[bar]
        else:
            ts = self.book.opens_ns[bar]
        self.executions.append(
            (
                bar,
                int(ts),
                found is not None,
                order["order_id"],
                len(self.executions) + 1,
                order["side"],
                qty,
                price,
                float(self.book.reference[bar]) if found is None else found.reference,
                fee,
            )
        )
        order["status"] = "FILLED"
        self._move(round(signed / self.lot), order, bar, price)
        self.cash -= signed * price * self.multiplier + fee
        if found is not None:
            self.exit = None
            self.signals.fell_to(bar, 0)
            self._await_signal(bar)
        is_over = self.book.fills_at_close and found is None
        self._watch_ruin(bar + 1 if is_over else bar)

    def _move(self, lots: int, order: dict[str, Any], bar: int, price: float) -> None:
        """Change the position, and its bracket where the side changes."""
        before = self.side
        if self.exits is not None and before not in {0, _sign(self.lots + lots)}:
            if order["type"] == "MARKET":
                self._record_legs(bar if self.book.fills_at_close else bar - 1, filling=None)
            self.bracket = None
        self.lots += lots
        self.waiting_lots -= lots
        if self.exits is not None and self.side not in {0, before}:
            self.bracket = self.exits.enter(
                side=self.side, signal_bar=order["bar"], entry_bar=bar, price=price
            )

    def _fill_bar(self, order: dict[str, Any], ts_ns: int) -> int:
        """Find the bar of a fill from the engine's time, and refuse any other moment."""
        if order["type"] != "MARKET" and self.exit is not None:
            bar = self.exit.bar
            expected = self.book.exit_fill_ns(bar)
        elif self.book.fills_at_close:
            bar, expected = order["bar"], int(self.book.closes_ns[order["bar"]])
        else:
            bar = order["bar"] + 1
            expected = int(self.book.quotes_ns[bar])
        if ts_ns != expected:
            raise ReconciliationError(
                f"Order {order['order_id']} of bar {order['bar']} filled at {ts_ns} ns, "
                f"not at {expected} ns."
            )
        return int(bar)

    def _watch_ruin(self, start: int) -> None:
        """Find the first close from a bar on, up to the next signal, at which equity is gone."""
        if self.ruined_bar is not None or (self.lots == 0 and self.cash > 0):
            return
        stop = self.signals.next_row(self.side, start)
        closes = self.book.close[start:stop]
        equity = self.cash + self.lots * self.lot * self.multiplier * closes
        gone = np.flatnonzero(equity <= 0)
        if gone.size:
            self._set_alert(start + int(gone[0]))

    def finish(self) -> None:
        """Record the stop and the limit of a position that is open at the end."""
        if self.lots:
            self._record_legs(len(self.book.close) - 1, filling=None, status="OPEN")

    @_guarded
    def on_order_rejected(self, event: Any) -> None:  # noqa: ANN401
        """Mark an order that the venue refused."""
        self._refused(event)

    @_guarded
    def on_order_denied(self, event: Any) -> None:  # noqa: ANN401
        """Mark an order that the engine's risk check refused."""
        self._refused(event)

    def _refused(self, event: Any) -> None:  # noqa: ANN401
        order = self.orders[self.sent[str(event.client_order_id)]]
        if order["type"] != "MARKET":
            raise ReconciliationError(
                f"The engine refused the exit of bar {order['bar']}: {event.reason}."
            )
        order["status"], order["reason"] = "REJECTED", str(event.reason)
        self.log_line(f"The order of bar {order['bar']} was refused: {event.reason}")
        self.waiting_lots = 0
        self.signals.fell_to(order["bar"] + 1, self.side)
        self._await_signal(order["bar"] + 1)
        self._watch_ruin(order["bar"] + 1)


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))
