"""Each finding: a run that shows it, and one that is nearly so and does not."""

import datetime as dt
import math
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import backtest, schemas
from hewston.pipeline.diagnostics import CHECKS
from hewston.pipeline.diagnostics.activity import FEW_TRADES, FLAT_SHARE
from hewston.pipeline.diagnostics.concentration import MOST_OF_PROFIT
from hewston.pipeline.diagnostics.costs import BOUNCE_SHARE, COST_SHARE
from hewston.pipeline.diagnostics.finding import Unit
from hewston.pipeline.diagnostics.hours import LONG_GAP_MINUTES, MANY_MISSING
from hewston.pipeline.spec import SlippageFees, SpreadFallback, canonical_json
from tests.pipeline.frames import make_bars, make_spec

type Figures = dict[str, Any]
DAY = 1440  # minutes
DOCUMENT = Path(__file__).parents[2] / "docs" / "diagnostics.md"


def run(bars: pl.DataFrame, targets: Sequence[float], **changes: object) -> Figures:
    """Run literal targets, one a bar, through the pipeline."""
    strategy = types.ModuleType("literal")
    strategy.PARAMS = {  # type: ignore[attr-defined]  # a module is made here
        "length": {"type": "int", "default": 5, "min": 2, "max": 9},
        "share": {"type": "float", "default": 0.5, "min": 0, "max": 1},
        "both": {"type": "bool", "default": True},
    }
    strategy.run_strategy = lambda frame: frame[[]].assign(position=list(targets))  # type: ignore[attr-defined]
    values: dict[str, object] = {"strategy_id": "literal", "params": {"length": 5}}
    return backtest.trade(bars, make_spec(**(values | changes)), strategy=strategy)[1]


def find(figures: Figures, key: str) -> dict[str, Any] | None:
    return next((one for one in figures["findings"] if one["key"] == key), None)


def shown(figures: Figures, key: str) -> dict[str, Any]:
    found = find(figures, key)
    assert found is not None
    return found


def evidence(figures: Figures, key: str) -> dict[str, Any]:
    return {one["label"]: one["value"] for one in shown(figures, key)["evidence"]}


def flat(count: int) -> list[float]:
    return [100.0] * count


def test_no_trades_says_why() -> None:
    bars = make_bars(flat(5), flat(5))
    never = run(bars, [0] * 5)
    assert "its target is 0 on every bar" in shown(never, "no_trades")["message"]
    assert find(never, "few_trades") is None
    small = run(bars, [0, 0.5, 0.5, 0, 0])
    assert "its targets led to no order" in shown(small, "no_trades")["message"]
    refused = run(bars, [0, 5000, 5000, 5000, 5000])
    assert "every order was refused" in shown(refused, "no_trades")["message"]
    late = run(bars, [0, 0, 0, 0, 1])
    assert "no order was filled" in shown(late, "no_trades")["message"]
    assert evidence(late, "no_trades")["Orders"] == 1
    assert find(run(bars, [0, 0, 0, 1, 1]), "no_trades") is None


def test_a_trade_less_than_enough_is_too_few() -> None:
    count = FEW_TRADES * 2 + 1
    bars = make_bars(flat(count), flat(count))
    enough = run(bars, [1 - bar % 2 for bar in range(count - 2)] + [0, 0])
    assert enough["values"]["trades"] == FEW_TRADES
    assert find(enough, "few_trades") is None
    less = run(bars, [1 - bar % 2 for bar in range(count - 4)] + [0, 0, 0, 0])
    assert less["values"]["trades"] == FEW_TRADES - 1
    assert evidence(less, "few_trades")["Closed trades"] == FEW_TRADES - 1
    assert "Standard error of that mean" in evidence(less, "few_trades")


def test_one_trade_has_no_deviation_and_none_is_said() -> None:
    figures = run(make_bars(flat(4), flat(4)), [1, 0, 0, 0])
    assert set(evidence(figures, "few_trades")) == {"Closed trades", "Enough from"}


def test_a_fill_before_the_open_is_outside_the_session() -> None:
    sessions = ["pre", "pre", "regular", "regular", "regular"]
    bars = make_bars(flat(5), flat(5), sessions=sessions, spreads=[0.5, 0.5, 0.1, 0.1, 0.1])
    early = run(bars, [1, 1, 1, 0, 0], session="all")
    assert shown(early, "outside_session")["bar"] == 1
    assert evidence(early, "outside_session") == {
        "Fills in the session pre": 1,
        "Share of all fills": 0.5,
        "Mean spread at them": 0.5,
        "At other fills": 0.1,
    }
    at_the_open = run(bars, [0, 1, 1, 0, 0], session="all")  # fills at the first regular open
    assert find(at_the_open, "outside_session") is None


