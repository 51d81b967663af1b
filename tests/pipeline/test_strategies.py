"""Parameters are read or refused; a strategy's answer becomes targets or an error."""

from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import describe_rule, read_fields
from hewston.pipeline.spec import read_run_fields
from hewston.pipeline.strategies import buy_and_hold, contract, sma_crossover
from hewston.pipeline.strategies.catalogue import BUILT_IN, find_strategy, source_sha256
from tests.pipeline.frames import make_bars, random_bars


def sma_params(**given: object) -> dict[str, Any]:
    return read_fields(sma_crossover.PARAMS, given, of="parameter", prefix="params.")


def test_parameters_have_defaults_and_may_be_typed_as_text() -> None:
    assert sma_params() == {"fast": 20, "slow": 50}
    assert sma_params(fast="9", slow="21") == {"fast": 9, "slow": 21}


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"min": 1 / 60, "max": 2000.0}, "a number from 0.0167 to 2000"),
        ({"above": 0, "max": 1e11}, "a number above 0, at most 100,000,000,000"),
        ({"min": 0}, "a number of at least 0"),
    ],
)
def test_limits_are_written_as_people_write_them(limits: dict[str, float], sentence: str) -> None:
    assert describe_rule({"type": "float", **limits}) == sentence


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"fast": 50}, "params.fast", r"fast \(50\) must be less than slow \(50\)"),
        ({"fast": 60, "slow": 50}, "params.fast", "must be less than slow"),
        ({"fats": 9}, "params.fats", "Did you mean fast"),
        ({"fast": "nine"}, "params.fast", "nine, but must be a whole number from 1 to 5000"),
        ({"fast": 2.5}, "params.fast", "whole number"),
        ({"fast": True}, "params.fast", "whole number"),
        ({"fast": None}, "params.fast", "whole number"),
        ({"slow": 0}, "params.slow", "from 2 to 5000"),
        ({"slow": 10**9}, "params.slow", "from 2 to 5000"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_it_may_be(
    given: dict[str, object], field: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as refusal:
        sma_params(**given)
    assert refusal.value.details["field"] == field
    assert refusal.value.details["allowed"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"fees_bps": -1}, "fees_bps"),
        ({"k_spread": "-0.1"}, "k_spread"),
        ({"fee_per_unit": float("nan")}, "fee_per_unit"),
        ({"slippage_ticks": "inf"}, "slippage_ticks"),
        ({"size": 0}, "size"),
        ({"starting_cash": "-5"}, "starting_cash"),
        ({"max_leverage": 0}, "max_leverage"),
        ({"session": "night"}, "session"),
        ({"fill_clock": "open"}, "fill_clock"),
        ({"from": "01/02/2023"}, "from"),
        ({"from": "2023-01-05", "to": "2023-01-04"}, "from"),
        ({"seed": -1}, "seed"),
        ({"fees": 1}, "fees"),
        ({"spread_fallback": "2"}, "spread_fallback"),
        ({"spread_fallback": "tick=2"}, "spread_fallback.tick"),
        ({"spread_fallback": "bps=-2"}, "spread_fallback.bps"),
        ({"spread_fallback": {"ticks": 1, "bps": 1}}, "spread_fallback"),
    ],
)
def test_a_wrong_option_of_a_run_is_refused_with_its_field(
    given: dict[str, object], field: str
) -> None:
    with pytest.raises(InputError) as refusal:
        read_run_fields(given)
    assert refusal.value.details["field"] == field


def test_options_left_out_take_their_defaults() -> None:
    values = read_run_fields({"size": None, "spread_fallback": "ticks=2"})
    assert values["size"] == 1
    assert values["slippage_fees"].k_spread == 0.5
    assert values["slippage_fees"].spread_fallback.ticks == 2


def test_an_unknown_strategy_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InputError, match="Did you mean sma_crossover"):
        find_strategy("sma_crosover")
    with pytest.raises(
        InputError, match="Known: bollinger_breakout, buy_and_hold, donchian_breakout"
    ):
        find_strategy("xyzzy")


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_built_in_strategy_documents_itself_and_has_a_hash(name: str) -> None:
    strategy = find_strategy(name)
    assert strategy.__doc__
    assert len(source_sha256(strategy)) == 64
    assert all(rule["help"] for rule in strategy.PARAMS.values())


