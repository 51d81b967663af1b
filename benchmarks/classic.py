"""The peer: the same orders on nautilus_trader's classic (Cython) BacktestEngine."""

import dataclasses
import decimal
import time
from typing import Any

import polars as pl
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import LatencyModel, MakerTakerFeeModel
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.currencies import Currency
from nautilus_trader.model.data import Bar, BarType, QuoteTick
from nautilus_trader.model.enums import AccountType, CurrencyType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from hewston.pipeline import market
from hewston.pipeline.spec import RunSpec

_BAR_SIZE = Quantity.from_int(1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicResult:
    """Fills as (ts_ns, side, qty, price, fee), the end balance, the seconds of ``run`` alone."""

    fills: list[tuple[int, str, float, float, float]]
    balance_total: float
    seconds: float


class _Sender(Strategy):  # type: ignore[misc]  # the engine is untyped
    """Sends the given orders as the bars close."""

    def __init__(self, bar_type: BarType, orders: dict[int, tuple[str, float]]) -> None:
        super().__init__()
        self.bar_type, self.orders = bar_type, orders
        self.fills: list[tuple[int, str, float, float, float]] = []

    def on_start(self) -> None:
        """Listen to the bars."""
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar: Bar) -> None:
        """Send the order of this bar's close, if there is one."""
        if bar.ts_init in self.orders:
            side, qty = self.orders[bar.ts_init]
            order = self.order_factory.market(
                self.bar_type.instrument_id,
                OrderSide.BUY if side == "BUY" else OrderSide.SELL,
                Quantity(qty, 0),
            )
            self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:  # noqa: ANN401 (the engine is untyped)
        """Keep the fill."""
        side = "BUY" if event.order_side == OrderSide.BUY else "SELL"
        self.fills.append(
            (
                event.ts_event,
                side,
                event.last_qty.as_double(),
                event.last_px.as_double(),
                event.commission.as_double(),
            )
        )


def run_classic(bars: pl.DataFrame, orders: pl.DataFrame, spec: RunSpec) -> ClassicResult:
    """Send ORDERS that are not rejected over BARS, with the spec's quotes and fees_bps.

    Only for an instrument with lot 1 and multiplier 1, and without ``fee_per_unit``.
    """
    precision = spec.instrument.price_precision
    currency = Currency("USD", 8, 840, "US dollar", CurrencyType.FIAT)
    venue = Venue("SIM")
    name = InstrumentId(Symbol("INSTRUMENT"), venue)
    instrument = Equity(
        name,
        Symbol("INSTRUMENT"),
        currency,
        precision,
        Price(10.0**-precision, precision),
        _BAR_SIZE,
        0,
        0,
        maker_fee=decimal.Decimal(str(spec.slippage_fees.fees_bps)) / 10_000,
        taker_fee=decimal.Decimal(str(spec.slippage_fees.fees_bps)) / 10_000,
    )
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    next_open = spec.fill_clock == "next_open"
    engine.add_venue(
        venue,
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(spec.starting_cash, currency)],
        base_currency=currency,
        fee_model=MakerTakerFeeModel(),
        bar_execution=False,
        latency_model=LatencyModel(1) if next_open else None,
    )
    engine.add_instrument(instrument)
    bar_type = BarType.from_str(f"{name}-1-MINUTE-LAST-EXTERNAL")
    closes = market.close_times(bars, spec).to_physical().to_numpy()
    opens = bars["ts_open"].to_physical().to_numpy()
    quotes = market.price_quotes(bars, spec, lambda _line: None)
    size = Quantity(10**9, 0)
    ticks = [
        QuoteTick(name, Price(bid, precision), Price(ask, precision), size, size, ts, ts)
        for bid, ask, ts in zip(
            quotes["bid"],
            quotes["ask"],
            (opens + 1 if next_open else closes - 1).tolist(),
            strict=True,
        )
    ]
    prices = bars.select("open", "high", "low", "close").to_numpy()
    engine.add_data(ticks)
    engine.add_data(
        [
            Bar(bar_type, *(Price(value, precision) for value in row), _BAR_SIZE, ts, ts)
            for row, ts in zip(prices, closes.tolist(), strict=True)
        ]
    )
    sent = orders.filter(pl.col("status") == "FILLED")
    by_close = {
        int(closes[bar]): (str(side), float(qty))
        for bar, side, qty in zip(sent["bar"], sent["side"], sent["qty"], strict=True)
    }
    sender = _Sender(bar_type, by_close)
    engine.add_strategy(sender)
    start = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - start
    balance = float(engine.cache.account_for_venue(venue).balance_total(currency).as_double())
    engine.dispose()
    return ClassicResult(
        fills=sender.fills,
        balance_total=balance,
        seconds=seconds,
    )
