"""One run of the engine: from bars and targets to executions and orders."""

import math
from collections.abc import Callable
from typing import Any

import polars as pl
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline import market, schemas
from hewston.pipeline.engine.book import Book
from hewston.pipeline.engine.configuration import configure
from hewston.pipeline.engine.exits import Exit, Exits
from hewston.pipeline.engine.follower import Follower, Orders
from hewston.pipeline.engine.instruments import VENUE
from hewston.pipeline.engine.result import EngineResult
from hewston.pipeline.errors import ReconciliationError
from hewston.pipeline.spec import RunSpec

_MOST_LINES = 20  # of one kind in a log
_SLICE_BARS = 8_000  # about a month of regular minutes between two looks at the cancel flag


def run_engine(
    *,
    bars: pl.DataFrame,
    targets: pl.DataFrame,
    spec: RunSpec,
    schedule: pl.DataFrame | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> EngineResult:
    """Fill the orders that follow from the targets.

    ``bars`` are the run's BARS; ``targets`` has one row a bar: ``target`` (units of the run's
    size, never null), ``changed`` (the follower acts on this row) and ``reason``, and what else
    of EXITS and RULES the strategy gave. ``schedule``
    lists the sessions that the bars are in, which end bars longer than a minute. ``progress``
    gets the share done between slices of about a month, and may raise to cancel.

    Raises InputError for what cannot be filled, ReconciliationError when the engine reports other
    orders than were sent, and whatever a callback raised.
    """
    quotes = market.price_quotes(bars, spec, log)
    closes_ns = market.close_times(bars, spec, schedule).to_physical().to_numpy()
    exits = Exits.of_signals(bars, targets, spec)
    costs = None if exits is None else market.price_costs(bars, spec, lambda _line: None)
    book = Book(bars, quotes, closes_ns, spec, costs=costs)
    follower = Follower(nautilus.StrategyConfig(strategy_id=nautilus.StrategyId("FOLLOWER-001")))
    follower.prepare(book, targets, spec, log, exits=exits)
    _log_contradictions(follower.signals.contradictions(), bars, log)
    engine = nautilus.BacktestEngine(configure())
    try:
        engine.add_venue(
            VENUE,
            nautilus.OmsType.NETTING,
            # A cash account refuses every short; margin has no limit, so the follower checks.
            nautilus.AccountType.MARGIN,
            [nautilus.Money(spec.starting_cash, book.currency)],
            base_currency=book.currency,
            fee_model=follower.fees,
            bar_execution=False,
            reject_stop_orders=False,  # one that arrives beyond its price fills, as at a gap
            latency_model=None if spec.fill_clock == "close" else nautilus.StaticLatencyModel(1),
        )
        engine.add_instrument(book.instrument)
        engine.add_strategy(follower)
        stage = Stage(engine, book, follower)
        for start in range(0, len(bars), _SLICE_BARS):
            stop = min(start + _SLICE_BARS, len(bars))
            if exits is None:
                stage.show(stop)
            else:
                stage.show_with_exits(start, stop)
            progress(stop / len(bars))
        engine.end()
        follower.raise_failure()
        _check_orders(engine, follower.orders)
        follower.finish()
        account = engine.cache.account_for_venue(VENUE)
        executions, orders = _number_by_bar(*_read_frames(follower.orders))
        return EngineResult(
            executions=executions,
            orders=orders,
            balance_total=float(account.balance_total(book.currency).as_double()),
            open_positions=tuple(
                (float(position.signed_qty), float(position.avg_px_open))
                for position in engine.cache.positions_open()
            ),
            ruined_bar=follower.ruined_bar,
            targets=follower.signals.targets(),
        )
    finally:
        engine.dispose()


class Stage:
    """Shows the engine the market, as far as is known what it must look like."""

    def __init__(self, engine: Any, book: Book, follower: Follower) -> None:  # noqa: ANN401
        self._engine, self._book, self._follower = engine, book, follower
        self._bars = len(book.close)
        self._shown = 0  # bars whose quotes were shown

    def show(self, stop: int) -> None:
        """Show the quotes of bars up to ``stop``, exclusive."""
        ticks = self._book.quote_ticks(self._shown, stop)
        self._shown = stop
        self._run(ticks)

    def _settle(self, stop: int) -> None:
        """Show bars up to ``stop``, exclusive, until the position inside the next bar is known.

        Where orders fill at the close, that is only once time has passed it: with the same quote
        again, just after it.
        """
        if not self._book.fills_at_close:
            self.show(stop)
            return
        ticks = self._book.quote_ticks(self._shown, stop)
        self._shown = stop
        if ticks:
            after = int(self._book.closes_ns[stop - 1]) + 1
            self._run([*ticks, self._book.repeat_quote(ticks[-1], after)])

    def _exit(self, found: Exit) -> None:
        """Show the bars before an exit, and then the quote that it fills at."""
        book = self._book
        stop = found.bar + (not book.fills_at_close)
        ticks = [*book.quote_ticks(self._shown, stop), book.exit_quote(found)]
        self._shown = stop
        if book.fills_at_close:
            ticks.append(book.repeat_quote(ticks[-1], book.exit_fill_ns(found.bar) + 1))
        self._run(ticks)
        if self._follower.lots:
            raise ReconciliationError(
                f"The {found.type} at {found.price} inside bar {found.bar} did not fill."
            )

    def _run(self, ticks: list[Any]) -> None:
        if ticks:
            # Time ends with the last quote, which may come before the last close: go on to that.
            last = max(int(self._book.closes_ns[-1]), int(ticks[-1].ts_init))
            end = last if self._shown == self._bars else None
            self._engine.add_data(ticks)
            self._engine.run(end=end, streaming=True)
            self._engine.clear_data()
        self._follower.raise_failure()

    def show_with_exits(self, start: int, stop: int) -> None:
        """Show bars ``start`` to ``stop``, exclusive, and every exit inside them.

        Which stop or limit is in force follows from the position, so the engine pauses where that
        may change: at the open after each signal, or at its close, and after each exit.
        """
        follower, opens = self._follower, not self._book.fills_at_close
        bar = start
        while bar < stop:
            if opens and self._shown == bar:
                self._settle(bar + 1)  # what waited for this open has filled
            held_to = min(follower.next_close(bar) + 1, stop)
            found = follower.find_exit(bar, held_to)
            if found is None:
                self._settle(held_to)
                bar = held_to
            else:
                self._exit(found)
                bar = found.bar


def _log_contradictions(rows: list[int], bars: pl.DataFrame, log: Callable[[str], None]) -> None:
    for row in rows[:_MOST_LINES]:
        log(
            f"long_condition and short_condition both rise at bar {row} "
            f"({bars['ts_open'][row]:%Y-%m-%d %H:%M} UTC): neither opens."
        )
    if len(rows) > _MOST_LINES:
        log(f"They both rise at {len(rows) - _MOST_LINES:,} more bars.")


def _read_frames(orders: Orders) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [tuple(order.values()) for order in orders.rows]
    return (
        pl.DataFrame(orders.executions, schema=schemas.EXECUTIONS, orient="row", strict=True),
        pl.DataFrame(rows, schema=schemas.ORDERS, orient="row", strict=True),
    )


def _number_by_bar(
    executions: pl.DataFrame, orders: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put orders in the order of their bars; a stop is known whole only when it ends."""
    if orders["bar"].is_sorted():
        return executions, orders
    orders = orders.sort("bar", maintain_order=True)
    numbers = pl.int_range(1, len(orders) + 1, dtype=pl.UInt32, eager=True)
    return (
        executions.with_columns(pl.col("order_id").replace_strict(orders["order_id"], numbers)),
        orders.with_columns(order_id=numbers),
    )


def _check_orders(engine: Any, orders: Orders) -> None:  # noqa: ANN401 (the engine is untyped)
    reported = sorted(str(order.client_order_id) for order in engine.cache.orders())
    if reported != sorted(orders.sent):
        raise ReconciliationError(
            f"{len(orders.sent)} orders were sent but the engine reports {len(reported)}."
        )
    lost = [n for n in orders.sent.values() if orders.rows[n]["status"] == "OPEN"]
    if lost:
        raise ReconciliationError(
            f"{len(lost)} orders were sent and neither filled nor refused, the first at bar "
            f"{orders.rows[lost[0]]['bar']}."
        )
    filled = sum(float(order.filled_qty.as_double()) for order in engine.cache.orders())
    recorded = math.fsum(execution[6] for execution in orders.executions)
    if not math.isclose(filled, recorded, rel_tol=1e-12, abs_tol=1e-9):
        raise ReconciliationError(f"The engine filled {filled} units but {recorded} were recorded.")
