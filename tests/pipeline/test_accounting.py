"""Fills become round trips and equity: by hand, and against exact fractions."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import accounting
from hewston.pipeline.errors import ReconciliationError
from hewston.pipeline.schemas import BARS, EQUITY, EXECUTIONS, FILLS, ORDERS, TRADES_RT, Schema
from tests.pipeline.slow_trades import Row, exact, slow_round_trips

OPENED = dt.datetime(2023, 1, 3, 14, 30, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
HALF_A_BAR = dt.timedelta(seconds=30)


def framed(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pl.DataFrame:
    """Build a frame in its contract's columns; what a row does not say is null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def bars_of(*ohlc: tuple[float, float, float, float]) -> pl.DataFrame:
    names = ("open", "high", "low", "close")
    rows = [
        {"ts_open": OPENED + i * MINUTE, "session": "regular", "volume": 1.0}
        | dict(zip(names, prices, strict=True))
        for i, prices in enumerate(ohlc)
    ]
    return framed(rows, BARS)


def execution(bar: int, side: str, qty: float, price: float, **more: Any) -> Row:
    """Give one fill at its reference price without a fee, unless ``more`` says otherwise."""
    row = {"bar": bar, "side": side, "qty": qty, "price": price, "reference_price": price}
    return row | {"fee": 0.0, "intrabar": False, "at": "open"} | more


def executions_of(*rows: Row) -> pl.DataFrame:
    after = {"open": 0 * MINUTE, "inside": HALF_A_BAR, "close": MINUTE}
    return framed(
        [
            {"ts": OPENED + row["bar"] * MINUTE + after[row["at"]], "order_id": i, "fill_id": i}
            | row
            for i, row in enumerate(rows, start=1)
        ],
        EXECUTIONS,
    )


def settled(*rows: Row, multiplier: float = 1.0, lot: float = 1.0) -> pl.DataFrame:
    return accounting.settle_fills(
        executions_of(*rows), starting_cash=1000.0, multiplier=multiplier, lot=lot
    )


def orders_for(fills: pl.DataFrame) -> pl.DataFrame:
    rows = [{"order_id": i, "reason": f"reason {i}"} for i in fills["order_id"]]
    return framed(rows, ORDERS)


def trades_of(
    fills: pl.DataFrame,
    bars: pl.DataFrame,
    *,
    fill_clock: Any = "next_open",
    multiplier: float = 1.0,
    lot: float = 1.0,
) -> list[Row]:
    trades = accounting.match_trades(
        fills,
        orders_for(fills),
        bars,
        multiplier=multiplier,
        fill_clock=fill_clock,
        lot=lot,
    )
    assert trades.schema == pl.Schema(TRADES_RT)
    return trades.rows(named=True)


FLAT = bars_of(*[(10.0, 10.0, 10.0, 10.0)] * 8)


# Settling


def test_slippage_is_a_cost_on_both_sides() -> None:
    fills = settled(
        execution(1, "BUY", 10.0, 10.02, reference_price=10.0),
        execution(2, "SELL", 10.0, 10.98, reference_price=11.0),
        multiplier=5.0,
    )
    assert fills.schema == pl.Schema(FILLS)
    assert fills["slippage"].to_list() == [1.0, 1.0]


def test_a_price_better_than_the_reference_is_a_negative_cost() -> None:
    fills = settled(execution(1, "SELL", 10.0, 10.02, reference_price=10.0))
    assert fills["slippage"].to_list() == [-0.2]


def test_cash_pays_for_units_times_multiplier_and_the_fee() -> None:
    fills = settled(
        execution(1, "BUY", 2.0, 10.1, fee=0.3),
        execution(2, "SELL", 5.0, 11.2, fee=0.7),
        multiplier=5.0,
    )
    assert fills["position_after"].to_list() == [2.0, -3.0]
    assert fills["cash_after"].to_list() == [898.7, 1178.0]


def test_a_fraction_bought_in_parts_and_sold_whole_leaves_exactly_nothing() -> None:
    fills = settled(
        execution(1, "BUY", 0.1, 10.0),
        execution(2, "BUY", 0.2, 10.0),
        execution(3, "SELL", 0.30000000000000004, 10.0),
        lot=1e-8,
    )
    assert fills["qty"].to_list() == [0.1, 0.2, 0.3]
    assert fills["position_after"].to_list() == [0.1, 0.3, 0.0]
    assert fills["cash_after"][-1] == 1000.0