def test_more_than_half_of_the_profit_from_one_trade() -> None:
    targets = [1, 1, 0] * 3 + [0]  # filled at the second open and at the fourth: the next price
    bars = make_bars(
        [100, 100, 100, 160, 100, 100, 120, 100, 100, 120],
        [100, 100, 100, 160, 100, 100, 120, 100, 100, 120],
    )
    figures = run(bars, targets[:10])
    found = shown(figures, "one_trade")
    assert (found["bar"], evidence(figures, "one_trade")["Its net profit"]) == (1, 60.0)
    assert evidence(figures, "one_trade")["Net profit without it"] == 40.0
    half = bars.with_columns(
        open=pl.Series([100, 100, 100, 150, 100, 100, 125, 100, 100, 125], dtype=pl.Float64)
    )
    assert find(run(half, targets[:10]), "one_trade") is None


def test_more_than_half_of_the_profit_on_one_day() -> None:
    minutes = [0, 1, DAY, DAY + 1, 2 * DAY, 2 * DAY + 1]

    def trade(closes: list[float]) -> Figures:
        return run(make_bars([100.0] * 6, closes, minutes=minutes), [1] * 6)

    figures = trade([100, 110, 110, 140, 140, 150])
    found = evidence(figures, "one_day")
    assert (found["Date"], found["Profit on it"]) == ("2023-01-04", 30.0)
    assert found["Net profit of the run"] == 50.0
    assert shown(figures, "one_day")["bar"] == 2
    assert find(trade([100, 110, 110, 135, 135, 150]), "one_day") is None  # exactly half


def test_costs_that_are_off_are_said() -> None:
    bars = make_bars(flat(5), flat(5), spreads=0.1)
    assert shown(run(bars, [1, 0, 0, 0, 0]), "costs_off")
    nothing = SlippageFees(k_spread=1, fees_bps=0, spread_fallback=SpreadFallback(ticks=0))
    unquoted = make_bars(flat(5), flat(5))
    assert shown(run(unquoted, [1, 0, 0, 0, 0], slippage_fees=nothing), "costs_off")
    for some in (
        SlippageFees(k_spread=0.01, fees_bps=0),
        SlippageFees(k_spread=0, fees_bps=0.01),
        SlippageFees(k_spread=0, fees_bps=0, slippage_ticks=1),
        SlippageFees(k_spread=0, fees_bps=0, fee_per_unit=0.01),
    ):
        assert find(run(bars, [1, 0, 0, 0, 0], slippage_fees=some), "costs_off") is None


def test_half_of_the_gross_profit_is_too_much_for_costs() -> None:
    bars = make_bars([100, 100, 100, 110, 110], [100, 100, 100, 110, 110])

    def trade(fee: float) -> Figures:
        costs = SlippageFees(k_spread=0, fees_bps=0, fee_per_unit=fee)
        return run(bars, [1, 1, 0, 0, 0], slippage_fees=costs)

    figures = trade(2.5)
    found = evidence(figures, "costs_eat_edge")
    assert (found["Gross profit"], found["Fees"], found["Net profit"]) == (10.0, 5.0, 5.0)
    assert found["Break-even k_spread"] == "none: no spread is known"
    assert found["Break-even fees_bps"] == pytest.approx(5 / 210 * 10_000)
    assert "take 50%" in shown(figures, "costs_eat_edge")["message"]
    assert "all of the gross profit" in shown(trade(6), "costs_eat_edge")["message"]
    assert evidence(trade(6), "costs_eat_edge")["Break-even fees_bps"].startswith("none")
    assert find(trade(2.49), "costs_eat_edge") is None


def test_a_loss_before_costs_has_no_edge_to_eat() -> None:
    bars = make_bars([100, 100, 100, 90, 90], [100, 100, 100, 90, 90])
    costs = SlippageFees(k_spread=0, fees_bps=100)
    assert find(run(bars, [1, 1, 0, 0, 0], slippage_fees=costs), "costs_eat_edge") is None


