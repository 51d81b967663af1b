"""Metrics: by hand, at the edges of their samples, and beside two well-known libraries."""

import datetime as dt
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline.metrics import (
    METRICS,
    describe_least,
)
from tests.pipeline.accounts import (
    CLOSING,
    DAY,
    chosen,
    equity_of,
    levels_after,
    report_of,
    trade,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"


DAILY = ["alpha", "beta", "volatility", "sharpe", "sortino", "calmar", "skew", "var_95", "cvar_95"]
UP_AND_DOWN = [0.02, -0.01] * 10  # mean 0.005, every return 0.015 away from it


# Returns


def test_total_return_is_over_the_starting_cash() -> None:
    assert report_of(equity_of([90.0, 125.0])).values["total_return"] == 0.25


def test_growth_a_year_counts_the_days_that_passed() -> None:
    times = [CLOSING, CLOSING + 2 * dt.timedelta(days=365.2425)]
    report = report_of(equity_of([100.0, 121.0], times=times))
    assert report.values["cagr"] == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize(("days", "is_known"), [(29.99, False), (30.0, True)])
def test_growth_a_year_needs_thirty_days(days: float, is_known: bool) -> None:  # noqa: FBT001
    times = [CLOSING, CLOSING + dt.timedelta(days=days)]
    report = report_of(equity_of([100.0, 121.0], times=times))
    assert (report.values["cagr"] is not None) is is_known
    expected = None if is_known else "needs at least 30 days, has 29"
    assert report.reasons.get("cagr") == expected


def test_buy_and_hold_goes_from_the_first_close_to_the_last() -> None:
    report = report_of(equity_of([100.0] * 3, closes=[8.0, 20.0, 10.0]))
    assert report.values["buy_and_hold_return"] == 0.25


def test_a_negative_first_close_has_no_buy_and_hold_return() -> None:
    report = report_of(equity_of([100.0] * 2, closes=[-8.0, 20.0]))
    assert report.values["buy_and_hold_return"] is None
    assert report.reasons["buy_and_hold_return"] == "the first close is 0 or below"


# Drawdown


def test_the_deepest_drawdown_is_told_from_its_peak_to_its_recovery() -> None:
    report = report_of(equity_of([100.0, 120.0, 110.0, 90.0, 120.0, 119.0]))
    assert report.values["max_drawdown"] == 0.25
    assert report.drawdown == {
        "start": "2023-01-03T20:59:00Z",
        "trough": "2023-01-05T20:59:00Z",
        "recovery": "2023-01-06T20:59:00Z",
        "duration_days": 3.0,
        "duration_bars": 3,
    }


def test_a_drawdown_without_recovery_lasts_to_the_last_bar() -> None:
    report = report_of(equity_of([100.0, 50.0, 60.0, 70.0]))
    assert report.drawdown["recovery"] is None
    assert report.drawdown["duration_bars"] == 3


def test_a_drawdown_from_the_starting_cash_starts_at_the_first_bar() -> None:
    report = report_of(equity_of([90.0, 80.0, 101.0]))
    assert report.values["max_drawdown"] == 0.2
    assert report.drawdown["start"] == "2023-01-02T20:59:00Z"
    assert report.drawdown["recovery"] == "2023-01-04T20:59:00Z"


def test_an_account_that_never_fell_has_no_drawdown_to_tell_of() -> None:
    report = report_of(equity_of([100.0, 101.0]))
    assert report.values["max_drawdown"] == 0.0
    assert set(report.drawdown.values()) == {None}


def test_drawdowns_are_told_in_money_in_days_and_as_time_under_water() -> None:
    # Under water from 120 to its recovery, and again for longer and less deep to the end.
    levels = [100.0, 120.0, 90.0, 120.0, 130.0, 129.0, 129.0, 128.0, 127.0]
    report = report_of(equity_of(levels))
    expected = {
        "max_drawdown": 0.25,
        "max_drawdown_money": 30.0,
        "max_drawdown_days": 2.0,
        "longest_drawdown_days": 4.0,
        "time_under_water": 5 / 9,
        "recovery_factor": 27 / 30,
    }
    assert chosen(report, expected) == expected


def test_the_deepest_fall_in_money_may_be_another_than_the_deepest_as_a_fraction() -> None:
    report = report_of(equity_of([50.0, 1000.0, 900.0, 1000.0]))
    expected = {"max_drawdown": 0.5, "max_drawdown_money": 100.0}
    assert chosen(report, expected) == expected


def test_an_account_that_never_fell_was_never_under_water() -> None:
    report = report_of(equity_of([100.0, 101.0, 101.0]))
    keys = ("max_drawdown_money", "max_drawdown_days", "longest_drawdown_days", "time_under_water")
    assert set(chosen(report, keys).values()) == {0.0}
    assert report.reasons["recovery_factor"] == "no drawdown"


def test_an_account_that_never_came_back_is_under_water_from_its_first_bar() -> None:
    report = report_of(equity_of([90.0, 95.0, 99.0]))
    expected = {"longest_drawdown_days": 2.0, "max_drawdown_days": 2.0, "time_under_water": 1.0}
    assert chosen(report, expected) == expected
    assert report.drawdown["recovery"] is None


def slow_spells(levels: list[float]) -> tuple[float, float, float, int]:
    """Walk bar by bar: depth, money, longest spell in days, bars under water."""
    peak, since, deepest, money, longest, bars = 100.0, 0, 0.0, 0.0, 0, 0
    for i, level in enumerate(levels):
        if level >= peak:
            longest = max(longest, i - since) if i and levels[i - 1] < peak else longest
            peak, since = level, i
        else:
            bars += 1
            deepest, money = max(deepest, (peak - level) / peak), max(money, peak - level)
            longest = max(longest, i - since)
    return deepest, money, longest, bars


@settings(deadline=None)
@given(st.lists(st.integers(1, 200).map(float), min_size=1, max_size=40))
def test_drawdowns_equal_a_walk_bar_by_bar(levels: list[float]) -> None:
    deepest, money, longest, bars = slow_spells(levels)
    expected = {
        "max_drawdown": deepest,
        "max_drawdown_money": money,
        "longest_drawdown_days": float(longest),
        "time_under_water": bars / len(levels),
    }
    report = report_of(equity_of(levels))
    assert chosen(report, expected) == expected
    days, told = report.values["max_drawdown_days"], report.drawdown["duration_days"]
    assert days == (told or 0.0)


# Daily returns


def test_ratios_of_twenty_daily_returns_by_hand() -> None:
    values = report_of(equity_of(levels_after(UP_AND_DOWN))).values
    deviation = 0.015 * math.sqrt(20 / 19)
    assert values["volatility"] == pytest.approx(deviation * math.sqrt(252), rel=1e-12)
    assert values["sharpe"] == pytest.approx(0.005 / deviation * math.sqrt(252), rel=1e-12)
    downside = math.sqrt(10 * 0.01**2 / 20)
    assert values["sortino"] == pytest.approx(0.005 / downside * math.sqrt(252), rel=1e-12)
    assert values["var_95"] == pytest.approx(-0.01, rel=1e-12)
    assert values["cvar_95"] == pytest.approx(-0.01, rel=1e-12)
    assert values["skew"] == pytest.approx(0.0, abs=1e-9)
    assert values["omega"] == pytest.approx(2.0, rel=1e-12)
    assert values["best_day"] == pytest.approx(0.02, rel=1e-12)
    assert values["worst_day"] == pytest.approx(-0.01, rel=1e-12)
    assert values["winning_days"] == 0.5
    # Ten days at the highest, ten at 1 % below it.
    assert values["ulcer_index"] == pytest.approx(0.01 * math.sqrt(1 / 2), rel=1e-12)


def test_a_calendar_without_holidays_has_365_returns_a_year() -> None:
    equity = equity_of(levels_after(UP_AND_DOWN))
    always, weekdays = report_of(equity, calendar="24/7"), report_of(equity)
    for key in ("volatility", "sharpe", "sortino"):
        ratio = (always.values[key] or 0) / (weekdays.values[key] or 1)
        assert ratio == pytest.approx(math.sqrt(365 / 252), rel=1e-12)


def test_a_day_without_a_change_is_a_day_that_did_not_win() -> None:
    values = report_of(equity_of(levels_after([0.0, 0.0, 0.01, -0.01] * 5))).values
    assert values["winning_days"] == 0.25


def test_one_day_has_a_best_and_a_worst() -> None:
    report = report_of(equity_of([101.0]))
    assert report.values["best_day"] == report.values["worst_day"] == 0.01
    assert report.reasons["winning_days"] == "needs at least 20 daily returns, has 1"


def test_calmar_is_growth_over_the_deepest_fall() -> None:
    values = report_of(equity_of(levels_after(UP_AND_DOWN * 2))).values
    assert values["max_drawdown"] == pytest.approx(0.01, rel=1e-12)
    assert values["calmar"] == pytest.approx((values["cagr"] or 0) / 0.01, rel=1e-9)


def test_calmar_needs_thirty_days_as_growth_does() -> None:
    report = report_of(equity_of(levels_after(UP_AND_DOWN)))
    assert report.values["calmar"] is None
    assert report.reasons["calmar"] == "needs at least 30 days, has 19"


def test_nineteen_daily_returns_are_too_few() -> None:
    report = report_of(equity_of(levels_after(UP_AND_DOWN[:19])))
    for key in DAILY:
        assert report.values[key] is None
        assert report.reasons[key] == "needs at least 20 daily returns, has 19"


def test_bars_of_one_exchange_date_are_one_daily_return() -> None:
    evening = dt.datetime(2023, 1, 3, 23, 30, tzinfo=dt.UTC)
    times = [evening, evening + dt.timedelta(hours=1), evening + dt.timedelta(hours=6)]
    equity = equity_of([100.0, 101.0, 102.0], times=times)
    assert report_of(equity).reasons["sharpe"].endswith("has 2")
    assert report_of(equity, tz="UTC").reasons["sharpe"].endswith("has 2")
    assert report_of(equity[:2]).reasons["sharpe"].endswith("has 1")
    assert report_of(equity[:2], tz="UTC").reasons["sharpe"].endswith("has 2")


def test_the_last_bar_of_a_date_decides_its_return() -> None:
    times = [CLOSING + i * DAY - dt.timedelta(minutes=m) for i in range(20) for m in (5, 0)]
    levels = levels_after(UP_AND_DOWN)
    doubled = [level for pair in zip([55.5] * 20, levels, strict=True) for level in pair]
    twice, once = report_of(equity_of(doubled, times=times)), report_of(equity_of(levels))
    assert twice.values["sharpe"] == once.values["sharpe"]


@pytest.mark.parametrize("change", [0.0, 0.001, -0.001])
def test_returns_that_do_not_vary_give_no_ratio(change: float) -> None:
    report = report_of(equity_of(levels_after([change] * 40)))
    for key in ("volatility", "sharpe", "sortino", "calmar", "skew"):
        assert report.values[key] is None
        assert report.reasons[key] == "daily returns do not vary"
    assert report.values["var_95"] == pytest.approx(change, abs=1e-15)


def test_an_account_that_never_lost_a_day_has_no_sortino_and_no_calmar() -> None:
    report = report_of(equity_of(levels_after([0.01, 0.02] * 20)))
    assert report.reasons["sortino"] == "no losing day"
    assert report.reasons["calmar"] == "no drawdown"
    assert (report.values["sharpe"] or 0) > 0


def test_a_ruined_account_has_no_daily_returns() -> None:
    levels = [*levels_after(UP_AND_DOWN), -5.0, -5.0]
    report = report_of(equity_of(levels))
    for key in DAILY:
        assert report.values[key] is None
        assert report.reasons[key] == "equity fell to 0 or below"
    assert report.values["total_return"] == -1.05
    assert (report.values["max_drawdown"] or 0) > 1


def test_an_account_that_ends_at_nothing_has_no_growth() -> None:
    report = report_of(equity_of([100.0] * 40 + [0.0]))
    assert report.values["total_return"] == -1.0
    assert report.reasons["cagr"] == "equity ended at 0 or below"


def test_growth_beyond_any_number_is_absent() -> None:
    report = report_of(equity_of([100.0] * 35 + [1e40]))
    assert report.values["cagr"] is None
    assert report.reasons["cagr"] == "too large to be stated"


def test_an_account_that_moves_twice_as_far_as_its_instrument_has_a_beta_of_two() -> None:
    instrument = [0.0, *UP_AND_DOWN]
    closes = levels_after(instrument, start=10.0)
    equity = equity_of(levels_after([2 * change for change in instrument]), closes=closes)
    values = report_of(equity).values
    assert values["beta"] == pytest.approx(2.0, rel=1e-12)
    assert values["alpha"] == pytest.approx(0.0, abs=1e-12)


def test_a_price_that_does_not_move_gives_no_beta() -> None:
    report = report_of(equity_of(levels_after(UP_AND_DOWN)))
    assert report.values["beta"] is report.values["alpha"] is None
    assert report.reasons["beta"] == "the instrument's daily returns do not vary"


def test_a_price_below_zero_gives_no_beta() -> None:
    closes = [10.0] * 5 + [-1.0] + [10.0] * 14
    report = report_of(equity_of(levels_after(UP_AND_DOWN), closes=closes))
    assert report.reasons["alpha"] == "the price fell to 0 or below"


def test_exposure_counts_bars_with_a_position_at_their_close() -> None:
    equity = equity_of([100.0] * 4).with_columns(position=pl.Series([0.0, 3.0, -1.0, -1.0]))
    assert report_of(equity).values["exposure"] == 0.75


# Trades and costs

TRADES = [
    trade(30.0, bars_held=1, gross_pnl=36.0, slippage=4.0, **{"return": 0.3}),
    trade(10.0, bars_held=2, gross_pnl=12.0, slippage=1.0, **{"return": 0.1}),
    trade(0.0, bars_held=3, gross_pnl=2.0, slippage=1.0, side="SHORT"),
    trade(-5.0, bars_held=10, gross_pnl=-4.0, slippage=0.5),
    trade(-15.0, bars_held=4, gross_pnl=-14.0, slippage=0.5, side="SHORT"),
    trade(-10.0, bars_held=4, gross_pnl=-8.0, slippage=1.0),
    trade(999.0, exit_ts=None, gross_pnl=999.0),
]


def test_closed_trades_by_hand() -> None:
    report = report_of(equity_of([100.0]), trades=TRADES)
    expected = {
        "trades": 6,
        "long_trades": 4,
        "short_trades": 2,
        "winning_trades": 2,
        "losing_trades": 3,
        "hit_rate": 2 / 6,
        "avg_win": 20.0,
        "avg_loss": -10.0,
        "payoff": 2.0,
        "profit_factor": 40 / 30,
        "expectancy": 10 / 6,
        "avg_trade_return": 0.2,  # of the two whose entry had a value
        "best_trade": 30.0,
        "worst_trade": -15.0,
        "win_streak": 2,
        "loss_streak": 3,
        "bars_held_mean": 4.0,
        "bars_held_median": 3.5,
        "slippage_share": 8 / 76,
    }
    assert chosen(report, expected) == expected


def test_a_run_without_closed_trades_says_so() -> None:
    report = report_of(equity_of([100.0]), trades=TRADES[6:])
    assert report.values["trades"] == report.values["win_streak"] == 0
    for key in ("hit_rate", "avg_win", "payoff", "profit_factor", "expectancy", "slippage_share"):
        assert report.values[key] is None
        assert report.reasons[key] == "needs at least 1 closed trade, has 0"


def test_nothing_lost_is_no_profit_factor() -> None:
    report = report_of(equity_of([100.0]), trades=TRADES[:3])
    for key in ("profit_factor", "payoff", "avg_loss"):
        assert report.values[key] is None
        assert report.reasons[key] == "no losing trade"
    assert report.values["avg_win"] == 20.0


def test_nothing_won_is_a_profit_factor_of_zero() -> None:
    report = report_of(equity_of([100.0]), trades=TRADES[3:4])
    assert report.values["profit_factor"] == report.values["hit_rate"] == 0.0
    assert report.reasons["avg_win"] == report.reasons["payoff"] == "no winning trade"
    assert report.values["worst_trade"] == report.values["best_trade"] == -5.0


def test_trades_that_never_moved_have_no_slippage_share() -> None:
    report = report_of(equity_of([100.0]), trades=[trade(-1.0, gross_pnl=0.0, slippage=1.0)])
    assert report.reasons["slippage_share"] == "gross profits and losses are 0"


def test_trades_whose_entry_was_worth_nothing_have_no_return() -> None:
    report = report_of(equity_of([100.0]), trades=[trade(1.0)])
    assert report.reasons["avg_trade_return"] == "no closed trade whose entry had a value"


def test_the_quality_of_a_system_needs_thirty_trades_that_differ() -> None:
    profits = [3.0, -1.0] * 15
    few = report_of(equity_of([100.0]), trades=[trade(p) for p in profits[:29]])
    assert few.reasons["sqn"] == "needs at least 30 closed trades, has 29"
    enough = report_of(equity_of([100.0]), trades=[trade(p) for p in profits])
    deviation = 2 * math.sqrt(30 / 29)
    assert enough.values["sqn"] == pytest.approx(math.sqrt(30) / deviation, rel=1e-12)
    alike = [trade(5.0 + i * 1e-12) for i in range(30)]
    same = report_of(equity_of([100.0]), trades=alike)
    assert same.reasons["sqn"] == "net profits of trades do not vary"


def test_a_report_says_how_much_there_was_of_everything() -> None:
    fills = [{"qty": 1.0, "price": 10.0, "fee": 0.1, "slippage": 0.1}] * 13
    orders = [{"status": "FILLED"}] * 14
    report = report_of(equity_of([100.0] * 3), trades=TRADES, fills=fills, orders=orders)
    assert report.samples == {
        "bar": 3,
        "daily return": 3,
        "day": 2,
        "closed trade": 6,
        "fill": 13,
        "order": 14,
    }
    assert report.periods_per_year == 252


def test_costs_are_summed_over_all_fills() -> None:
    fills = [
        {"qty": 3.0, "price": 10.0, "fee": 0.1, "slippage": 0.25},
        {"qty": 2.0, "price": -20.0, "fee": 0.2, "slippage": -0.05},
    ]
    values = report_of(equity_of([100.0, 180.0]), fills=fills).values
    assert values["turnover"] == 1.0
    assert values["fees_paid"] == pytest.approx(0.3)
    assert values["slippage_paid"] == pytest.approx(0.2)


def test_debt_has_no_turnover() -> None:
    report = report_of(equity_of([-100.0, 50.0]))
    assert report.reasons["turnover"] == "mean equity is 0 or below"


def test_orders_that_were_refused_are_counted() -> None:
    orders = [{"status": status} for status in ("FILLED", "REJECTED", "CANCELLED", "REJECTED")]
    assert report_of(equity_of([100.0]), orders=orders).values["rejected_orders"] == 2


# Any run

MONEY = st.floats(-1e12, 1e12)


@settings(deadline=None)
@given(
    levels=st.lists(MONEY, min_size=1, max_size=45),
    closes=st.lists(MONEY, min_size=45, max_size=45),
    profits=st.lists(MONEY, max_size=6),
)
def test_every_metric_is_a_number_or_has_a_reason(
    levels: list[float], closes: list[float], profits: list[float]
) -> None:
    equity = equity_of(levels, closes=closes[: len(levels)])
    report = report_of(equity, trades=[trade(profit) for profit in profits])
    assert list(report.values) == list(METRICS)
    assert set(report.reasons) == {key for key, value in report.values.items() if value is None}
    assert json.loads(json.dumps(report.as_json(), allow_nan=False)) == report.as_json()


@settings(deadline=None)
@given(st.lists(st.floats(1e-300, 1e300), min_size=45, max_size=45))
def test_numbers_beyond_floats_become_reasons(levels: list[float]) -> None:
    report = report_of(equity_of(levels, closes=levels[::-1]))
    assert set(report.reasons) == {key for key, value in report.values.items() if value is None}
    assert json.dumps(report.as_json(), allow_nan=False)


# The registry


def test_the_document_lists_every_metric_as_the_registry_has_it() -> None:
    registry_part = DOCUMENT.read_text(encoding="utf-8").partition("\n## ")[0]
    rows = []
    for line in re.findall(r"^\| (`.+) \|$", registry_part, flags=re.MULTILINE):
        cells = re.split(r" (?<!\\)\| ", line)
        rows.append([cell.replace("\\|", "|") for cell in cells])
    assert rows == [
        [
            f"`{metric.key}`",
            metric.label,
            metric.formula,
            metric.unit,
            metric.better,
            metric.sample,
            describe_least(metric),
            metric.annualised,
        ]
        for metric in METRICS.values()
    ]


def test_the_registry_loads_nothing_heavy() -> None:
    code = (
        "import sys, hewston.pipeline.metrics as m; "
        "print(len(m.METRICS), sorted({'pandas', 'scipy', 'nautilus_trader', 'databento', "
        "'exchange_calendars', 'pyarrow'} & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout == f"{len(METRICS)} []\n"
