"""Runs beside each other: decisions, figures, curves, sentences."""

import copy
import datetime as dt

import numpy as np
import polars as pl
import pytest

from hewston.pipeline import comparison
from hewston.pipeline.comparison.sentences import conclude
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.schemas import UTC_NS
from hewston.pipeline.strategies.catalogue import find_strategy, source_sha256
from tests.pipeline.frames import make_spec
from tests.pipeline.trades import OPEN, a_trade, make_trades

CASH = 100_000.0
MINUTE = dt.timedelta(minutes=1)


def make_run(name, *trades, bars=60, first=0, equity=None, **changes):
    """A run as it is read: its account moves by its trades, at the last bar."""
    rows = make_trades(*trades)
    dataset_id = changes.pop("dataset_id", "TEST-1m")
    metrics = changes.pop("metrics", {"values": {}, "reasons": {}})
    revision = changes.pop("revision", 1)
    outputs = changes.pop("outputs", name)
    spec = make_spec(**changes).as_json()
    if equity is None:
        equity = [CASH] * (bars - 1) + [CASH + float(rows["net_pnl"].sum())]
    starts = [OPEN + MINUTE * (first + bar) for bar in range(len(equity))]
    return comparison.ComparedRun(
        run_id=name,
        revision=revision,
        manifest={
            "spec": spec,
            "dataset_id": dataset_id,
            "code_hash": "c" * 64,
            "env_lock": {"python": "3.12.1", "packages": {"polars": "1"}},
            "output_hashes": {"trades": outputs},
            "created_at": name,
        },
        metrics=metrics,
        trades=rows,
        equity=pl.DataFrame(
            {"ts_open": starts, "equity": equity}, schema={"ts_open": UTC_NS, "equity": pl.Float64}
        ),
    )


def says(a, b, tolerance=1):
    return {
        one.key: one.message
        for one in conclude(comparison.compare_trades(a, b, tolerance=tolerance))
    }


def differing(*runs):
    return {one.name: one.values for one in comparison.list_decisions(runs) if one.differs}


def test_only_what_differs_is_told_first_group_by_group():
    a = make_run("a")
    b = make_run("b", params={"fast": 2, "slow": 9}, fill_clock="close", revision=2)
    assert differing(a, b) == {
        "spec.params.slow": (3, 9),
        "revision": (1, 2),
        "spec.fill_clock": ("next_open", "close"),
    }
    groups = [one.group for one in comparison.list_decisions((a, b)) if one.differs]
    assert groups == ["parameters", "data", "clock"]
    assert differing(a, a, a) == {}


def test_what_only_one_run_says_differs_and_a_truth_is_no_number():
    a = make_run("a", params={"fast": 2, "slow": 3})
    b = make_run("b", strategy_id="buy_and_hold", params={"hedged": True})
    assert differing(a, b)["spec.params.hedged"] == (None, True)
    rows = {one.name: one for one in comparison.list_decisions((a, b))}
    assert rows["spec.params.fast"].is_said == (True, False)
    one = make_run("c", params={"hedged": 1})
    assert "spec.params.hedged" in differing(b, one)


def test_environment_and_code_are_compared_with_the_rest():
    a, b = make_run("a"), make_run("b")
    b.manifest["env_lock"]["packages"]["polars"] = "2"
    b.manifest["code_hash"] = "d" * 64
    assert differing(a, b) == {
        "code_hash": ("c" * 64, "d" * 64),
        "env_lock.packages.polars": ("1", "2"),
    }


def test_the_sources_of_two_strategies_are_compared_line_by_line():
    known = {
        name: {"strategy_id": name, "strategy_sha256": source_sha256(find_strategy(name))}
        for name in ("sma_crossover", "buy_and_hold")
    }
    a = make_run("a", **known["sma_crossover"])
    b = make_run("b", **known["buy_and_hold"])
    found = comparison.compare_sources(a, b)
    assert found is not None
    assert found.lines is not None
    assert found.lines[:2] == ("--- sma_crossover (run a)", "+++ buy_and_hold (run b)")
    assert any(line.startswith("+def run_strategy") for line in found.lines)
    assert comparison.compare_sources(a, a) is None


