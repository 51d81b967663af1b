"""Shows the engine one bar after the other, and the path inside each as far as orders rest there.

Price moves from the open to the extreme nearer to it, then to the other, then to the close. A
resting order is met at its own price on that path; a market order pays the cost on top of the
print where the path stands, and so does a stop, which becomes one.
"""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.fees import Fees
from hewston.pipeline.engine.inside.form import CLOSE, INSIDE, OPEN
from hewston.pipeline.engine.inside.market import Market
from hewston.pipeline.engine.inside.silent import make_engine
from hewston.pipeline.engine.inside.traded import Record
from hewston.pipeline.engine.instruments import VENUE
from hewston.pipeline.engine.reasons import RUINED

type Sides = frozenset[bool]

BUYS, SELLS = True, False
BOTH, NEITHER = frozenset({BUYS, SELLS}), frozenset[bool]()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Played:
    """What came of it: the engine's orders, the record of the run, and how the account stands."""

    orders: list[Any]
    record: Record
    balance: float
    position: tuple[float, float] | None  # signed quantity, average open price
    ruined_bar: int | None


def play(
    market: Market,
    make: Callable[[Record], type],
    params: Mapping[str, Any],
    context: Mapping[str, Any],
) -> Played:
    """Run an author's class over the market; raises what it raised."""
    record = Record()
    fees = Fees()
    fees.prepare(market.currency, market.spec, record.failures)
    engine = make_engine()
    engine.add_venue(
        VENUE,
        nautilus.OmsType.NETTING,
        # A cash account refuses every short; margin has no limit, so orders are checked before.
        nautilus.AccountType.MARGIN,
        [nautilus.Money(market.spec.starting_cash, market.currency)],
        base_currency=market.currency,
        fee_model=fees,
        bar_execution=False,
        reject_stop_orders=False,  # one that arrives beyond its price fills, as at a gap
        # An order takes a nanosecond, so that it meets the quote that comes next.
        latency_model=nautilus.StaticLatencyModel(0, 1),
    )
    engine.add_instrument(market.instrument)
    strategy = _build(make(record), market, params, context)
    engine.add_strategy(strategy)
    stage = Stage(engine, market, record, strategy)
    stage.play()
    record.raise_failure()
    account = engine.cache.account_for_venue(VENUE)
    open_ = engine.cache.positions_open()
    return Played(
        orders=engine.cache.orders(),
        record=record,
        balance=float(account.balance_total(market.currency).as_double()),
        position=(float(open_[0].signed_qty), float(open_[0].avg_px_open)) if open_ else None,
        ruined_bar=stage.ruined_bar,
    )


def _build(
    kind: Any,  # noqa: ANN401 (the author's)
    market: Market,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
) -> Any:  # noqa: ANN401
    """Make the strategy; it has ``params`` and ``context`` before its own __init__ begins."""
    config = nautilus.StrategyConfig(strategy_id=nautilus.StrategyId("STRATEGY-001"))
    strategy = kind.__new__(kind, config)
    strategy.params = dict(params)
    strategy.context = {
        **context,
        "instrument_id": market.instrument_id,
        "bar_type": market.bar_type,
        "size_precision": market.size_precision,
    }
    strategy._leverage = market.spec.max_leverage  # noqa: SLF001 (a class made here)
    strategy._multiplier = market.spec.instrument.multiplier  # noqa: SLF001
    if kind.__init__ is not nautilus.Strategy.__init__:
        takes = len(inspect.signature(kind.__init__).parameters) > 1
        strategy.__init__(*[config] if takes else [])
    return strategy