@pytest.mark.parametrize("qty", [0.5, 0.0, -1.0])
def test_a_quantity_that_is_no_number_of_lots_is_refused_with_its_fill(qty: float) -> None:
    with pytest.raises(ReconciliationError, match=r"Fill 1 has the quantity .* lot 1\.0"):
        settled(execution(1, "BUY", qty, 10.0))


def test_ten_thousand_fills_lose_nothing_to_rounding() -> None:
    rows = [
        execution(1, side, 0.1 + i % 7 / 10, 100.0 + i % 13 / 1000, fee=0.001)
        for i in range(5_000)
        for side in ("BUY", "SELL")
    ]
    fills = settled(*rows, lot=0.1)
    exact = Fraction(1000) - sum(Fraction("0.001") for _ in rows)
    assert fills["cash_after"][-1] == float(exact)
    assert fills["position_after"][-1] == 0.0


# Round trips


def test_a_fill_closes_the_oldest_lots_first_and_splits_the_last() -> None:
    fills = settled(
        execution(1, "BUY", 3.0, 10.0),
        execution(2, "BUY", 4.0, 11.0),
        execution(3, "SELL", 5.0, 12.0),
    )
    rows = trades_of(fills, FLAT)
    matched = [(t["trade_id"], t["entry_price"], t["exit_price"], t["qty"]) for t in rows]
    assert matched == [(1, 10.0, 12.0, 3.0), (2, 11.0, 12.0, 2.0), (3, 11.0, None, 2.0)]


def test_a_reversal_closes_and_opens_with_one_fill() -> None:
    fills = settled(execution(1, "BUY", 2.0, 10.0), execution(2, "SELL", 5.0, 12.0))
    first, second = trades_of(fills, FLAT)
    assert (first["side"], first["qty"], first["exit_bar"]) == ("LONG", 2.0, 2)
    assert (second["side"], second["qty"], second["entry_bar"]) == ("SHORT", 3.0, 2)
    assert second["exit_bar"] is second["exit_ts"] is second["exit_price"] is None
    assert second["exit_reason"] is None


def test_fees_and_slippage_are_shared_out_by_quantity() -> None:
    fills = settled(
        execution(1, "BUY", 4.0, 10.5, reference_price=10.0, fee=4.0),
        execution(2, "SELL", 1.0, 11.75, reference_price=12.0, fee=1.0),
        execution(3, "SELL", 3.0, 12.5, reference_price=13.0, fee=1.5),
    )
    first, second = trades_of(fills, FLAT)
    assert (first["gross_pnl"], first["slippage"], first["fees"]) == (2.0, 0.75, 2.0)
    assert (second["gross_pnl"], second["slippage"], second["fees"]) == (9.0, 3.0, 4.5)
    assert (first["net_pnl"], second["net_pnl"]) == (-0.75, 1.5)
    assert second["return"] == 1.5 / 31.5


def test_reasons_come_from_the_orders_of_entry_and_exit() -> None:
    fills = settled(execution(1, "BUY", 1.0, 10.0), execution(2, "SELL", 1.0, 10.0))
    (trade,) = trades_of(fills, FLAT)
    assert (trade["entry_reason"], trade["exit_reason"]) == ("reason 1", "reason 2")


def test_a_fill_of_an_order_never_sent_is_refused() -> None:
    fills = settled(execution(1, "BUY", 1.0, 10.0))
    with pytest.raises(ReconciliationError, match="order 1, which was never sent"):
        accounting.match_trades(
            fills, orders_for(fills[:0]), FLAT, multiplier=1.0, fill_clock="close", lot=1.0
        )