@pytest.mark.parametrize("name", ["sma_crossover", "long_gone"])
def test_a_source_that_changed_since_is_said_and_not_guessed(name):
    a = make_run("a", strategy_id=name, strategy_sha256="1" * 64)
    b = make_run("b", strategy_id=name, strategy_sha256="2" * 64)
    found = comparison.compare_sources(a, b)
    assert found is not None
    assert found.lines is None
    assert "changed since run a and run b" in found.reason
    assert (found.a_sha256, found.b_sha256) == ("1" * 64, "2" * 64)


def figures_of(*runs):
    return {row.metric.key: row.figures for row in comparison.compare_figures(runs)}


def test_a_figure_is_better_or_worse_by_the_registry():
    values = dict.fromkeys(METRICS, 1.0)
    a = make_run("a", metrics={"values": values, "reasons": {}})
    b = make_run("b", metrics={"values": dict.fromkeys(METRICS, 3.0), "reasons": {}})
    found = figures_of(a, b)
    assert [(one.difference, one.verdict) for one in found["net_profit"]] == [
        (None, ""),
        (2.0, "better"),
    ]
    assert found["max_drawdown"][1].verdict == "worse"
    assert found["beta"][1].verdict == "other"
    assert figures_of(a, copy.copy(a))["sharpe"][1].verdict == "same"


def test_a_figure_that_is_absent_has_a_reason_and_no_difference():
    a = make_run("a", metrics={"values": {"sharpe": 1.0}, "reasons": {}})
    b = make_run("b", metrics={"values": {"sharpe": None}, "reasons": {"sharpe": "too few"}})
    [_, sharpe] = figures_of(a, b)["sharpe"]
    assert (sharpe.value, sharpe.difference, sharpe.reason) == (None, None, "too few")
    assert figures_of(a, b)["calmar"][0].reason == "the run is older than this metric"


def test_amounts_of_two_currencies_are_not_subtracted():
    values = {"values": {"net_profit": 5.0, "sharpe": 1.0}, "reasons": {}}
    a, b = make_run("a", a_trade(1, 2), metrics=values), make_run("b", metrics=values)
    b.manifest["spec"]["instrument"]["currency"] = "EUR"
    found = figures_of(a, b)
    assert found["net_profit"][1].difference is None
    assert found["net_profit"][1].reason == "in EUR, not USD"
    assert found["sharpe"][1].difference == 0
    compared = comparison.compare_trades(a, b)
    assert compared.waterfall is None
    assert "A's account is in USD and B's in EUR" in says(a, b)["other_currency"]


def test_trades_of_one_dataset_are_placed_among_the_bars_of_both_runs():
    a = make_run("a", a_trade(5, 9), bars=20)
    # The same market times, ten bars later in a run that began ten bars earlier.
    later = a_trade(15, 19) | {name: a_trade(5, 9)[name] for name in ("entry_ts", "exit_ts")}
    b = make_run("b", later, bars=30, first=-10)
    compared = comparison.compare_trades(a, b, tolerance=0)
    assert (compared.unit, compared.matches["kind"][0]) == ("bars", "matched")


def test_trades_of_other_bars_are_matched_by_their_time():
    a = make_run("a", a_trade(10, 20))
    b = make_run("b", a_trade(12, 24), interval="5m", equity=[CASH] * 12)
    compared = comparison.compare_trades(a, b, tolerance=1)
    assert compared.unit == "ms"
    assert compared.matches.select("kind", "entry_moved", "exit_moved").row(0) == (
        "moved",
        120_000,
        240_000,
    )
    assert comparison.compare_trades(a, b, tolerance=0).matches.height == 2
    elsewhere = make_run("c", a_trade(10, 20), dataset_id="OTHER-1m")
    assert comparison.compare_trades(a, elsewhere).unit == "ms"
    assert "other_data" in says(a, elsewhere)


