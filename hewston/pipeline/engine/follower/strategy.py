"""The one strategy of ours that the engine runs: it follows a list of targets."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.book import Book
from hewston.pipeline.engine.exits import LIMIT, Bracket, Exit, Exits
from hewston.pipeline.engine.failures import guarded
from hewston.pipeline.engine.fees import Fees
from hewston.pipeline.engine.follower.orders import Fill, Orders
from hewston.pipeline.engine.reasons import BUYING_POWER, RUINED
from hewston.pipeline.engine.signals import Signals
from hewston.pipeline.engine.sizing import Sizing
from hewston.pipeline.errors import ReconciliationError
from hewston.pipeline.spec import RunSpec

_ROUNDING = 1e-12  # share by which floats may overstate what an order costs


class Follower(nautilus.Strategy):  # type: ignore[misc]  # the engine is untyped
    """Sends the orders that bring the position to each changed target, at that bar's close.

    It sets one time alert after another, only at closes of existing bars: any other timer would
    fill an order that waits for the next open at a price of yesterday. The one exception is an
    exit inside a bar, sent after that bar's open.
    """

    def __init__(self, config: object = None) -> None:  # noqa: ARG002 (the engine's own reads it)
        self.failures: list[BaseException] = []
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
        self.fees = Fees()
        self.fees.prepare(book.currency, spec, self.failures)
        self.orders = Orders(book, spec.instrument.lot)
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

    @guarded
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

    @guarded
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
        self.orders.record(bar, opening, BUYING_POWER, "REJECTED")
        return reverses

    def _send(self, bar: int, lots: int, reason: str | None) -> None:
        order_id = self.orders.record(bar, lots, reason, "OPEN")
        if not self.book.fills_at_close and bar + 1 == len(self.book.close):
            return  # no open follows; the engine would fill it at a quote of the past when it ends
        self.waiting_lots += lots
        side, quantity = self._amount(lots)
        self._submit(order_id, self.order_factory.market(self.book.instrument_id, side, quantity))

    def _amount(self, lots: int) -> tuple[Any, Any]:
        side = nautilus.OrderSide.BUY if lots > 0 else nautilus.OrderSide.SELL
        return side, self.book.quantity(self.orders.units(abs(lots)))

    def _submit(self, order_id: int, order: Any) -> None:  # noqa: ANN401 (the engine is untyped)
        self.orders.note_sent(order_id, str(order.client_order_id))
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

    @guarded
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

    @guarded
    def on_order_filled(self, event: Any) -> None:  # noqa: ANN401 (the engine is untyped)
        """Record a fill and keep the account."""
        fill = self.orders.record_fill(event, self.exit)
        self._move(round(fill.signed_qty / self.lot), fill)
        self.cash -= fill.signed_qty * fill.price * self.multiplier + fill.fee
        if fill.exit is not None:
            self.exit = None
            self.signals.fell_to(fill.bar, 0)
            self._await_signal(fill.bar)
        is_over = self.book.fills_at_close and fill.exit is None
        self._watch_ruin(fill.bar + 1 if is_over else fill.bar)

    def _move(self, lots: int, fill: Fill) -> None:
        """Change the position, and its bracket where the side changes."""
        before = self.side
        if self.exits is not None and before not in {0, _sign(self.lots + lots)}:
            if fill.order["type"] == "MARKET":
                last = fill.bar if self.book.fills_at_close else fill.bar - 1
                self._record_legs(last, filling=None)
            self.bracket = None
        self.lots += lots
        self.waiting_lots -= lots
        if self.exits is not None and self.side not in {0, before}:
            self.bracket = self.exits.enter(
                side=self.side,
                signal_bar=fill.order["bar"],
                entry_bar=fill.bar,
                price=fill.price,
            )

    def _record_legs(self, last: int, *, filling: str | None, status: str = "CANCELLED") -> int:
        """Record what holds of the position's bracket; gives the order that fills, 0 for none."""
        if self.bracket is None or self.exits is None:
            return 0
        return self.orders.record_legs(
            self.exits, self.bracket, self.lots, last, filling=filling, status=status
        )

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

    @guarded
    def on_order_rejected(self, event: Any) -> None:  # noqa: ANN401
        """Mark an order that the venue refused."""
        self._refused(event)

    @guarded
    def on_order_denied(self, event: Any) -> None:  # noqa: ANN401
        """Mark an order that the engine's risk check refused."""
        self._refused(event)

    def _refused(self, event: Any) -> None:  # noqa: ANN401
        order = self.orders.find_sent(event)
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
