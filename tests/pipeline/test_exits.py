"""Stops and limits inside the bar: the engine against the contract in plain Python."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import backtest
from hewston.pipeline.engine import session
from hewston.pipeline.engine.result import EngineResult
from hewston.pipeline.spec import FillClock, LimitGap, SlippageFees
from hewston.pipeline.strategies import contract
from tests.pipeline.frames import make_bars, make_spec
from tests.pipeline.plain import Bar, follow

type Fill = tuple[int, int, float, str]

TICK = 0.01
_IN_TICKS = ("stop_loss", "take_profit", "stop_offset", "target_offset")


def bars_of(ticks: list[Bar]) -> pl.DataFrame:
    """Bars of whole ticks."""
    opened, high, low, close = (
        [round(v * TICK, 2) for v in column] for column in zip(*ticks, strict=True)
    )
    return make_bars(opened, close).with_columns(
        high=pl.Series(high, dtype=pl.Float64), low=pl.Series(low, dtype=pl.Float64)
    )


def strategy_of(columns: dict[str, list[Any]], bracket_from: str = "next_bar") -> ModuleType:
    """A strategy that answers these columns, prices in ticks."""

    def run_strategy(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[[]].assign(**{name: convert(name, column) for name, column in columns.items()})

    options = {"bracket_from": bracket_from}
    return cast("ModuleType", SimpleNamespace(run_strategy=run_strategy, OPTIONS=options))


def convert(name: str, column: list[Any]) -> list[Any]:
    """Give ticks as prices, and numbers for columns of numbers."""
    if name.endswith(("_condition", "_long", "_short")):
        return column
    factor = TICK if name in _IN_TICKS else 1
    return [float("nan") if value is None else float(value) * factor for value in column]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """Bars, what a strategy says of them, and the options of a run."""

    ticks: list[Bar]
    columns: dict[str, list[Any]]
    clock: FillClock = "next_open"
    limit_gap: LimitGap = "open"
    bracket_from: str = "next_bar"
    cost: int = 0

    def run(self) -> EngineResult:
        """Run the engine on it."""
        costs = SlippageFees(k_spread=0, fees_bps=0, slippage_ticks=self.cost)
        spec = make_spec(
            params={},
            fill_clock=self.clock,
            limit_gap=self.limit_gap,
            max_leverage=100,
            slippage_fees=costs,
        )
        bars = bars_of(self.ticks)
        strategy = strategy_of(self.columns, self.bracket_from)
        signals = contract.compute_signals(strategy, bars, params={}, context={})
        return session.run_engine(bars=bars, targets=signals, spec=spec)

    @property
    def expected(self) -> list[Fill]:
        """The fills that the contract asks for."""
        fills = follow(
            self.ticks,
            self.columns,
            clock=self.clock,
            limit_gap=self.limit_gap,
            bracket_from=self.bracket_from,
            cost=self.cost,
        )
        return [(fill.bar, fill.change, round(fill.price * TICK, 2), fill.kind) for fill in fills]


def fills_of(result: EngineResult) -> list[Fill]:
    """Bar, change of position, price and kind of every fill."""
    kinds = {"MARKET": "market", "STOP": "stop", "LIMIT": "target"}
    types = dict(result.orders.select("order_id", "type").iter_rows())
    return [
        (
            row["bar"],
            round(row["qty"]) * (1 if row["side"] == "BUY" else -1),
            row["price"],
            kinds[types[row["order_id"]]],
        )
        for row in result.executions.iter_rows(named=True)
    ]


def make_case(seed: int, rows: int = 30) -> Case:
    """A walk in small whole ticks with gaps, so that levels are met exactly and often."""
    dice = random.Random(seed)
    ticks, price = [], 1000
    for _ in range(rows):
        opened = price + dice.choice([0, 0, 0, 1, -1, 4, -4, 9, -9])
        up, down = dice.randint(0, 6), dice.randint(0, 6)
        price = opened + dice.randint(-down, up)
        ticks.append((opened, opened + up, opened - down, price))
    columns: dict[str, list[Any]] = {}
    if dice.random() < 0.5:
        columns["position"] = [dice.choice([None, None, 0, 1, -1, 2, -3]) for _ in range(rows)]
    else:
        names = ["long_condition", "exit_long", "short_condition", "exit_short"]
        first = dice.choice(["long_condition", "short_condition"])
        for name in names:
            if name == first or dice.random() < 0.6:
                columns[name] = [dice.choice([True, False, False, None]) for _ in range(rows)]
    of_rows: dict[str, Callable[[int], Fraction]] = {
        "stop_loss": lambda row: Fraction(2 * ticks[row][0] + dice.randint(-16, 16), 2),
        "take_profit": lambda row: Fraction(2 * ticks[row][0] + dice.randint(-16, 16), 2),
        "stop_offset": lambda _row: Fraction(dice.randint(0, 24), 2),
        "target_offset": lambda _row: Fraction(dice.randint(0, 24), 2),
        "stop_pct": lambda _row: Fraction(dice.randint(0, 12), 1000),
        "target_pct": lambda _row: Fraction(dice.randint(0, 12), 1000),
    }
    for name, draw in of_rows.items():
        if dice.random() < 0.4:
            share = dice.choice([0.3, 0.7, 1.0])
            columns[name] = [draw(row) if dice.random() < share else None for row in range(rows)]
    return Case(
        ticks=ticks,
        columns=columns,
        clock=dice.choice(["close", "next_open"]),
        limit_gap=dice.choice(["open", "limit"]),
        bracket_from=dice.choice(["next_bar", "entry_bar"]),
        cost=dice.choice([0, 0, 1, 3]),
    )


@given(seed=st.integers(0, 2**32), slice_bars=st.sampled_from([1, 7, 8000]))
@settings(max_examples=120, deadline=None)
def test_the_engine_fills_what_the_contract_says(seed: int, slice_bars: int) -> None:
    case = make_case(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_SLICE_BARS", slice_bars)
        result = case.run()
    assert fills_of(result) == case.expected
    assert result.targets.len() == len(case.ticks)
    assert result.orders["order_id"].to_list() == list(range(1, len(result.orders) + 1))
    assert result.orders["bar"].is_sorted()


def long_at(rows: int, **columns: list[Any]) -> dict[str, list[Any]]:
    """Long from the first close on, with these exits."""
    return {"position": [1] * rows, **columns}


QUIET: Bar = (1000, 1005, 995, 1000)
LITERAL: dict[str, tuple[list[Bar], dict[str, list[Any]], dict[str, Any], list[Fill]]] = {
    "a stop price of a row rules inside the next bar, also where that bar opens the position": (
        [QUIET, (1000, 1004, 985, 990)],
        long_at(2, stop_loss=[990, None]),
        {},
        [(1, 1, 10.0, "market"), (1, -1, 9.9, "stop")],
    ),
    "a stop price rules inside one bar alone": (
        [QUIET, QUIET, (1000, 1004, 985, 990)],
        long_at(3, stop_loss=[990, None, None]),
        {},
        [(1, 1, 10.0, "market")],
    ),
    "a fraction holds from the bar after the entry bar on": (
        [QUIET, (1000, 1004, 985, 990), (992, 993, 991, 992), (992, 995, 985, 990)],
        long_at(4, stop_pct=[Fraction(1, 100), None, None, None]),
        {},
        [(1, 1, 10.0, "market"), (3, -1, 9.9, "stop")],
    ),
    "or from the entry bar on": (
        [QUIET, (1000, 1004, 985, 990), QUIET],
        long_at(3, stop_pct=[Fraction(1, 100), None, None]),
        {"bracket_from": "entry_bar"},
        [(1, 1, 10.0, "market"), (1, -1, 9.9, "stop")],
    ),
    "a bar that opens beyond a stop fills at its open": (
        [QUIET, QUIET, (980, 983, 970, 975)],
        long_at(3, stop_offset=[10, None, None]),
        {},
        [(1, 1, 10.0, "market"), (2, -1, 9.8, "stop")],
    ),
    "a bar that opens beyond a target fills at its better open": (
        [QUIET, QUIET, (1020, 1025, 1015, 1020)],
        long_at(3, target_offset=[10, None, None]),
        {},
        [(1, 1, 10.0, "market"), (2, -1, 10.2, "target")],
    ),
    "or at the limit": (
        [QUIET, QUIET, (1020, 1025, 1015, 1020)],
        long_at(3, target_offset=[10, None, None]),
        {"limit_gap": "limit"},
        [(1, 1, 10.0, "market"), (2, -1, 10.1, "target")],
    ),
    "the extreme nearer to the open comes first: the high": (
        [QUIET, QUIET, (1002, 1012, 988, 1000)],
        long_at(3, stop_offset=[10, None, None], target_offset=[8, None, None]),
        {},
        [(1, 1, 10.0, "market"), (2, -1, 10.08, "target")],
    ),
    "the extreme nearer to the open comes first: the low": (
        [QUIET, QUIET, (998, 1012, 988, 1000)],
        long_at(3, stop_offset=[10, None, None], target_offset=[8, None, None]),
        {},
        [(1, 1, 10.0, "market"), (2, -1, 9.9, "stop")],
    ),
    "at equal distances the low comes first, which is a short's target": (
        [QUIET, QUIET, (1000, 1012, 988, 1000)],
        {"position": [-1] * 3, "stop_offset": [10] * 3, "target_offset": [10] * 3},
        {},
        [(1, -1, 10.0, "market"), (2, 1, 9.9, "target")],
    ),
    "at one point it is the stop": (
        [QUIET, QUIET, (990, 995, 985, 990)],
        long_at(3, stop_loss=[None, 992, None], take_profit=[None, 988, None]),
        {},
        [(1, 1, 10.0, "market"), (2, -1, 9.9, "stop")],
    ),
    "prices are rounded away from the position": (
        [QUIET, QUIET, (1000, 1010, 993, 1000), (1000, 1011, 993, 1000)],
        long_at(4, stop_offset=[Fraction(15, 2)] * 4, target_offset=[Fraction(21, 2)] * 4),
        {},
        [(1, 1, 10.0, "market"), (3, -1, 10.11, "target")],
    ),
    "a stop that is beyond the price already fills at the open": (
        [QUIET, (1000, 1005, 999, 1000)],
        long_at(2, stop_loss=[1003, None]),
        {},
        [(1, 1, 10.0, "market"), (1, -1, 10.0, "stop")],
    ),
    "an unchanged target does not open again what a stop closed": (
        [QUIET, (1000, 1004, 985, 990), QUIET, QUIET],
        long_at(4, stop_loss=[990] * 4),
        {},
        [(1, 1, 10.0, "market"), (1, -1, 9.9, "stop")],
    ),
    "a condition that rises after a stop enters again": (
        [QUIET, (1000, 1004, 985, 990), QUIET, QUIET, QUIET],
        {
            "long_condition": [True, True, False, True, True],
            "exit_long": [False] * 5,
            "stop_loss": [990, None, None, None, None],
        },
        {},
        [(1, 1, 10.0, "market"), (1, -1, 9.9, "stop"), (4, 1, 10.0, "market")],
    ),
    "what waits for the open comes before a stop of the same open": (
        [QUIET, QUIET, (980, 985, 975, 980)],
        {"position": [1, -1, -1], "stop_loss": [None, 990, None]},
        {},
        [(1, 1, 10.0, "market"), (2, -2, 9.8, "market")],
    ),
    "with the close clock a bracket holds from the bar after the signal's": (
        [QUIET, (1000, 1004, 985, 990), QUIET],
        long_at(3, stop_pct=[Fraction(1, 100)] * 3),
        {"clock": "close"},
        [(0, 1, 10.0, "market"), (1, -1, 9.9, "stop")],
    ),
    "a stop pays the costs of a market order and a limit does not": (
        [QUIET, QUIET, (1000, 1004, 985, 990), QUIET, QUIET, (1000, 1020, 999, 1000)],
        {
            "position": [1, 1, 1, -1, -1, 0],
            "stop_offset": [10, None, None, None, None, None],
            "take_profit": [None, None, None, None, 999, None],
        },
        {"cost": 2},
        [
            (1, 1, 10.02, "market"),
            (2, -1, 9.9, "stop"),
            (4, -1, 9.98, "market"),
            (5, 1, 9.99, "target"),
        ],
    ),
}


@pytest.mark.parametrize("words", LITERAL)
def test_by_hand(words: str) -> None:
    ticks, columns, options, fills = LITERAL[words]
    case = Case(ticks=ticks, columns=columns, **options)
    assert case.expected == fills
    assert fills_of(case.run()) == fills


def test_a_bracket_is_two_orders_of_which_one_is_cancelled() -> None:
    case = Case(
        ticks=[QUIET, QUIET, (1000, 1012, 999, 1000), QUIET],
        columns={"position": [1, 1, 1, 0], "stop_offset": [10] * 4, "target_offset": [8] * 4},
    )
    orders = case.run().orders
    assert orders.select("bar", "side", "type", "price", "status", "reason").rows() == [
        (0, "BUY", "MARKET", None, "FILLED", None),
        (1, "SELL", "STOP", 9.9, "CANCELLED", "stop"),
        (1, "SELL", "LIMIT", 10.08, "FILLED", "target"),
    ]


def test_a_stop_that_moves_is_one_order_with_its_last_price() -> None:
    stops = [980, 985, 990, 995, None]
    case = Case(
        ticks=[QUIET, QUIET, QUIET, (1000, 1005, 992, 1000), QUIET],
        columns={"position": [1, 1, 1, 0, 0], "stop_loss": stops},
    )
    assert case.run().orders.filter(type="STOP").select("bar", "price", "status").rows() == [
        (0, 9.9, "CANCELLED")
    ]


def test_a_bracket_of_a_position_that_is_open_at_the_end_is_open() -> None:
    case = Case(ticks=[QUIET] * 4, columns=long_at(4, stop_offset=[10] * 4))
    assert case.run().orders["status"].to_list() == ["FILLED", "OPEN"]


def test_the_targets_of_conditions_are_those_that_were_followed() -> None:
    case = Case(
        ticks=[QUIET, (1000, 1004, 985, 990), QUIET, QUIET],
        columns={
            "long_condition": [True, True, True, True],
            "exit_long": [False] * 4,
            "stop_loss": [990] * 4,
        },
    )
    assert case.run().targets.to_list() == [1, 0, 0, 0]


def test_where_both_entries_rise_the_log_names_the_bar() -> None:
    bars = bars_of([QUIET] * 3)
    columns = {"long_condition": [False, True, True], "short_condition": [False, True, False]}
    lines: list[str] = []
    signals = contract.compute_signals(strategy_of(columns), bars, params={}, context={})
    session.run_engine(bars=bars, targets=signals, spec=make_spec(params={}), log=lines.append)
    (line,) = lines
    assert line.endswith("both rise at bar 1 (2023-01-03 14:31 UTC): neither opens.")


def test_a_refused_entry_is_tried_again_where_its_condition_rises_again() -> None:
    bars = bars_of([QUIET] * 3 + [(100, 105, 95, 100)] * 3)
    columns = {"long_condition": [True, False, False, True, True, True], "exit_long": [False] * 6}
    signals = contract.compute_signals(strategy_of(columns), bars, params={}, context={})
    spec = make_spec(params={}, size=500, starting_cash=1000)
    result = session.run_engine(bars=bars, targets=signals, spec=spec)
    assert result.orders.select("bar", "status").rows() == [(0, "REJECTED"), (3, "FILLED")]
    assert result.targets.to_list() == [1, 0, 0, 1, 1, 1]


def test_a_trade_that_a_stop_closes_counts_that_bar_by_its_fill_alone() -> None:
    ticks = [QUIET, (1000, 1008, 998, 1004), (1004, 1030, 989, 1000), QUIET]
    columns = long_at(4, stop_offset=[10] * 4)
    frames, _ = backtest.trade(bars_of(ticks), make_spec(params={}), strategy=strategy_of(columns))
    (trade,) = frames["trades"].to_dicts()
    assert (trade["entry_bar"], trade["exit_bar"], trade["exit_reason"]) == (1, 2, "stop")
    assert (trade["mae_price"], trade["mfe_price"]) == pytest.approx((-0.1, 0.08))
    fill = frames["fills"].to_dicts()[1]
    assert (fill["intrabar"], fill["reference_price"], fill["slippage"]) == (True, 9.9, 0)
    assert fill["ts"] == bars_of(ticks)["ts_open"][2]
    assert frames["equity"]["position"].to_list() == [0, 1, 0, 0]


def test_an_account_is_ruined_inside_a_bracket_and_is_flat_at_the_next_open() -> None:
    ticks: list[Bar] = [QUIET, QUIET, (500, 505, 400, 450), (450, 460, 440, 450), QUIET]
    bars = bars_of(ticks)
    strategy = strategy_of(long_at(5, stop_loss=[None, None, None, 445, 445]))
    signals = contract.compute_signals(strategy, bars, params={}, context={})
    spec = make_spec(params={}, size=200, starting_cash=1000, max_leverage=3)
    result = session.run_engine(bars=bars, targets=signals, spec=spec)
    assert result.ruined_bar == 2
    assert result.executions.select("bar", "side", "price").rows() == [
        (1, "BUY", 10.0),
        (3, "SELL", 4.5),
    ]


@pytest.mark.parametrize(("clock", "status"), [("next_open", "OPEN"), ("close", "FILLED")])
def test_the_last_close_is_acted_on_after_a_stop_in_the_last_bar(
    clock: FillClock, status: str
) -> None:
    case = Case(
        ticks=[QUIET, QUIET, (1000, 1004, 985, 990)],
        columns={
            "long_condition": [True, False, True],
            "exit_long": [False] * 3,
            "stop_offset": [10] * 3,
        },
        clock=clock,
    )
    result = case.run()
    assert fills_of(result) == case.expected
    assert result.orders.row(-1, named=True)["status"] == status
    assert result.targets.to_list() == [1, 1, 1]


def test_a_condition_that_held_before_the_run_begins_does_not_rise_on_its_first_bar() -> None:
    closes = [10.0] * 6
    bars = make_bars(closes, closes, minutes=[0, 1, 1440, 1441, 1442, 1443])
    columns: dict[str, list[Any]] = {
        "long_condition": [False, True, True, False, True, True],
        "stop_pct": [None] * 6,
    }
    spec = make_spec(params={}, from_date=dt.date(2023, 1, 4))
    frames, _ = backtest.trade(bars, spec, strategy=strategy_of(columns))
    assert frames["signals"]["target"].to_list() == [0, 0, 1, 1]
    assert frames["fills"]["bar"].to_list() == [3]


def test_ruin_is_seen_after_a_close_at_which_the_conditions_change_nothing() -> None:
    dollars = [(100, 101, 99, 100)] * 5
    dollars += [(80, 80, 70, 75), (80, 120, 80, 110), (110, 111, 109, 110)]
    ticks = [(a * 100, b * 100, c * 100, d * 100) for a, b, c, d in dollars]
    columns = {
        "long_condition": [row in {0, 3} for row in range(len(ticks))],
        "exit_long": [row == 3 for row in range(len(ticks))],
    }
    spec = make_spec(params={}, starting_cash=20, max_leverage=100)
    frames, _ = backtest.trade(bars_of(ticks), spec, strategy=strategy_of(columns))
    assert frames["fills"].select("bar", "side").rows() == [(1, "BUY"), (6, "SELL")]
    assert frames["orders"]["reason"].to_list() == [None, "ruined"]