@pytest.mark.parametrize("clock", ["close", "next_open"])
@pytest.mark.parametrize(
    "costs",
    [
        SlippageFees(k_spread=0.8, fees_bps=1),
        SlippageFees(k_spread=0, fees_bps=20),
        SlippageFees(k_spread=0.6, fees_bps=3, slippage_ticks=2, fee_per_unit=0.01),
        SlippageFees(k_spread=0, fees_bps=20, spread_fallback=SpreadFallback(ticks=3)),
        SlippageFees(k_spread=0.5, fees_bps=5, spread_fallback=SpreadFallback(bps=40)),
    ],
)
def test_at_break_even_costs_the_same_run_earns_nothing(clock: str, costs: SlippageFees) -> None:
    prices = [round(100 + math.sin(bar / 20) / 2, 2) for bar in range(1500)]
    spreads = [None if costs.spread_fallback else 0.3 + 0.02 * (bar % 7) for bar in range(1500)]
    bars = make_bars([100.0, *prices[:-1]], prices, spreads=spreads)
    params = {"fast": 3, "slow": 40}

    def trade(changed: SlippageFees) -> Figures:
        spec = make_spec(fill_clock=clock, slippage_fees=changed, size=100, params=params)
        return backtest.trade(bars, spec)[1]

    base = trade(costs)
    found = evidence(base, "costs_eat_edge")
    paid = found["Fees"] + found["Slippage"]
    assert paid > 100
    names = ("k_spread", "fees_bps", "slippage_ticks", "fee_per_unit")
    values = {name: getattr(costs, name) for name in names}
    for name in ("k_spread", "fees_bps"):
        even = found[f"Break-even {name}"]
        assert abs(even - values[name]) > 0.01
        changed = SlippageFees(**(values | {name: even}), spread_fallback=costs.spread_fallback)
        assert abs(trade(changed)["values"]["net_profit"]) < 1e-4 * paid


def quoted(opens: list[float], mids: list[float | None]) -> pl.DataFrame:
    half = pl.Series(mids, dtype=pl.Float64)
    return make_bars(opens, opens).with_columns(
        bid_open=half - 0.05, ask_open=half + 0.05, bid_close=half - 0.05, ask_close=half + 0.05
    )


def test_a_profit_between_bid_and_ask_is_bounce() -> None:
    targets = [1, 1, 0, 0, 0]
    opens = [100.0, 99.95, 100.0, 100.05, 100.0]  # bought on a print at the bid, sold at the ask
    figures = run(quoted(opens, [100.0] * 5), targets)
    found = evidence(figures, "bounce")
    assert found["Gross profit from prints"] == pytest.approx(0.1)
    assert found["Gross profit from mids"] == pytest.approx(0, abs=1e-9)
    assert found["Its share"] == pytest.approx(1)
    assert found["Fills with a quote"] == 2
    assert (
        find(
            run(quoted([100.0, 100, 100, 101, 100], [100.0, 100, 100, 101, 100]), targets), "bounce"
        )
        is None
    )
    # A fifth of it is bounce: not enough to say so.
    some = quoted([100.0, 99.95, 100, 100.45, 100], [100.0, 100, 100, 100.4, 100])
    assert find(run(some, targets), "bounce") is None


def test_bounce_without_quotes_is_not_checked_and_says_so() -> None:
    bare = run(make_bars(flat(5), flat(5)), [1, 1, 0, 0, 0])
    assert bare["unchecked"] == [{"key": "bounce", "reason": "the data has no quotes"}]
    third = run(quoted(flat(6), [100.0, 100, 100, None, None, None]), [1, 1, 0, 1, 0, 0])
    assert third["unchecked"][0]["reason"].startswith("only 1 of 4 fills")
    assert run(quoted(flat(5), [100.0] * 5), [1, 1, 0, 0, 0])["unchecked"] == []


def test_a_position_held_at_the_end_is_open() -> None:
    bars = make_bars([100, 100, 100, 104], [100, 100, 100, 104])
    figures = run(bars, [1, 1, 1, 1])
    assert (shown(figures, "open_position")["bar"]) == 1
    assert evidence(figures, "open_position")["Net profit of it so far"] == 4.0
    assert find(run(bars, [1, 1, 0, 0]), "open_position") is None


def test_bars_missing_under_a_position_are_a_gap() -> None:
    bars = make_bars(flat(6), flat(6), minutes=[0, 1, 2, 18, 19, 20])
    held = run(bars, [1, 1, 1, 0, 0, 0])
    found = shown(held, "gaps")
    assert (found["bar"], found["severity"]) == (2, "warning")
    assert evidence(held, "gaps")["Missing bars"] == 15
    assert evidence(held, "gaps")["Longest gap in time"] == 15
    assert find(run(bars, [1, 0, 0, 0, 1, 1]), "gaps") is None  # flat while they were missing
    brief = make_bars(flat(60), flat(60), minutes=[*range(30), *range(31, 61)])
    assert shown(run(brief, [1] * 60), "gaps")["severity"] == "info"