def test_an_open_lot_is_marked_at_the_last_close_and_bears_its_entry_costs() -> None:
    bars = bars_of((10.0, 10.0, 10.0, 10.0), (10.0, 12.0, 9.0, 11.0), (11.0, 14.0, 11.0, 13.0))
    fills = settled(execution(1, "BUY", 2.0, 10.5, reference_price=10.0, fee=0.25))
    (trade,) = trades_of(fills, bars)
    assert (trade["gross_pnl"], trade["slippage"], trade["fees"]) == (6.0, 1.0, 0.25)
    assert trade["net_pnl"] == 4.75
    assert (trade["mae_price"], trade["mfe_price"], trade["mae"], trade["mfe"]) == (
        -1.5,
        3.5,
        -3,
        7,
    )
    assert trade["bars_held"] == 2


def test_a_lot_bought_for_nothing_has_no_return() -> None:
    fills = settled(execution(1, "BUY", 1.0, 0.0), execution(2, "SELL", 1.0, 10.0))
    (trade,) = trades_of(fills, FLAT)
    assert (trade["net_pnl"], trade["return"]) == (10.0, None)


def test_crypto_lots_leave_no_dust() -> None:
    buys = [execution(1, "BUY", 0.00000003 * i, 10.0) for i in range(1, 101)]
    fills = settled(*buys, execution(2, "SELL", 0.0001515, 11.0), lot=1e-8)
    rows = trades_of(fills, FLAT, lot=1e-8)
    assert len(rows) == 100
    assert all(trade["exit_bar"] == 2 for trade in rows)
    assert [trade["qty"] for trade in rows[:3]] == [3e-08, 6e-08, 9e-08]


def test_no_fill_is_no_trade_and_a_flat_account() -> None:
    fills = settled()
    assert trades_of(fills, FLAT) == []
    equity = accounting.build_equity(fills, FLAT, starting_cash=1000.0, multiplier=1.0)
    assert equity["equity"].to_list() == [1000.0] * 8
    assert equity["drawdown"].max() == 0.0


# Excursions: every bar has an extreme of its own, so each bar that counts can be told

SPREADING = bars_of(*[(100.0, 100.0 + i, 100.0 - i, 100.0) for i in range(1, 9)])


@pytest.mark.parametrize(
    ("fill_clock", "entry", "leaving", "furthest", "held"),
    [
        ("next_open", (2, "open"), (5, "open"), 5.0, 3),  # bars 2, 3, 4
        ("close", (2, "close"), (5, "close"), 6.0, 3),  # bars 3, 4, 5
        ("next_open", (2, "open"), (5, "inside"), 5.0, 3),  # bars 2, 3, 4
        ("close", (2, "close"), (5, "inside"), 5.0, 3),  # bars 3, 4
        ("next_open", (2, "inside"), (5, "open"), 5.0, 3),  # bars 3, 4
        ("next_open", (2, "open"), (2, "inside"), 0.0, 0),  # none
        ("close", (2, "close"), (3, "inside"), 0.0, 1),  # none
        ("close", (2, "inside"), (3, "close"), 4.0, 1),  # bar 3
        ("close", (2, "inside"), (2, "close"), 0.0, 0),  # none
    ],
)
def test_only_bars_wholly_inside_a_trade_count_for_its_excursions(
    fill_clock: str, entry: tuple[int, str], leaving: tuple[int, str], furthest: float, held: int
) -> None:
    fills = settled(
        execution(entry[0], "BUY", 2.0, 100.0, at=entry[1], intrabar=entry[1] == "inside"),
        execution(leaving[0], "SELL", 2.0, 100.0, at=leaving[1], intrabar=leaving[1] == "inside"),
    )
    (trade,) = trades_of(fills, SPREADING, fill_clock=fill_clock)
    assert (trade["mae_price"], trade["mfe_price"]) == (-furthest, furthest)
    assert (trade["mae"], trade["mfe"]) == (-2.0 * furthest, 2.0 * furthest)
    assert trade["bars_held"] == held


def test_a_bar_left_inside_counts_by_its_fill() -> None:
    fills = settled(
        execution(2, "BUY", 1.0, 100.0),
        execution(2, "SELL", 1.0, 98.5, at="inside", intrabar=True),
    )
    (trade,) = trades_of(fills, SPREADING)
    assert (trade["mae_price"], trade["mfe_price"]) == (-1.5, 0.0)


