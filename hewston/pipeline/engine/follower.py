"""The one strategy of ours that the engine runs: it follows a list of targets.

Exceptions inside the engine's callbacks vanish without a word, so every callback is guarded: the
first exception is kept, nothing more is done, and ``raise_failure`` raises it after the run.
"""

import functools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.book import MONEY_PRECISION, QUOTE_SIZE, Book
from hewston.pipeline.errors import InputError, ReconciliationError
from hewston.pipeline.spec import RunSpec

BUYING_POWER = "buying_power"
RUINED = "ruined"
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
    fill an order that waits for the next open at a price of yesterday.
    """

    def __init__(self, config: object = None) -> None:  # noqa: ARG002 (the engine's own reads it)
        self.failures: list[BaseException] = []
        self.executions: list[tuple[Any, ...]] = []
        self.orders: list[dict[str, Any]] = []
        self.sent: dict[str, int] = {}  # the engine's order id → our index
        self.ruined_bar: int | None = None

    def prepare(
        self, book: Book, targets: pl.DataFrame, spec: RunSpec, log: Callable[[str], None]
    ) -> None:
        """Take what the run is made of; ``targets`` as in ``run_engine``."""
        self.book = book
        self.log_line = log
        self.fees = _Fees()
        self.fees.prepare(book, spec, self.failures)
        instrument = spec.instrument
        self.lot, self.multiplier = instrument.lot, instrument.multiplier
        self.max_leverage = spec.max_leverage
        self.lots = 0  # position, in lots
        self.cash = spec.starting_cash
        changed = targets["changed"].to_numpy()
        self.signal_bars: list[int] = np.flatnonzero(changed).tolist()
        chosen = targets.filter(pl.col("changed"))
        self.signal_lots = [
            _whole_lots(target * spec.size / instrument.lot) for target in chosen["target"]
        ]
        self.signal_targets = chosen["target"].to_list()
        self.reasons = chosen["reason"].to_list()
        largest = max((abs(lots) for lots in self.signal_lots), default=0) * instrument.lot
        if 2 * largest >= QUOTE_SIZE:
            raise InputError(
                f"The strategy asks for a position of {largest:g} units; at most "
                f"{QUOTE_SIZE // 2:g} can be filled.",
                field="size",
            )
        self.next_signal = 0
        self.logged_zero = False
        self.alerts: set[int] = set()  # bars whose close is awaited

    def raise_failure(self) -> None:
        """Raise what a callback raised, if anything."""
        if self.failures:
            raise self.failures[0]

    @_guarded
    def on_start(self) -> None:
        """Wait for the first signal."""
        self._await_signal()

    def _set_alert(self, bar: int) -> None:
        """Wait for the close of a bar, once."""
        if bar not in self.alerts:
            self.alerts.add(bar)
            self.clock.set_time_alert_ns(
                str(bar), int(self.book.closes_ns[bar]), functools.partial(self.on_close, bar)
            )

    def _await_signal(self) -> None:
        if self.next_signal < len(self.signal_bars):
            self._set_alert(self.signal_bars[self.next_signal])

    @_guarded
    def on_close(self, bar: int, _event: object) -> None:
        """Act at the close of one bar."""
        self.alerts.discard(bar)
        if self.ruined_bar is not None:
            return
        if self._equity(bar) <= 0:
            self._ruin(bar)
            return
        if self.next_signal < len(self.signal_bars) and bar == self.signal_bars[self.next_signal]:
            index = self.next_signal
            self.next_signal += 1
            self._await_signal()
            if not self._follow(bar, index):
                self._watch_ruin(bar + 1)  # nothing will fill, so no fill will look further

    def _equity(self, bar: int) -> float:
        return float(self.cash + self.lots * self.lot * self.book.close[bar] * self.multiplier)

    def _ruin(self, bar: int) -> None:
        self.ruined_bar = bar
        self.log_line(f"Equity is at or below 0 at bar {bar}: no more orders.")
        if self.lots:
            self._send(bar, -self.lots, RUINED)

    def _follow(self, bar: int, index: int) -> bool:
        """Send what a signal asks for; False when nothing was sent."""
        wanted, reason = self.signal_lots[index], self.reasons[index]
        if wanted == 0 and self.signal_targets[index] != 0 and not self.logged_zero:
            self.logged_zero = True
            self.log_line(f"A target at bar {bar} is less than one lot: no order.")
        if wanted == self.lots:
            return False
        price = self.book.close[bar]
        limit = self.max_leverage * self._equity(bar)
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

    def _record(self, bar: int, lots: int, reason: str | None, status: str) -> int:
        order_id = len(self.orders) + 1
        self.orders.append(
            {
                "bar": bar,
                "ts": int(self.book.closes_ns[bar]),
                "order_id": order_id,
                "side": "BUY" if lots > 0 else "SELL",
                "qty": self._units(abs(lots)),
                "type": "MARKET",
                "time_in_force": "GTC",
                "price": None,
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
        order = self.order_factory.market(
            self.book.instrument_id,
            nautilus.OrderSide.BUY if lots > 0 else nautilus.OrderSide.SELL,
            self.book.quantity(self._units(abs(lots))),
        )
        self.sent[str(order.client_order_id)] = order_id - 1
        self.submit_order(order)

    @_guarded
    def on_order_filled(self, event: Any) -> None:  # noqa: ANN401 (the engine is untyped)
        """Record a fill and keep the account."""
        order = self.orders[self.sent[str(event.client_order_id)]]
        bar = self._fill_bar(order, int(event.ts_event))
        # Not as_double, which may be off in the last bit.
        qty = float(event.last_qty.as_decimal())
        price = float(event.last_px.as_decimal())
        fee = float(event.commission.as_decimal())
        signed = qty if order["side"] == "BUY" else -qty
        self.lots += round(signed / self.lot)
        self.cash -= signed * price * self.multiplier + fee
        ts = self.book.closes_ns[bar] if self.book.fills_at_close else self.book.opens_ns[bar]
        self.executions.append(
            (
                bar,
                int(ts),
                False,
                order["order_id"],
                len(self.executions) + 1,
                order["side"],
                qty,
                price,
                float(self.book.reference[bar]),
                fee,
            )
        )
        order["status"] = "FILLED"
        self._watch_ruin(bar + 1 if self.book.fills_at_close else bar)

    def _fill_bar(self, order: dict[str, Any], ts_ns: int) -> int:
        """Find the bar of a fill from the engine's time, and refuse any other moment."""
        if self.book.fills_at_close:
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
        if self.ruined_bar is not None:
            return
        signals = self.signal_bars
        stop = signals[self.next_signal] if self.next_signal < len(signals) else None
        closes = self.book.close[start:stop]
        equity = self.cash + self.lots * self.lot * self.multiplier * closes
        gone = np.flatnonzero(equity <= 0)
        if gone.size:
            self._set_alert(start + int(gone[0]))

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
        order["status"], order["reason"] = "REJECTED", str(event.reason)
        self.log_line(f"Order {order['order_id']} was refused: {event.reason}")
        self._watch_ruin(order["bar"] + 1)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _whole_lots(lots: float) -> int:
    """Round toward zero, but take 2.9999999999999996 for the 3 that was meant."""
    nearest = round(lots)
    return nearest if math.isclose(lots, nearest, rel_tol=1e-9, abs_tol=1e-9) else math.trunc(lots)
