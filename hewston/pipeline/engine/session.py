"""One run of the engine: from bars and targets to executions and orders."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import polars as pl
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline import market, schemas
from hewston.pipeline.engine.book import VENUE, Book
from hewston.pipeline.engine.follower import Follower
from hewston.pipeline.errors import ReconciliationError
from hewston.pipeline.spec import RunSpec

_SLICE_BARS = 8_000  # about a month of regular minutes between two looks at the cancel flag


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineResult:
    """What the engine did: EXECUTIONS and ORDERS, and its own account to reconcile with.

    ``open_positions`` holds (signed quantity, average open price); ``ruined_bar`` is the bar at
    whose close equity was at or below 0, if any.
    """

    executions: pl.DataFrame
    orders: pl.DataFrame
    balance_total: float
    open_positions: tuple[tuple[float, float], ...]
    ruined_bar: int | None


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
    size, never null), ``changed`` (the follower acts on this row) and ``reason``. ``schedule``
    lists the sessions that the bars are in, which end bars longer than a minute. ``progress``
    gets the share done between slices of about a month, and may raise to cancel.

    Raises InputError for what cannot be filled, ReconciliationError when the engine reports other
    orders than were sent, and whatever a callback raised.
    """
    quotes = market.price_quotes(bars, spec, log)
    closes_ns = market.close_times(bars, spec, schedule).to_physical().to_numpy()
    book = Book(bars, quotes, closes_ns, spec)
    follower = Follower(nautilus.StrategyConfig(strategy_id=nautilus.StrategyId("FOLLOWER-001")))
    follower.prepare(book, targets, spec, log)
    engine = nautilus.BacktestEngine(
        nautilus.BacktestEngineConfig(
            bypass_logging=True,
            run_analysis=False,
            # Its equity curve sets a timer at each UTC midnight, and any timer fills an order
            # that waits for the next open, at a price from before the gap.
            portfolio=nautilus.PortfolioConfig(equity_curve=False),
            logging=nautilus.LoggerConfig(
                stdout_level=nautilus.LogLevel.OFF, bypass_logging=True, print_config=False
            ),
        )
    )
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
            latency_model=None if spec.fill_clock == "close" else nautilus.StaticLatencyModel(1),
        )
        engine.add_instrument(book.instrument)
        engine.add_strategy(follower)
        for start in range(0, len(bars), _SLICE_BARS):
            stop = min(start + _SLICE_BARS, len(bars))
            engine.add_data(book.quote_ticks(start, stop))
            # Time ends with the last quote, which comes before the last close: go on to that.
            last_close = int(closes_ns[-1]) if stop == len(bars) else None
            engine.run(end=last_close, streaming=True)
            engine.clear_data()
            follower.raise_failure()
            progress(stop / len(bars))
        engine.end()
        follower.raise_failure()
        _check_orders(engine, follower)
        account = engine.cache.account_for_venue(VENUE)
        return EngineResult(
            executions=pl.DataFrame(
                follower.executions, schema=schemas.EXECUTIONS, orient="row", strict=True
            ),
            orders=pl.DataFrame(
                [tuple(order.values()) for order in follower.orders],
                schema=schemas.ORDERS,
                orient="row",
                strict=True,
            ),
            balance_total=float(account.balance_total(book.currency).as_double()),
            open_positions=tuple(
                (float(position.signed_qty), float(position.avg_px_open))
                for position in engine.cache.positions_open()
            ),
            ruined_bar=follower.ruined_bar,
        )
    finally:
        engine.dispose()


def _check_orders(engine: Any, follower: Follower) -> None:  # noqa: ANN401 (the engine is untyped)
    reported = sorted(str(order.client_order_id) for order in engine.cache.orders())
    if reported != sorted(follower.sent):
        raise ReconciliationError(
            f"{len(follower.sent)} orders were sent but the engine reports {len(reported)}."
        )
    lost = [n for n in follower.sent.values() if follower.orders[n]["status"] == "OPEN"]
    if lost:
        raise ReconciliationError(
            f"{len(lost)} orders were sent and neither filled nor refused, the first at bar "
            f"{follower.orders[lost[0]]['bar']}."
        )
    filled = sum(float(order.filled_qty.as_double()) for order in engine.cache.orders())
    recorded = math.fsum(execution[6] for execution in follower.executions)
    if not math.isclose(filled, recorded, rel_tol=1e-12, abs_tol=1e-9):
        raise ReconciliationError(f"The engine filled {filled} units but {recorded} were recorded.")