@pytest.mark.parametrize(
    ("calendar", "tz", "minutes"),
    [
        ("XNYS", "America/New_York", [388, 389, DAY, DAY + 1]),  # a night
        ("XNYS", "America/New_York", [3 * DAY + 389, 6 * DAY, 6 * DAY + 1, 6 * DAY + 2]),
        # 09:30 in New York is 14:30 UTC; Tokyo rests from 11:30 to 12:30, 02:30 to 03:30 UTC.
        ("XTKS", "Asia/Tokyo", [718, 719, 780, 781]),
    ],
)
def test_nights_weekends_and_breaks_are_no_gaps(calendar: str, tz: str, minutes: list[int]) -> None:
    bars = make_bars(flat(4), flat(4), minutes=minutes)
    assert find(run(bars, [1] * 4, calendar=calendar, tz=tz), "gaps") is None


def test_what_lacks_beside_a_break_is_a_gap() -> None:
    bars = make_bars(flat(4), flat(4), minutes=[718, 719, 785, 786])
    figures = run(bars, [1] * 4, calendar="XTKS", tz="Asia/Tokyo")
    assert evidence(figures, "gaps")["Missing bars"] == 5


def test_around_the_clock_every_gap_counts() -> None:
    midnight = 570  # minutes from 14:30 to midnight UTC
    bars = make_bars(
        flat(4), flat(4), minutes=[midnight - 2, midnight - 1, midnight + 4, midnight + 5]
    )
    figures = run(bars, [1] * 4, calendar="24/7", tz="UTC")
    assert evidence(figures, "gaps")["Missing bars"] == 4


def test_a_session_without_a_daily_bar_is_a_gap() -> None:
    def trade(days: list[int]) -> Figures:
        bars = make_bars(flat(4), flat(4), minutes=[day * DAY for day in days])
        return run(bars, [1] * 4, interval="1d")

    assert evidence(trade([0, 1, 6, 7]), "gaps")["Missing bars"] == 2  # Thursday and Friday
    assert find(trade([1, 2, 3, 6]), "gaps") is None  # from Friday to Monday


def test_weeks_have_no_days_to_look_at() -> None:
    bars = make_bars(flat(4), flat(4), minutes=[week * 7 * DAY for week in range(4)])
    figures = run(bars, [1] * 4, interval="1w")
    reasons = {one["key"]: one["reason"] for one in figures["unchecked"]}
    assert reasons["one_day"] == reasons["gaps"] == "the bars are longer than a day"


def test_a_quarter_of_the_run_at_rest_is_flat() -> None:
    closes = [100 + bar % 2 for bar in range(40)]
    bars = make_bars(closes, closes)
    figures = run(bars, [1] * 28 + [0] * 12)  # out at the open of bar 29: equity rests from 30 on
    assert find(run(bars, [1] * 31 + [0] * 9), "flat_equity") is None
    found = evidence(figures, "flat_equity")
    assert found["Longest stretch at rest"] >= 10
    assert found["Share of the run"] >= 0.25
    assert shown(figures, "flat_equity")["bar"] in {29, 30}


def test_a_parameter_at_its_limit_is_at_the_edge() -> None:
    bars = make_bars(flat(4), flat(4))
    figures = run(bars, [1] * 4, params={"length": 9, "share": 0.5, "both": True})
    assert "length is the largest that is allowed" in shown(figures, "param_edge")["message"]
    assert evidence(figures, "param_edge")["length may be"] == "a whole number from 2 to 9"
    low = run(bars, [1] * 4, params={"length": 3, "share": 0.0, "both": True})
    assert "share is the smallest" in shown(low, "param_edge")["message"]
    inside = run(bars, [1] * 4, params={"length": 8, "share": 0.01, "both": True})
    assert find(inside, "param_edge") is None


def test_an_order_beyond_the_buying_power_is_refused() -> None:
    bars = make_bars(flat(4), flat(4))
    figures = run(bars, [11, 11, 11, 11], starting_cash=1000)
    found = evidence(figures, "rejected")
    assert (found["Value of the first one"], found["Largest position value then"]) == (1100, 1000)
    assert (found["Orders refused"], found["For want of buying power"]) == (1, 1)
    assert shown(figures, "rejected")["bar"] == 0
    assert find(run(bars, [10, 10, 10, 10], starting_cash=1000), "rejected") is None


