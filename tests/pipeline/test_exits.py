"""Stops and limits inside the bar: the engine against the contract in plain Python."""

import dataclasses
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

from hewston.pipeline import engine
from hewston.pipeline.engine import session
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

    def run(self) -> engine.EngineResult:
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
        return engine.run_engine(bars=bars, targets=signals, spec=spec)

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


def fills_of(result: engine.EngineResult) -> list[Fill]:
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
