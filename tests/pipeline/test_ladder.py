"""Where the profit of a cost ladder is gone, and what is said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline import backtest
from hewston.pipeline.ladder import (
    CLOCKS,
    FACTORS,
    Step,
    conclude,
    find_even_factor,
    is_free,
    scale_costs,
)
from hewston.pipeline.spec import SlippageFees, SpreadFallback
from tests.pipeline.frames import make_spec, random_bars

COSTS = SlippageFees(
    k_spread=0.5,
    slippage_ticks=1,
    fees_bps=2,
    fee_per_unit=0.01,
    spread_fallback=SpreadFallback(ticks=2),
)


def steps(*profits: float) -> list[Step]:
    pairs = zip(FACTORS, profits, strict=False)
    return [Step(cost_factor=factor, net_profit=profit) for factor, profit in pairs]


def test_every_cost_is_scaled_and_the_assumed_spread_is_not() -> None:
    assert scale_costs(COSTS, 2) == SlippageFees(
        k_spread=1,
        slippage_ticks=2,
        fees_bps=4,
        fee_per_unit=0.02,
        spread_fallback=COSTS.spread_fallback,
    )
    assert scale_costs(COSTS, 1) == COSTS
    assert is_free(scale_costs(COSTS, 0))
    assert not is_free(SlippageFees(k_spread=0, fees_bps=0, fee_per_unit=0.01))


@pytest.mark.parametrize(
    ("profits", "even"),
    [
        ((100, 50, 0, -100), 1.0),
        ((100, 60, 20, -60), 1.25),
        ((30, -10, -50, -130), 0.375),
        ((-1, -2, -3, -4), 0.0),
        ((0, -2, -3, -4), 0.0),
        ((100, 90, 80, 60), None),
        ((100, -100, 50, -50), 0.25),  # refused orders may turn it: the first time counts
    ],
)
def test_the_profit_is_gone_where_a_line_between_two_rungs_meets_zero(
    profits: tuple[float, ...], even: float | None
) -> None:
    assert find_even_factor(steps(*profits)) == even
    assert find_even_factor(steps(*profits)[::-1]) == even


@given(gross=st.floats(1, 1e6), cost=st.floats(1, 1e6))
def test_costs_that_grow_evenly_are_met_exactly(gross: float, cost: float) -> None:
    found = find_even_factor(steps(*(gross - factor * cost for factor in FACTORS)))
    if gross / cost > FACTORS[-1]:
        assert found is None
    else:
        assert found == pytest.approx(gross / cost)


def test_one_sentence_says_it_for_both_clocks() -> None:
    assert conclude({"close": steps(100, 60, 20, -60), "next_open": steps(9, 8, 7, 5)}) == (
        "Filled at the close, the profit is gone at 1.25 times its costs; "
        "filled at the next open, it still earns at 2 times its costs."
    )
    assert conclude({"close": steps(-1, -2, -3, -4), "next_open": steps(1, 1)}) == (
        "Filled at the close, it earns nothing even without costs; "
        "filled at the next open, it is not known yet, since not every run is done."
    )
    assert conclude({clock: steps(9, 8, 7, 5) for clock in CLOCKS}) == (
        "Filled at the close or at the next open, it still earns at 2 times its costs."
    )
    assert "not every run is done" in conclude({})


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_run_pays_in_proportion_to_the_factor(clock: str) -> None:
    bars = random_bars(800, seed=5)
    paid = []
    for factor in FACTORS:
        spec = make_spec(fill_clock=clock, slippage_fees=scale_costs(COSTS, factor), size=10)
        figures = backtest.trade(bars, spec)[1]["values"]
        paid.append(figures["fees_paid"] + figures["slippage_paid"])
    assert paid[0] == 0
    assert [one / paid[2] for one in paid] == pytest.approx([0, 0.5, 1, 2], rel=1e-4)