def test_every_kind_is_counted_and_counts_turn_round_with_the_runs():
    a = make_run("a", a_trade(1, 2), a_trade(5, 6), a_trade(30, 31))
    b = make_run("b", a_trade(1, 2, fees=1), a_trade(6, 7), a_trade(40, 41), a_trade(50, 51))
    there = {one.kind: one for one in comparison.compare_trades(a, b).kinds}
    back = {one.kind: one for one in comparison.compare_trades(b, a).kinds}
    assert {kind: one.count for kind, one in there.items()} == {
        "matched": 1,
        "moved": 1,
        "other price": 0,
        "other quantity": 0,
        "only in A": 1,
        "only in B": 2,
    }
    assert there["matched"].difference == -1
    turned = {"only in A": "only in B", "only in B": "only in A"}
    for kind, one in there.items():
        other = back[turned.get(kind, kind)]
        assert (one.count, one.difference) == (other.count, -other.difference)


def test_the_net_profit_counts_what_is_still_open():
    a = make_run("a", equity=[CASH, CASH + 12.5])
    b = make_run("b", a_trade(1, None, out=103), equity=[CASH, CASH + 30])
    waterfall = comparison.compare_trades(a, b).waterfall
    assert waterfall is not None
    amounts = {step.key: float(step.amount) for step in waterfall.steps if step.amount}
    assert amounts == {"open": 30.0, "residual": -12.5}
    assert float(waterfall.difference) == 17.5
    assert says(a, b)["residual"] == "-12.50 USD of the difference no trade explains."


THREE = [(1, 5), (10, 15), (20, 25)]


def test_entries_that_are_all_one_bar_apart_are_one_cause():
    a = make_run("a", *(a_trade(*ends) for ends in THREE))
    b = make_run("b", *(a_trade(e - 1, x - 1) for e, x in THREE), fill_clock="close")
    assert says(a, b)["fill_clock"] == (
        "All entries are one bar apart: the fill clock differs, A fills at the next open and B "
        "fills at the close."
    )
    assert says(a, make_run("c", *(a_trade(e + 2, x + 2) for e, x in THREE)), 3)["shifted"] == (
        "All entries are 2 bars later in B, at the same fill clock."
    )
    few = make_run("d", a_trade(0, 4), fill_clock="close")
    assert "fill_clock" not in says(a, few)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"fees": 1}, "only_costs"),
        ({"slippage": 1}, "only_costs"),
        ({"qty": 20}, "only_quantities"),
        ({"out": 102}, None),
        ({"qty": 20, "fees": 1}, None),
        ({}, None),
    ],
)
def test_trades_that_differ_in_one_thing_only_are_recognised(change, key):
    a = make_run("a", *(a_trade(*ends) for ends in THREE))
    b = make_run("b", *(a_trade(*ends, **change) for ends in THREE))
    assert set(says(a, b)) & {"only_costs", "only_quantities"} == ({key} if key else set())


def test_runs_that_are_the_same_or_ought_to_be_are_told():
    a, b = make_run("a", outputs="same"), make_run("b", outputs="same")
    assert says(a, b) == {
        "identical": "Both runs have the same results, byte for byte.",
        "no_trades": "Neither run made a trade.",
    }
    assert "other_results" in says(a, make_run("c"))
    assert "other_results" not in says(a, make_run("c", seed=5))


def test_other_bars_other_times_and_nothing_matched_are_told():
    a = make_run("a", a_trade(1, 2), bars=20)
    b = make_run("b", a_trade(9, 12), bars=20, bars_sha256="1" * 64, revision=2)
    assert "A is on revision 1 of TEST-1m, B on revision 2" in says(a, b)["other_bars"]
    assert says(a, b)["nothing_matched"] == (
        "No trade of one run is matched in the other within 1 bar."
    )
    assert "no_common_time" in says(a, make_run("c", bars=5, first=50))


