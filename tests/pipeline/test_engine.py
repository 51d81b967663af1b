"""The Rust engine follows targets: when, at what price, and what it refuses."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.classic import run_classic
from hewston.pipeline import accounting, market
from hewston.pipeline.engine import fees, follower, session
from hewston.pipeline.engine.session import run_engine
from hewston.pipeline.errors import CancelledError, InputError, ReconciliationError
from hewston.pipeline.spec import FillClock, Instrument, RunSpec, SlippageFees
from hewston.pipeline.strategies import contract, sma_crossover
from tests.pipeline.frames import START, make_bars, make_spec, make_targets, random_bars

CLOCKS: tuple[FillClock, ...] = ("close", "next_open")


def at(minute: int) -> dt.datetime:
    return START + dt.timedelta(minutes=minute)


def test_a_market_order_fills_at_the_close_plus_half_the_spread() -> None:
    bars = make_bars([150, 150], [150.02, 150.10], spreads=[0.024074, 0.02])
    spec = make_spec(fill_clock="close", slippage_fees=SlippageFees(k_spread=0.5, fees_bps=1))
    result = run_engine(bars=bars, targets=make_targets([1, 1]), spec=spec)
    assert result.executions.select("bar", "ts", "side", "price", "reference_price").row(0) == (
        0,
        at(1),
        "BUY",
        150.032037,
        150.02,
    )
    assert result.executions["fee"][0] == pytest.approx(150.032037 / 10_000, abs=1e-8)


def test_an_order_waits_for_the_next_open_and_pays_that_bars_spread() -> None:
    bars = make_bars([150, 150.02, 151], [150.02, 150.5, 151], spreads=[0.02, 0.0258, 0.04])
    spec = make_spec(slippage_fees=SlippageFees(k_spread=0.5, fees_bps=0))
    result = run_engine(bars=bars, targets=make_targets([1, 1, 1]), spec=spec)
    assert result.executions.select("bar", "ts", "price").rows() == [(1, at(1), 150.0329)]


def test_an_order_sent_before_a_gap_fills_at_the_open_after_it_and_not_before() -> None:
    bars = make_bars([100, 101, 107], [100, 101, 107], minutes=[0, 1, 1441])
    result = run_engine(bars=bars, targets=make_targets([0, 1, -1]), spec=make_spec())
    assert result.executions.select("bar", "ts", "price").rows() == [(2, at(1441), 107.0)]


def test_an_order_of_the_last_bar_has_no_next_open_and_stays_open() -> None:
    bars = make_bars([100, 101], [100, 101])
    result = run_engine(bars=bars, targets=make_targets([0, 1]), spec=make_spec())
    assert result.executions.is_empty()
    assert result.orders.select("bar", "status", "qty").rows() == [(1, "OPEN", 1.0)]
    assert result.balance_total == 100_000


def test_an_order_of_the_last_bar_fills_at_its_close() -> None:
    bars = make_bars([100, 101], [100, 101.5])
    result = run_engine(bars=bars, targets=make_targets([0, 1]), spec=make_spec(fill_clock="close"))
    assert result.executions.select("bar", "ts", "price").rows() == [(1, at(2), 101.5)]


def test_slippage_ticks_and_fees_per_unit_are_paid_on_each_side() -> None:
    bars = make_bars([100, 100, 100], [100, 110, 110])
    costs = SlippageFees(k_spread=0, slippage_ticks=3, fees_bps=2, fee_per_unit=0.005)
    spec = make_spec(fill_clock="close", slippage_fees=costs, size=200)
    result = run_engine(bars=bars, targets=make_targets([1, 0, 0]), spec=spec)
    prices, fees = result.executions["price"].to_list(), result.executions["fee"].to_list()
    assert prices == [100.03, 109.97]
    assert fees == pytest.approx([200 * (100.03 * 0.0002 + 0.005), 200 * (109.97 * 0.0002 + 0.005)])
    assert result.balance_total == pytest.approx(
        100_000 + 200 * (109.97 - 100.03) - sum(fees), abs=1e-6
    )


def test_a_reversal_is_one_order_of_both_quantities() -> None:
    bars = make_bars([100] * 3, [100] * 3)
    result = run_engine(
        bars=bars, targets=make_targets([1, -1, -1]), spec=make_spec(fill_clock="close", size=7)
    )
    assert result.orders.select("side", "qty").rows() == [("BUY", 7.0), ("SELL", 14.0)]


def test_a_target_is_rounded_toward_zero_to_a_lot_and_less_than_one_is_no_order() -> None:
    bars = make_bars([100] * 5, [100] * 5)
    lines: list[str] = []
    result = run_engine(
        bars=bars,
        targets=make_targets([0.6, 1.9, 1.2, -0.3, -2.7]),
        spec=make_spec(fill_clock="close"),
        log=lines.append,
    )
    assert result.orders.select("bar", "side", "qty").rows() == [
        (1, "BUY", 1.0),
        (3, "SELL", 1.0),
        (4, "SELL", 2.0),
    ]
    assert lines == ["A target at bar 0 is less than one lot: no order."]


def test_a_lot_of_a_tenth_takes_three_tenths_for_three_lots() -> None:
    crypto = Instrument(asset_class="crypto", lot=0.1)
    bars = make_bars([100] * 2, [100] * 2)
    spec = make_spec(fill_clock="close", instrument=crypto, size=0.1)
    result = run_engine(bars=bars, targets=make_targets([3, 3]), spec=spec)
    assert result.executions["qty"].to_list() == [0.3]


@pytest.mark.parametrize(
    ("instrument", "size"),
    [
        (Instrument(), 3),
        (Instrument(asset_class="future", multiplier=50, tick_size=0.25), 2),
        (Instrument(asset_class="future", multiplier=0.1), 2),
        (Instrument(asset_class="crypto", lot=1e-8, currency="USDT", price_precision=12), 0.123),
        (Instrument(asset_class="fx", lot=1000), 2000),
    ],
    ids=["equity", "future", "small future", "crypto", "fx"],
)
@pytest.mark.parametrize("clock", CLOCKS)
def test_every_kind_of_instrument_reconciles_with_the_engines_account(
    instrument: Instrument, size: float, clock: FillClock
) -> None:
    bars = random_bars(400, seed=5)
    spec = make_spec(
        instrument=instrument,
        size=size,
        fill_clock=clock,
        starting_cash=1e7,
        slippage_fees=SlippageFees(fees_bps=3, fee_per_unit=0.01),
    )
    targets = make_targets([(i // 7) % 4 - 1.5 for i in range(len(bars))])
    result = run_engine(bars=bars, targets=targets, spec=spec)
    money = {"multiplier": instrument.multiplier}
    fills = accounting.settle_fills(
        result.executions, starting_cash=1e7, lot=instrument.lot, **money
    )
    equity = accounting.build_equity(fills, bars, starting_cash=1e7, **money)
    accounting.reconcile(
        equity,
        balance_total=result.balance_total,
        open_positions=result.open_positions,
        **money,
    )
    assert len(fills) > 50


# The classic engine itself asks pandas for the time in a way that pandas 4 will not know.
@pytest.mark.filterwarnings("ignore:Timestamp.utcnow is deprecated")
@pytest.mark.parametrize("clock", CLOCKS)
def test_the_classic_engine_makes_the_same_fills_of_the_same_orders(clock: FillClock) -> None:
    bars = random_bars(3000, seed=1, share_kept=0.9)
    spec = make_spec(fill_clock=clock, slippage_fees=SlippageFees())
    targets = make_targets([(i // 11) % 3 - 1 for i in range(len(bars))])
    result = run_engine(bars=bars, targets=targets, spec=spec)
    peer = run_classic(bars, result.orders, spec)
    ours = result.executions.select(pl.col("side").cast(pl.String), "qty", "price").rows()
    assert [fill[1:4] for fill in peer.fills] == ours
    # The classic engine rounds a fee of floats, ours one of decimals: a tie may fall either way.
    fees = result.executions["fee"].to_list()
    assert [fill[4] for fill in peer.fills] == pytest.approx(fees, abs=1.5e-8, rel=0)
    assert peer.balance_total == pytest.approx(result.balance_total, abs=1e-8)
    market_times = result.executions["ts"].to_physical().to_list()
    offset = 0 if clock == "close" else 1
    assert [fill[0] for fill in peer.fills] == [ts + offset for ts in market_times]


@given(
    targets=st.lists(st.integers(-2, 2), min_size=30, max_size=30),
    slice_bars=st.integers(1, 31),
    clock=st.sampled_from(CLOCKS),
)
@settings(max_examples=25, deadline=None)
def test_where_the_run_is_sliced_changes_nothing(
    targets: list[int], slice_bars: int, clock: FillClock
) -> None:
    bars = random_bars(60, seed=2, share_kept=0.7)[:30]
    spec, wanted = make_spec(fill_clock=clock), make_targets(targets)
    whole = run_engine(bars=bars, targets=wanted, spec=spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_SLICE_BARS", slice_bars)
        sliced = run_engine(bars=bars, targets=wanted, spec=spec)
    assert sliced.executions.equals(whole.executions)
    assert sliced.orders.equals(whole.orders)
    assert sliced.balance_total == whole.balance_total


def test_an_order_beyond_the_buying_power_is_rejected_and_not_retried() -> None:
    bars = make_bars([100] * 4, [100] * 4)
    spec = make_spec(fill_clock="close", size=1001)
    result = run_engine(bars=bars, targets=make_targets([1, 1, 1, 0]), spec=spec)
    assert result.executions.is_empty()
    assert result.orders.select("bar", "qty", "status", "reason").rows() == [
        (0, 1001.0, "REJECTED", "buying_power")
    ]


def test_leverage_widens_the_buying_power() -> None:
    bars = make_bars([100] * 2, [100] * 2)
    spec = make_spec(fill_clock="close", size=1999, max_leverage=2)
    result = run_engine(bars=bars, targets=make_targets([1, 1]), spec=spec)
    assert result.executions["qty"].to_list() == [1999.0]


def test_a_reversal_beyond_the_buying_power_closes_and_does_not_open() -> None:
    bars = make_bars([100, 100, 100], [100, 100, 100])
    spec = make_spec(fill_clock="close", size=1000)
    result = run_engine(bars=bars, targets=make_targets([0.9, -1.1, -1.1]), spec=spec)
    assert result.orders.select("bar", "side", "qty", "status", "reason").rows() == [
        (0, "BUY", 900.0, "FILLED", None),
        (1, "SELL", 900.0, "FILLED", None),
        (1, "SELL", 1100.0, "REJECTED", "buying_power"),
    ]
    assert result.open_positions == ()


@pytest.mark.parametrize(("clock", "bar", "price"), [("close", 2, 40.0), ("next_open", 3, 30.0)])
def test_a_ruined_account_is_flat_at_the_next_fill_and_trades_no_more(
    clock: FillClock, bar: int, price: float
) -> None:
    bars = make_bars([100, 100, 50, 30, 30, 90, 90], [100, 90, 40, 30, 30, 90, 90])
    spec = make_spec(fill_clock=clock, size=1000, starting_cash=50_000, max_leverage=3)
    result = run_engine(bars=bars, targets=make_targets([1, 1, 1, 1, 0, 1, 1]), spec=spec)
    assert result.ruined_bar == 2
    assert result.orders["reason"].to_list() == [None, "ruined"]
    assert result.executions.select("bar", "price").row(1) == (bar, price)
    assert result.open_positions == ()


def test_an_exception_in_a_callback_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise ZeroDivisionError("planted")

    bars, targets = make_bars([100] * 3, [100] * 3), make_targets([1, 0, 0])
    for owner, name in (
        (follower.Follower, "_await_signal"),
        (follower.Follower, "_follow"),
        (follower.Orders, "record_fill"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fail)
            with pytest.raises(ZeroDivisionError, match="planted"):
                run_engine(bars=bars, targets=targets, spec=make_spec())


def test_an_exception_while_fees_are_charged_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bars, spec = make_bars([100] * 3, [100] * 3), make_spec()
    monkeypatch.setattr(fees, "MONEY_PRECISION", "eight")
    with pytest.raises(TypeError):
        run_engine(bars=bars, targets=make_targets([1, 0, 0]), spec=spec)


def test_a_log_that_fails_inside_a_callback_fails_the_run() -> None:
    def fail(_line: str) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_engine(
            bars=make_bars([100] * 3, [100] * 3),
            targets=make_targets([0.5, 1, 1]),
            spec=make_spec(),
            log=fail,
        )


def test_a_run_stops_where_progress_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []

    def cancel(share: float) -> None:
        shares.append(share)
        if share > 0.3:
            raise CancelledError("stop")

    monkeypatch.setattr(session, "_SLICE_BARS", 10)
    bars = random_bars(100)
    with pytest.raises(CancelledError):
        run_engine(bars=bars, targets=make_targets([1] * 100), spec=make_spec(), progress=cancel)
    assert shares == [0.1, 0.2, 0.3, 0.4]


def test_a_position_larger_than_any_quote_is_refused() -> None:
    with pytest.raises(InputError) as refusal:
        run_engine(
            bars=make_bars([1] * 2, [1] * 2),
            targets=make_targets([1e3, 0]),
            spec=make_spec(size=1e11),
        )
    assert refusal.value.details["field"] == "size"


def read_tradingview_bars(path: Path) -> pl.DataFrame:
    raw = pl.read_csv(path)
    millis = raw["timestamp"].to_list()
    start = int(START.timestamp()) * 1000
    bars = make_bars(
        raw["open"].to_list(),
        raw["close"].to_list(),
        minutes=[(ms - start) // 60_000 for ms in millis],
    )
    return bars.with_columns(high=raw["high"], low=raw["low"], volume=raw["volume"])


def test_every_entry_of_tradingviews_sma_crossover_is_met(real_data: Path) -> None:
    folder = real_data / "tradingview"
    bars = read_tradingview_bars(folder / "ohlcv_ETH-USDT-USDT_15m_warmup6m.csv")
    spec: RunSpec = make_spec(
        instrument=Instrument(asset_class="crypto", currency="USDT", lot=1e-8),
        interval="15m",
        calendar="24/7",
        tz="UTC",
        params={"fast": 9, "slow": 21},
        starting_cash=1e8,
    )
    window = market.select_window(bars, spec)
    signals = contract.compute_signals(sma_crossover, window.frame, params=spec.params, context={})
    result = run_engine(bars=window.bars, targets=signals, spec=spec)
    listed = pl.read_csv(folder / "probes" / "ta-sma-dual-cross-01" / "tv_trades.csv")
    entries = listed.filter(pl.col("Type").str.starts_with("Entry")).select(
        ts=pl.col("Date and time")
        .str.to_datetime("%Y-%m-%d %H:%M")
        .dt.replace_time_zone("Asia/Taipei")
        .dt.convert_time_zone("UTC")
        .dt.cast_time_unit("ns"),
        side=pl.col("Type").replace_strict({"Entry long": "BUY", "Entry short": "SELL"}),
        price=pl.col("Price USDT").cast(pl.Float64),
    )
    ours = result.executions.select("ts", pl.col("side").cast(pl.String), "price")
    assert len(entries) == 2150
    assert len(entries.join(ours, on=["ts", "side", "price"], how="inner")) == 2150


@pytest.mark.parametrize("second", [6.0, 3.4], ids=["refused", "less than a lot more"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_ruin_is_seen_after_a_signal_that_sends_nothing(clock: FillClock, second: float) -> None:
    closes = [100.0, 100, 100, 100, 60, 60, 60]
    bars = make_bars(closes, closes)
    spec = make_spec(fill_clock=clock, starting_cash=100, max_leverage=3.5)
    result = run_engine(bars=bars, targets=make_targets([3, 3, second, *[second] * 4]), spec=spec)
    assert result.ruined_bar == 4
    assert result.executions["side"].cast(pl.String).to_list() == ["BUY", "SELL"]


def test_what_is_exactly_affordable_is_bought() -> None:
    bars = make_bars([1.1] * 2, [1.1] * 2)
    spec = make_spec(fill_clock="close", starting_cash=3.3, size=3)
    result = run_engine(bars=bars, targets=make_targets([1, 1]), spec=spec)
    assert result.executions["qty"].to_list() == [3.0]


@pytest.mark.parametrize("lot", [0.25, 0.125, 2.5, 1000.0])
def test_any_decimal_lot_is_filled(lot: float) -> None:
    bars = make_bars([10.0] * 3, [10.0] * 3)
    instrument = Instrument(asset_class="crypto", lot=lot)
    spec = make_spec(fill_clock="close", instrument=instrument, size=lot, starting_cash=1e6)
    result = run_engine(bars=bars, targets=make_targets([3, -2, -2]), spec=spec)
    assert result.executions["qty"].to_list() == [3 * lot, 5 * lot]


def test_prices_are_the_floats_nearest_to_their_decimals() -> None:
    bars = make_bars([1e6] * 2, [1e6] * 2, spreads=0.02)
    spec = make_spec(
        fill_clock="close", starting_cash=1e7, slippage_fees=SlippageFees(k_spread=0.5, fees_bps=0)
    )
    result = run_engine(bars=bars, targets=make_targets([1, 1]), spec=spec)
    assert result.executions["price"].to_list() == [1_000_000.01]


def test_an_exception_before_anything_of_a_fee_is_computed_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_args: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(fees.Fees, "get_commission_with_context", fail)
    with pytest.raises((ZeroDivisionError, ReconciliationError)):
        run_engine(
            bars=make_bars([100] * 3, [100] * 3), targets=make_targets([1, 0, 0]), spec=make_spec()
        )