@pytest.mark.parametrize(("fill_clock", "at"), [("next_open", "open"), ("close", "close")])
def test_a_stop_that_a_gap_jumps_counts_by_its_fill_at_the_open(fill_clock: str, at: str) -> None:
    fills = settled(
        execution(2, "BUY", 1.0, 100.0, at=at),
        execution(5, "SELL", 1.0, 97.0, at="open", intrabar=True),
    )
    (trade,) = trades_of(fills, SPREADING, fill_clock=fill_clock)
    assert (trade["mae_price"], trade["mfe_price"]) == (-5.0, 5.0)  # bars up to 4
    assert trade["exit_bar"] == 5


def test_a_lot_sold_in_parts_has_the_excursions_of_each_part() -> None:
    fills = settled(
        execution(1, "BUY", 3.0, 100.0),
        execution(3, "SELL", 1.0, 100.0),
        execution(6, "SELL", 2.0, 100.0),
    )
    rows = trades_of(fills, SPREADING, multiplier=10.0)
    assert [(t["qty"], t["mfe_price"], t["mfe"]) for t in rows] == [
        (1.0, 3.0, 30.0),  # bars 1 and 2
        (2.0, 6.0, 120.0),  # bars 1 to 5
    ]


def test_a_short_trade_suffers_from_highs() -> None:
    bars = bars_of(*[(100.0, 107.0, 98.0, 100.0)] * 4)
    fills = settled(execution(1, "SELL", 3.0, 100.0), execution(2, "BUY", 3.0, 99.0))
    (trade,) = trades_of(fills, bars, multiplier=2.0)
    assert (trade["mae_price"], trade["mfe_price"]) == (-7.0, 2.0)
    assert (trade["mae"], trade["mfe"]) == (-42.0, 12.0)


# Equity


def test_a_fill_counts_from_the_close_of_its_bar() -> None:
    bars = bars_of((10.0, 10.0, 10.0, 10.0), (10.0, 10.0, 10.0, 12.0), (12.0, 12.0, 9.0, 9.0))
    fills = settled(execution(1, "BUY", 50.0, 10.0), multiplier=2.0)
    equity = accounting.build_equity(fills, bars, starting_cash=1000.0, multiplier=2.0)
    assert equity.schema == pl.Schema(EQUITY)
    assert equity["position"].to_list() == [0.0, 50.0, 50.0]
    assert equity["cash"].to_list() == [1000.0, 0.0, 0.0]
    assert equity["equity"].to_list() == [1000.0, 1200.0, 900.0]
    assert equity["drawdown"].to_list() == [0.0, 0.0, 0.25]
    assert equity["exposure"].to_list() == [0.0, 1.0, 1.0]


def test_money_lost_on_the_first_bar_is_a_drawdown_from_the_starting_cash() -> None:
    fills = settled(execution(0, "BUY", 1.0, 10.0, fee=10.0))
    equity = accounting.build_equity(fills, FLAT, starting_cash=1000.0, multiplier=1.0)
    assert equity["drawdown"][0] == 0.01


def test_an_account_in_debt_has_a_drawdown_over_one_and_no_exposure() -> None:
    bars = bars_of((10.0, 10.0, 10.0, 10.0), (10.0, 10.0, 4.0, 4.0), (4.0, 4.0, 4.0, 4.0))
    fills = settled(execution(0, "BUY", 200.0, 10.0), execution(2, "SELL", 200.0, 4.0))
    equity = accounting.build_equity(fills, bars, starting_cash=1000.0, multiplier=1.0)
    assert equity["equity"].to_list() == [1000.0, -200.0, -200.0]
    assert equity["drawdown"].to_list() == [0.0, 1.2, 1.2]
    assert equity["exposure"].to_list() == [2.0, None, 0.0]


# Reconciliation

HELD = accounting.build_equity(
    settled(execution(1, "BUY", 3.0, 9.0)), FLAT, starting_cash=1000.0, multiplier=2.0
)  # cash 973, position 3 at 10, multiplier 2: equity 1033


@pytest.mark.parametrize("difference", [0.0, 0.004, -0.004])
def test_an_engine_within_half_a_cent_agrees(difference: float) -> None:
    accounting.reconcile(
        HELD, balance_total=1027.0 + difference, open_positions=[(3.0, 9.0)], multiplier=2.0
    )