def test_one_trade_that_makes_most_of_the_difference_is_named():
    ends = [(10 * row, 10 * row + 5) for row in range(5)]
    a = make_run("a", *(a_trade(*one) for one in ends))
    b = make_run("b", *(a_trade(*one, out=150 if one[0] == 20 else 101.1) for one in ends))
    assert says(a, b)["one_trade"].startswith("One trade, number 3 of A, makes 99%")


def test_curves_are_one_at_the_common_start():
    a = make_run("a", equity=[CASH, CASH * 1.1, CASH * 0.99, CASH * 1.2])
    b = make_run("b", first=2, equity=[CASH * 1.05, CASH])
    drawn = comparison.draw_curves((a, b))
    assert drawn.start == OPEN + 2 * MINUTE
    assert drawn.bars_a_point == 1
    one, other = drawn.curves
    assert one.growth == pytest.approx([0.9, 1.2 / 1.1])  # over its equity just before
    assert other.growth == pytest.approx([1.05, 1.0])  # over the cash it began with
    assert one.drawdown == pytest.approx([0.1, 0])
    assert other.drawdown == pytest.approx([0, 1 - 1 / 1.05])
    assert (one.end, one.deepest) == pytest.approx((1.2 / 1.1, 0.1))


def test_a_point_holds_the_last_equity_and_the_deepest_drawdown_of_its_bars():
    equity = [CASH, CASH * 1.2, CASH * 0.6, CASH * 1.2, CASH * 1.3]
    a, b = make_run("a", equity=equity), make_run("b", equity=equity[:3])
    drawn = comparison.draw_curves((a, b), most_points=2)
    assert drawn.bars_a_point == 3
    assert drawn.ts_open.to_list() == [OPEN + 2 * MINUTE, OPEN + 4 * MINUTE]
    assert drawn.curves[0].growth == pytest.approx([0.6, 1.3])
    assert drawn.curves[0].drawdown == pytest.approx([0.5, 0])
    assert drawn.curves[1].growth[0] == pytest.approx(0.6)
    assert np.isnan(drawn.curves[1].growth[1])  # it has ended
    assert drawn.curves[1].deepest == pytest.approx(0.5)


def test_curves_of_runs_without_common_time_begin_with_their_cash():
    a, b = make_run("a", equity=[CASH, CASH * 1.1]), make_run("b", first=9, equity=[CASH * 2])
    drawn = comparison.draw_curves((a, b))
    assert drawn.start is None
    assert [curve.end for curve in drawn.curves] == pytest.approx([1.1, 2])
    assert np.isnan(drawn.curves[1].growth[:2]).all()


def test_an_account_at_zero_has_no_curve():
    a = make_run("a", equity=[-1.0, -1.0, -1.0])
    b = make_run("b", first=1, equity=[CASH, CASH])
    broke, other = comparison.draw_curves((a, b)).curves
    assert broke.reason == "Equity of run a is at or below zero at the start."
    assert np.isnan(broke.growth).all()
    assert other.end == 1


def test_a_report_is_plain_json_and_names_every_run():
    runs = [make_run(name, a_trade(1, 2 + at), seed=at) for at, name in enumerate("abc")]
    report = comparison.describe_comparison(runs, comparison.compare_trades(runs[0], runs[2]))
    assert (report["a"], report["b"]) == ("a", "c")
    [seed] = report["differs"]
    assert seed["values"] == {"a": 0, "b": 1, "c": 2}
    assert set(report["metrics"][0]["runs"]) == {"a", "b", "c"}
    waterfall = report["waterfall"]
    assert sum(step["amount"] for step in waterfall["steps"]) == waterfall["difference"]
    assert report["source"] is None