class Stage:
    """Where the market stands, and what comes next."""

    def __init__(
        self,
        engine: Any,  # noqa: ANN401 (the engine is untyped)
        market: Market,
        record: Record,
        strategy: Any,  # noqa: ANN401
    ) -> None:
        self._engine, self._market, self._record = engine, market, record
        self._strategy, self._cache = strategy, engine.cache
        self._ts = 0  # of what was shown last
        self._quoted: tuple[float, float] | None = None  # bid and ask, as shown last
        record.cash = market.spec.starting_cash
        self.ruined_bar: int | None = None
        self._fills_at_close = market.spec.fill_clock == "close"

    def play(self) -> None:
        """Show every bar."""
        market, record = self._market, self._record
        for row in range(market.count):
            record.bar = row
            if row >= market.first:
                self._show_inside(row)
            record.may_trade = row >= market.first
            self._show_bar(row)
            if row >= market.first:
                self._look_at_equity(row)
                self._fill_at_close(row)

    def _fill_at_close(self, row: int) -> None:
        """Show the close to the orders that were sent at it, where that is what they fill at."""
        market = self._market
        if self._fills_at_close and self._cache.orders_inflight_count():
            close, cost = market.close[row], market.costs[row]
            paying = self._find_paying(close)
            self._show(close, cost, CLOSE, market.closes_ns[row] + 1, paying)
            self._settle(close, cost, CLOSE)

    def _show_bar(self, row: int) -> None:
        """Show a bar to the strategy, at its close."""
        market, record = self._market, self._record
        record.moment, record.reference = CLOSE, market.close[row]
        record.closed, record.shown_ns = row, None
        self._run(market.bar(row), market.closes_ns[row])

    def _show_inside(self, row: int) -> None:
        """Show the open to what waits for it, and the path to what rests."""
        market = self._market
        opened, cost = market.open[row], market.costs[row]
        ts = max(market.opens_ns[row], self._ts) + 1  # what was sent on the last fill has arrived
        if not self._cache.orders_inflight_count() and not self._cache.orders_open_count():
            if self._quoted is None:
                self._show(opened, cost, OPEN, ts, BOTH)
            return
        paying = self._find_paying(opened) | self._move_limits(opened)
        self._show(opened, cost, OPEN, ts, paying)
        self._settle(opened, cost, OPEN)
        if not self._cache.orders_open_count():
            return
        if self._quoted != (opened, opened):
            self._move_limits(opened)  # those that were under way
            self._show(opened, 0.0, OPEN, self._ts + 1, NEITHER)  # what limits are met at
            self._settle(opened, cost, OPEN)
        at = opened
        for turn in market.turns(row):
            at = self._walk(row, at, turn)

    def _find_paying(self, print_: float) -> Sides:
        """Give the sides of what is under way and takes the market at a print, once it is there."""
        found = set()
        for order in self._cache.orders_inflight():
            price, is_stop = read_level(order)
            side = 1 if order.is_buy else -1
            beyond = 0.0 if price is None else side * (print_ - float(price))
            if price is None or (beyond >= 0 if is_stop else beyond <= 0):
                found.add(bool(order.is_buy))
        return frozenset(found)

    def _settle(self, print_: float, cost: float, moment: int) -> None:
        """Show the same print until what was sent on the fills at it has arrived and filled.

        What an entry that rests brings with it is under way for as long as that rests.
        """
        before: set[str] = set()
        while self._cache.orders_inflight_count():
            waiting = {str(order.client_order_id) for order in self._cache.orders_inflight()}
            if waiting == before:
                return
            before = waiting
            self._show(print_, cost, moment, self._ts + 1, self._find_paying(print_))

    def _walk(self, row: int, at: float, turn: float) -> float:
        """Go from a price to another, and show every price on the way at which an order rests."""
        direction = (turn > at) - (turn < at)
        while self._cache.orders_open_count():
            level = self._next_level(at, turn, direction)
            price = turn if level is None else level.price
            cost = self._market.costs[row]
            paying = NEITHER if level is None else level.paying
            self._show(price, cost, INSIDE, self._ts + 1, paying)
            self._settle(price, cost, INSIDE)
            if level is None:
                break
            at = price
        return turn

    def _next_level(self, at: float, turn: float, direction: int) -> "Level | None":
        """Find the nearest price ahead at which an order rests, up to the turn."""
        resting: dict[float, set[bool]] = {}  # by price, the sides of the stops there
        for order in self._cache.orders_open():
            price, is_stop = read_level(order)
            if (
                price is not None
                and direction * (float(price) - at) > 0
                and direction * (turn - float(price)) >= 0
            ):
                resting.setdefault(float(price), set()).update([order.is_buy] if is_stop else [])
        if not resting:
            return None
        nearest = min(resting, key=lambda price: abs(price - at))
        return Level(nearest, frozenset(resting[nearest]))

    def _move_limits(self, opened: float) -> Sides:
        """Move limits that the bar opens beyond to that open; gives sides of stops beyond it."""
        is_moved = self._market.spec.limit_gap == "open"
        gapped, moves = set(), False
        for order in self._cache.orders_open():
            price, is_stop = read_level(order)
            if price is None:
                continue
            beyond = (opened - float(price)) * (1 if order.is_buy else -1)
            if is_stop:
                gapped |= {bool(order.is_buy)} if beyond >= 0 else set()
            elif is_moved and beyond < 0:
                moves = True
                self._strategy.modify_order(order.client_order_id, price=self._market.price(opened))
        if moves:
            self._deliver()
        return frozenset(gapped)

    def _deliver(self) -> None:
        """Have arrive what was sent outside of a callback, and nothing that waits for a quote.

        For that the last quote is shown again, at its time.
        """
        if self._quoted is not None:
            self._run(self._market.quote(*self._quoted, self._ts), self._ts)

    def _show(self, print_: float, cost: float, moment: int, ts: int, paying: Sides) -> None:
        """Show a print, and the cost beside it on the sides that pay it now.

        Not on the other: an order that rests there is met at its price and not before.
        """
        record = self._record
        record.moment, record.reference, record.shown_ns = moment, print_, ts
        self._quoted = (
            print_ - cost if SELLS in paying else print_,
            print_ + cost if BUYS in paying else print_,
        )
        self._run(self._market.quote(*self._quoted, ts), ts)

    def _run(self, shown: Any, ts: int) -> None:  # noqa: ANN401
        self._ts = ts
        self._engine.add_data([shown])
        self._engine.run(streaming=True)
        self._engine.clear_data()
        self._record.raise_failure()

    def _look_at_equity(self, row: int) -> None:
        """End trading where nothing is left."""
        record, market = self._record, self._market
        value = record.position * market.close[row] * market.spec.instrument.multiplier
        if self.ruined_bar is not None or record.cash + value > 0:
            return
        self.ruined_bar = row
        self._strategy.cancel_all_orders(market.instrument_id)
        if record.position:
            self._strategy.close_all_positions(market.instrument_id, tags=[RUINED])
        self._deliver()
        record.is_ruined = True


@dataclasses.dataclass(frozen=True)
class Level:
    """A price at which an order rests, and the sides that pay the cost of a market order there."""

    price: float
    paying: Sides


def read_level(order: Any) -> tuple[Any, bool]:  # noqa: ANN401
    """Give the price at which a resting order is met, and whether it is a stop."""
    trigger = getattr(order, "trigger_price", None)
    return (getattr(order, "price", None), False) if trigger is None else (trigger, True)