def test_sma_crossover_acts_on_crossings_only() -> None:
    closes = [10.0, 9, 8, 7, 8, 10, 12, 12, 9, 6]
    bars = make_bars(closes, closes)
    signals = contract.compute_signals(
        sma_crossover, bars, params={"fast": 2, "slow": 3}, context={}
    )
    frame = pd.Series(closes)
    fast, slow = frame.rolling(2).mean(), frame.rolling(3).mean()
    over = (fast > slow) & (fast.shift() <= slow.shift())
    under = (fast < slow) & (fast.shift() >= slow.shift())
    expected = pd.Series(np.where(over, 1.0, np.where(under, -1.0, np.nan))).ffill().fillna(0)
    assert signals["target"].to_list() == expected.to_list()
    assert signals.filter("changed")["reason"].to_list() == ["over", "under"]
    assert signals["fast"].to_list()[1:] == fast.to_list()[1:]
    assert signals["fast"][0] is None


def test_equal_averages_are_no_crossing_whatever_the_rounding() -> None:
    closes = [33.31, 33.35, 33.29, 33.37] + [33.33] * 400
    bars = make_bars(closes, closes)
    signals = contract.compute_signals(
        sma_crossover, bars, params={"fast": 20, "slow": 50}, context={}
    )
    assert not signals["changed"][60:].any()


def test_buy_and_hold_buys_at_the_first_bar_that_may_be_traded() -> None:
    bars = make_bars([1.0] * 4, [1.0] * 4)
    context = {"trade_from": bars["ts_open"][2]}
    signals = contract.compute_signals(buy_and_hold, bars, params={}, context=context)
    assert signals["changed"].to_list() == [False, False, True, False]


def strategy_of(answer: object) -> ModuleType:
    """A strategy that answers what it is told; a function answers for the frame."""

    def run_strategy(frame: pd.DataFrame) -> object:
        return answer(frame) if callable(answer) else answer

    return cast("ModuleType", SimpleNamespace(run_strategy=run_strategy))


def answer_with(**columns: object) -> ModuleType:
    return strategy_of(lambda frame: frame[[]].assign(**columns))


def test_a_missing_target_keeps_the_one_before_and_is_zero_at_first() -> None:
    bars = make_bars([1.0] * 6, [1.0] * 6)
    nan = float("nan")
    strategy = answer_with(position=[nan, -0.0, 2, nan, -1, nan])
    signals = contract.compute_signals(strategy, bars, params={}, context={})
    assert signals["target"].to_list() == [0, 0, 2, 2, -1, -1]
    assert signals["changed"].to_list() == [False, False, True, False, True, False]


def test_indicators_are_kept_as_numbers_whatever_their_names() -> None:
    bars = make_bars([1.0] * 2, [1.0] * 2)
    strategy = answer_with(position=[0, 1], **{"my line": [1.5, float("nan")], "up": [True, False]})
    signals = contract.compute_signals(strategy, bars, params={}, context={})
    assert signals["my line"].to_list() == [1.5, None]
    assert signals["up"].to_list() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        (strategy_of(None), "returned NoneType, not a DataFrame"),
        (strategy_of(lambda f: f[["close"]]), "no column position"),
        (strategy_of(lambda f: f[[]].assign(position=0)[:-1]), "2 rows for 3 bars"),
        (
            strategy_of(lambda f: f[[]].assign(position=0).iloc[::-1]),
            "changed the index: row 0",
        ),
        (answer_with(position=[0, np.inf, 0]), "position is infinite at row 1"),
        (answer_with(position=["a", "b", "c"]), "column position holds"),
        (answer_with(position=[0, 1, 0], line=[1, 2, np.inf]), "line is infinite at row 2"),
        (answer_with(position=[0, 1, 0], line=["x", "y", "z"]), "column line holds"),
        (
            strategy_of(
                lambda f: pd.DataFrame(
                    np.zeros((len(f), 2)), index=f.index, columns=["position", "position"]
                )
            ),
            "column position twice",
        ),
    ],
)
def test_a_wrong_answer_is_an_error_that_names_the_column_and_row(
    strategy: ModuleType, sentence: str
) -> None:
    bars = make_bars([1.0] * 3, [1.0] * 3)
    with pytest.raises(InputError, match=sentence):
        contract.compute_signals(strategy, bars, params={}, context={})


def test_a_strategy_cannot_change_the_bars_of_the_run() -> None:
    bars = random_bars(10)
    before = bars.clone()

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        frame["close"] = 0.0
        return frame[[]].assign(position=1.0)

    contract.compute_signals(strategy_of(spoil), bars, params={}, context={})
    assert bars.equals(before)
