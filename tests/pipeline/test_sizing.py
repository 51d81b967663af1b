"""How many lots a target means, by the run's sizing."""

from fractions import Fraction
from typing import Any

import pytest

from hewston.pipeline.engine.result import EngineResult
from hewston.pipeline.engine.session import run_engine
from hewston.pipeline.errors import InputError
from hewston.pipeline.spec import Instrument, RunSpec, SlippageFees, read_run_fields
from tests.pipeline.frames import make_bars, make_spec, make_targets


def trade(
    closes: list[float], targets: list[float], **changes: Any
) -> tuple[EngineResult, list[tuple[int, str, float]]]:
    bars = make_bars(closes, closes)
    spec = make_spec(**{"fill_clock": "close", "max_leverage": 10, **changes})
    result = run_engine(bars=bars, targets=make_targets(targets), spec=spec)
    return result, result.executions.select("bar", "side", "qty").rows()


def test_a_percentage_of_equity_is_counted_at_each_signals_close() -> None:
    # 1,000 at first: half is 500, 5 units at 100. At 120 equity is 1,100: half is 550, 4 units.
    _, fills = trade(
        [100, 120, 120, 50, 50],
        [1, 1, 0, -1, -1],
        sizing="percent_of_equity",
        size=50,
        starting_cash=1000,
    )
    assert fills == [(0, "BUY", 5.0), (2, "SELL", 5.0), (3, "SELL", 11.0)]


def test_an_unchanged_target_is_not_sized_anew_and_a_changed_one_is() -> None:
    _, fills = trade(
        [100, 200, 200], [1, 1, 2], sizing="percent_of_equity", size=10, starting_cash=10_000
    )
    # Equity 11,000 at 200: 10 % are 5 units, a target of 2 holds 11 with the rest rounded away.
    assert fills == [(0, "BUY", 10.0), (2, "BUY", 1.0)]


def test_cash_buys_as_many_whole_lots_as_it_pays_for() -> None:
    _, fills = trade([99.5, 99.5, 40], [1, 0, -0.5], sizing="cash", size=1000)
    assert fills == [(0, "BUY", 10.0), (1, "SELL", 10.0), (2, "SELL", 12.0)]


def test_a_multiplier_counts_in_what_money_buys() -> None:
    future = Instrument(asset_class="future", multiplier=50, tick_size=0.25)
    _, fills = trade([100, 100], [1, 1], sizing="cash", size=26_000, instrument=future)
    assert fills == [(0, "BUY", 5.0)]


def test_all_of_the_equity_is_affordable_without_leverage() -> None:
    result, fills = trade(
        [33.3, 33.3],
        [1, 1],
        sizing="percent_of_equity",
        size=100,
        max_leverage=1,
        starting_cash=1000,
        instrument=Instrument(asset_class="crypto", lot=1e-8),
        slippage_fees=SlippageFees(k_spread=0, fees_bps=10),
    )
    assert fills == [(0, "BUY", 30.03003003)]
    assert result.orders["status"].to_list() == ["FILLED"]


def test_many_small_lots_are_never_rounded_up() -> None:
    for price in range(150, 200):
        result, fills = trade(
            [float(price)] * 2,
            [1, 1],
            sizing="percent_of_equity",
            size=100,
            max_leverage=1,
            starting_cash=1e6,
            instrument=Instrument(asset_class="crypto", lot=1e-8),
        )
        assert result.orders["status"].to_list() == ["FILLED"]
        assert Fraction(fills[0][2]) * price <= Fraction(10**6) * (1 + Fraction(1, 10**15))


def test_more_lots_than_can_be_counted_are_refused_with_a_sentence() -> None:
    with pytest.raises(InputError, match="fewer than"):
        trade(
            [0.00001234] * 3,
            [1, -1, -1],
            sizing="cash",
            size=1e6,
            instrument=Instrument(asset_class="crypto", lot=1e-8, price_precision=12),
        )


def test_more_than_the_leverage_allows_is_refused() -> None:
    result, fills = trade([100, 100], [1, 1], sizing="percent_of_equity", size=150, max_leverage=1)
    assert fills == []
    assert result.orders["reason"].to_list() == ["buying_power"]


@pytest.mark.parametrize("price", [0.0, -5.0])
def test_money_buys_nothing_at_a_price_that_is_not_above_zero(price: float) -> None:
    lines: list[str] = []
    bars = make_bars([price] * 2, [price] * 2)
    spec = make_spec(fill_clock="close", sizing="cash", size=1000)
    result = run_engine(bars=bars, targets=make_targets([1, 1]), spec=spec, log=lines.append)
    assert result.executions.is_empty()
    assert lines == ["A target at bar 0 is less than one lot: no order."]


def test_a_position_too_large_to_fill_is_refused_where_it_is_asked_for() -> None:
    with pytest.raises(InputError) as refusal:
        trade([1e-6, 1e-6], [1, 1], sizing="cash", size=1e9)
    assert refusal.value.details["field"] == "size"


@pytest.mark.parametrize("sizing", ["percent_of_equity", "cash"])
def test_a_size_that_is_no_number_of_units_must_be_said(sizing: str) -> None:
    with pytest.raises(InputError, match="size must say how much") as refusal:
        read_run_fields({"sizing": sizing})
    assert refusal.value.details["field"] == "size"
    assert read_run_fields({"sizing": sizing, "size": "25"})["size"] == 25


def test_a_manifest_without_the_newer_options_has_their_defaults() -> None:
    spec = make_spec()
    older = spec.as_json()
    for name in ("sizing", "limit_gap", "max_leverage"):
        del older[name]
    assert RunSpec.from_json(older) == spec