def test_equity_of_nothing_is_ruin_and_of_a_cent_is_not() -> None:
    def trade(last: float) -> Figures:
        bars = make_bars([100, 100, 100, last], [100, 100, last, last])
        return run(bars, [20, 20, 20, 20], starting_cash=1000, max_leverage=2)

    figures = trade(50.0)
    assert figures["findings"][0]["key"] == "ruined"  # the gravest first
    assert shown(figures, "ruined")["bar"] == 2
    assert evidence(figures, "ruined")["Equity at its close"] == 0
    assert find(trade(50.01), "ruined") is None


def test_findings_are_plain_json_of_one_shape() -> None:
    figures = run(make_bars(flat(4), flat(4)), [1, 1, 1, 0], params={"length": 2})
    canonical_json(figures["findings"])
    units = set(Unit.__args__)  # type: ignore[attr-defined]  # of a Literal
    for one in figures["findings"]:
        assert set(one) == {"key", "severity", "message", "evidence", "advice", "bar", "ts_open"}
        assert one["key"] in CHECKS
        assert one["message"].endswith(".")
        assert one["advice"].endswith(".")
        assert (one["bar"] is None) == (one["ts_open"] is None)
        assert one["evidence"]
        for row in one["evidence"]:
            assert set(row) == {"label", "value", "unit"}
            assert row["unit"] in units
        if one["ts_open"]:
            assert dt.datetime.fromisoformat(one["ts_open"]).tzinfo is not None


def test_the_document_lists_every_check() -> None:
    rows = [line.split(" | ") for line in DOCUMENT.read_text().splitlines() if line[:3] == "| `"]
    listed = [(row[0].strip("| `"), row[1]) for row in rows]
    assert listed == [(check.key, check.label) for check in CHECKS.values()]
    text = DOCUMENT.read_text()
    assert f"fewer than {FEW_TRADES} closed trades" in text
    assert (
        f"from {LONG_GAP_MINUTES} minutes in a row, or more than {MANY_MISSING * 100:g} %" in text
    )
    assert (COST_SHARE, BOUNCE_SHARE, FLAT_SHARE, MOST_OF_PROFIT) == (0.5, 0.25, 0.25, 0.5)


@given(
    moves=st.lists(st.integers(-40, 40), min_size=2, max_size=40),
    start=st.sampled_from([-0.1, 0.0, 1.0, 100.0]),
    targets=st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0]), min_size=40, max_size=40),
    sessions=st.lists(st.sampled_from(["pre", "regular", "post"]), min_size=40, max_size=40),
    steps=st.lists(st.sampled_from([1, 1, 1, 2, 30, DAY]), min_size=40, max_size=40),
    clock=st.sampled_from(["close", "next_open"]),
    k_spread=st.sampled_from([0.0, 0.5]),
    fees_bps=st.sampled_from([0.0, 5.0]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_run_did_its_findings_are_sentences_and_finite_numbers(
    *,
    moves: list[int],
    start: float,
    targets: list[float],
    sessions: list[str],
    steps: list[int],
    clock: str,
    k_spread: float,
    fees_bps: float,
) -> None:
    count = len(moves)
    prices = [round(start + sum(moves[: bar + 1]) * 0.01, 2) for bar in range(count)]
    minutes = [sum(steps[:bar]) for bar in range(count)]
    bars = quoted(prices, [*prices]).with_columns(
        ts_open=make_bars(prices, prices, minutes=minutes)["ts_open"],
        session=pl.Series(sessions[:count], dtype=schemas.SESSION),
    )
    figures = run(
        bars,
        targets[:count],
        session="all",
        fill_clock=clock,
        starting_cash=200.0,
        max_leverage=3.0,
        slippage_fees=SlippageFees(
            k_spread=k_spread, fees_bps=fees_bps, spread_fallback=SpreadFallback(ticks=2)
        ),
    )
    canonical_json([figures["findings"], figures["unchecked"]])  # refuses NaN and infinity
    keys = [one["key"] for one in [*figures["findings"], *figures["unchecked"]]]
    assert len(keys) == len(set(keys))
    assert all(0 <= one["bar"] < count for one in figures["findings"] if one["bar"] is not None)