@pytest.mark.parametrize("balance", [1027.006, 1026.994, math.nan, math.inf])
def test_an_engine_further_off_is_refused(balance: float) -> None:
    with pytest.raises(ReconciliationError, match=r"more than 0\.005 apart"):
        accounting.reconcile(
            HELD, balance_total=balance, open_positions=[(3.0, 9.0)], multiplier=2.0
        )


def test_an_engine_that_holds_another_position_is_refused() -> None:
    with pytest.raises(ReconciliationError, match=r"position of 2\.0 units"):
        accounting.reconcile(
            HELD, balance_total=1027.0, open_positions=[(2.0, 9.0)], multiplier=2.0
        )


# Against exact fractions, one lot at a time

PRICES = st.integers(9_000, 11_000).map(lambda cents: cents / 100)


@st.composite
def _accounts(draw: st.DrawFn) -> Row:
    clock = draw(st.sampled_from(["close", "next_open"]))
    spans = draw(st.lists(st.tuples(PRICES, PRICES, PRICES, PRICES), min_size=1, max_size=10))
    bars = [(p[0], max(p), min(p), p[3]) for p in spans]
    lot = draw(st.sampled_from([1.0, 0.1, 0.25, 1e-8]))
    places = {"close": ("inside", "close"), "next_open": ("open", "inside")}[clock]
    moments = st.tuples(st.integers(0, len(bars) - 1), st.sampled_from(range(2)))
    when = sorted(draw(st.lists(moments, max_size=25)))
    rows = [
        execution(
            bar,
            draw(st.sampled_from(["BUY", "SELL"])),
            draw(st.integers(1, 12)) * lot,  # as sloppy as a float product is
            draw(PRICES),
            reference_price=draw(PRICES),
            fee=draw(st.integers(0, 500)) / 1000,
            at=places[place],
            intrabar=places[place] == "inside",
        )
        for bar, place in when
    ]
    multiplier = draw(st.sampled_from([1.0, 50.0, 0.1]))
    return {"clock": clock, "bars": bars, "rows": rows, "lot": lot, "multiplier": multiplier}


@settings(deadline=None)
@given(_accounts())
def test_round_trips_equal_exact_fractions(account: Row) -> None:
    multiplier, lot = account["multiplier"], account["lot"]
    bars = bars_of(*account["bars"])
    fills = settled(*account["rows"], multiplier=multiplier, lot=lot)
    trades = trades_of(fills, bars, fill_clock=account["clock"], multiplier=multiplier, lot=lot)
    expected = slow_round_trips(account)
    assert len(trades) == len(expected)
    for trade, wanted in zip(trades, expected, strict=True):
        assert trade["net_pnl"] == trade["gross_pnl"] - trade["slippage"] - trade["fees"]
        assert trade["mae"] <= 0 <= trade["mfe"]
        for name, value in wanted.items():
            if value is None:
                assert trade[name] is None
            else:
                assert trade[name] == pytest.approx(float(value), rel=1e-12, abs=1e-9)


@settings(deadline=None)
@given(_accounts())
def test_profits_of_all_lots_add_up_to_the_change_of_equity(account: Row) -> None:
    multiplier, lot = account["multiplier"], account["lot"]
    bars = bars_of(*account["bars"])
    fills = settled(*account["rows"], multiplier=multiplier, lot=lot)
    trades = trades_of(fills, bars, fill_clock=account["clock"], multiplier=multiplier, lot=lot)
    equity = accounting.build_equity(fills, bars, starting_cash=1000.0, multiplier=multiplier)
    profit = math.fsum(trade["net_pnl"] for trade in trades)
    assert profit == pytest.approx(equity["equity"][-1] - 1000.0, rel=1e-9, abs=1e-8)
    cash = Fraction(1000)
    for row in account["rows"]:
        sign = 1 if row["side"] == "BUY" else -1
        lots = round(row["qty"] / lot)
        cash -= sign * lots * exact(lot) * exact(multiplier) * exact(row["price"])
        cash -= exact(row["fee"])
    assert equity["cash"][-1] == float(cash)
    open_qty = math.fsum(
        t["qty"] * (1 if t["side"] == "LONG" else -1) for t in trades if t["exit_bar"] is None
    )
    assert equity["position"][-1] == pytest.approx(open_qty, rel=1e-12)
