"""What reads later bars is found, with bar and value; what does not is not accused."""

import dataclasses
import functools
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from hewston.pipeline.checks.check import check_strategy
from hewston.pipeline.checks.plan import FULL, LIGHT, Plan
from hewston.pipeline.errors import CancelledError, InputError
from hewston.pipeline.strategies.catalogue import BUILT_IN
from tests.pipeline.answering import Function, answer_with, days_of_minutes
from tests.pipeline.frames import make_bars
from tests.pipeline.looking_ahead import CLEAN, LOOK_AHEAD

DAYS = days_of_minutes(3)
FEW = Plan(spread=8, each=1, events=10, probes=6, proofs=2, explained=0, starts=3)

ACTS_SELDOM = {"one_minute_a_day", "loop_that_peeks"}


@functools.cache
def check_named(name: str) -> dict[str, Any]:
    plan = FULL if name in ACTS_SELDOM else FEW
    return check({**LOOK_AHEAD, **CLEAN}[name], plan=plan)


def check(function: Function, bars: pl.DataFrame = DAYS, plan: Plan = FEW) -> dict[str, Any]:
    result = check_strategy(answer_with(function), bars, plan=plan)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    return result


def number_the_end(frame: pd.DataFrame, ulps: int) -> pd.DataFrame:
    """Draw the close, other by some units of its last place where the data have fewer rows."""
    close = frame["close"].to_numpy().copy()
    if len(frame) < DAYS.height:
        close[5] += ulps * np.spacing(close[5])
    return frame[[]].assign(position=1.0, drawn=close)


@pytest.mark.parametrize("name", sorted(LOOK_AHEAD))
def test_what_reads_later_bars_is_found_with_bar_and_both_values(name: str) -> None:
    result = check_named(name)
    assert result["verdict"] == "looks ahead", result["lookahead"]["notes"]
    first = result["lookahead"]["findings"][0]
    assert first["bar"] <= first["cut"] < DAYS.height
    assert first["ts_open"] == DAYS["ts_open"][first["bar"]].isoformat()
    assert first["before"] != first["after"] or first["absent_in"]
    assert first["series"] in result["sentence"]


@pytest.mark.parametrize("name", sorted(CLEAN))
def test_what_reads_no_later_bar_is_not_accused(name: str) -> None:
    result = check_named(name)
    assert result["verdict"] == "clean", result["sentence"]
    assert result["lookahead"]["findings"] == []


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_no_built_in_strategy_is_accused_where_prices_get_another_digit(name: str) -> None:
    bars = DAYS.with_columns(pl.col("open", "high", "low", "close") - 1)
    assert (bars["close"] < 100).any()
    assert (bars["close"] > 100).any()
    result = check_strategy(answer_with(BUILT_IN[name]), bars, plan=FEW)
    assert result["verdict"] == "clean", result["sentence"]


def test_the_values_are_those_with_and_without_the_bars_after_the_cut() -> None:
    result = check(LOOK_AHEAD["next_close_drawn"], plan=LIGHT)
    found = {one["series"]: one for one in result["lookahead"]["findings"]}
    assert list(found) == ["later"]
    later = found["later"]
    assert (later["before"], later["after"]) == (DAYS["close"][later["bar"] + 1], None)
    assert later["bar"] == later["cut"]
    assert later["hint"] == "Its values are those of close 1 bar later, as with shift(-1)."


@pytest.mark.parametrize(
    ("name", "series", "hint"),
    [
        ("return_ahead", "label", "the return to the close 5 bars later"),
        ("centred", "middle", "only with 10 more bars"),
        ("gradient", "position", "only with the bar after it"),
        ("hour_not_shifted", "hourly", "end of its hour"),
        ("z_score", "z", "over all the data"),
        ("back_fill", "average", "all wait for that bar"),
        ("column_for_the_future", "exit_long", "returns this column depends on later bars"),
    ],
)
def test_a_finding_tells_what_kind_it_is_where_the_data_prove_it(
    name: str, series: str, hint: str
) -> None:
    plan = dataclasses.replace(FEW, explained=2)
    result = check(LOOK_AHEAD[name], plan=plan)
    found = {one["series"]: one for one in result["lookahead"]["findings"]}
    assert hint in found[series]["hint"]


def test_the_earliest_bar_comes_first() -> None:
    bars = [one["bar"] for one in check_named("back_fill")["lookahead"]["findings"]]
    assert bars == sorted(bars)
    assert bars[0] == 0


@pytest.mark.parametrize(("ulps", "verdict"), [(1, "clean"), (64, "clean"), (65, "looks ahead")])
def test_more_than_sixty_four_units_of_the_last_place_accuse(ulps: int, verdict: str) -> None:
    result = check(lambda frame: number_the_end(frame, ulps))
    assert result["verdict"] == verdict
    told = result["lookahead"]
    if verdict == "clean":
        note = f"drawn differs in its last bits at {told['cuts']:,} cuts, by at most {ulps} units"
        assert any(note in one for one in told["notes"])
    else:
        assert told["findings"][0]["ulps"] == ulps


def test_two_runs_that_differ_are_a_result_of_their_own() -> None:
    counter = itertools.count()
    result = check(lambda frame: frame[[]].assign(position=1.0, drawn=float(next(counter))))
    assert result["verdict"] == "not deterministic"
    finding = result["lookahead"]["findings"][0]
    assert (finding["series"], finding["bar"]) == ("drawn", 0)
    assert (finding["before"], finding["after"]) == (0.0, 1.0)
    assert result["warmup"] is None
    assert "0.0 in one run and 1.0 in the next" in result["sentence"]


def test_what_differs_only_from_the_third_run_on_is_not_look_ahead() -> None:
    counter = itertools.count()
    result = check(lambda frame: frame[[]].assign(position=float(next(counter) > 1)))
    assert result["verdict"] == "not deterministic"


def test_random_numbers_without_a_seed_are_not_look_ahead() -> None:
    result = check(lambda frame: frame[[]].assign(position=np.random.random(len(frame))))
    assert result["verdict"] == "not deterministic"


def test_too_few_bars_are_no_look_ahead_and_said() -> None:
    notes = check_named("needs_two_hundred_bars")["lookahead"]["notes"]
    assert any("or fewer bars: “The strategy failed: ValueError: at least 200" in n for n in notes)


def test_a_strategy_that_fails_only_where_the_next_bar_is_missing_looks_ahead() -> None:
    def enter_at_next_open(frame: pd.DataFrame) -> pd.DataFrame:
        opens, entry = frame["open"].to_numpy(), np.full(len(frame), np.nan)
        rises = frame["close"].to_numpy() > frame["close"].shift(1).to_numpy() + 0.12
        for row in np.flatnonzero(rises):
            entry[row] = opens[row + 1]
        return frame[[]].assign(long_condition=rises, entry=entry)

    result = check(enter_at_next_open)
    assert result["verdict"] == "looks ahead"
    finding = result["lookahead"]["findings"][0]
    assert finding["series"] == "entry"
    assert finding["before"] == DAYS["open"][finding["bar"] + 1]
    assert finding["cause"] == "another bar after it"
    assert "IndexError" in result["lookahead"]["failures"][0]["message"]


def test_a_failure_on_longer_data_is_told_and_does_not_accuse() -> None:
    def fail_at_some_ends(frame: pd.DataFrame) -> pd.DataFrame:
        if 400 < len(frame) < 800:
            raise ValueError("no bars of the second day")
        return frame[[]].assign(position=1.0)

    result = check(fail_at_some_ends)
    assert result["verdict"] == "fails on less data"
    assert "no bars of the second day" in result["sentence"]
    assert result["lookahead"]["findings"] == []


def test_equal_values_of_another_type_are_equal() -> None:
    def answer(bars: pl.DataFrame) -> Mapping[str, pl.Series]:
        kind = pl.Int64 if bars.height == DAYS.height else pl.Float64
        return {"position": bars["close"], "count": pl.Series(range(bars.height), dtype=kind)}

    assert check_strategy(answer, DAYS, plan=FEW)["verdict"] == "clean"


def test_an_indicator_that_is_missing_where_it_would_say_nothing_is_a_note() -> None:
    def draw(frame: pd.DataFrame) -> pd.DataFrame:
        out = frame[[]].assign(position=(frame["close"] > frame["close"].shift(1)).astype(float))
        if len(frame) > 900:
            out["late"] = np.where(np.arange(len(frame)) >= 900, frame["close"], np.nan)
        return out

    result = check(draw)
    assert result["verdict"] == "clean", result["sentence"]
    assert any("late is not there on less data" in note for note in result["lookahead"]["notes"])


def test_null_and_nan_are_not_the_same() -> None:
    def answer(bars: pl.DataFrame) -> Mapping[str, pl.Series]:
        gone = None if bars.height < DAYS.height else float("nan")
        drawn = pl.Series([gone, *bars["close"][1:]], dtype=pl.Float64)
        return {"position": bars["close"], "drawn": drawn}

    found = check_strategy(answer, DAYS, plan=FEW)["lookahead"]["findings"]
    assert [(one["series"], one["before"], one["after"]) for one in found] == [
        ("drawn", "NaN", None)
    ]


def test_a_strategy_that_reads_no_price_is_told_so() -> None:
    notes = check_named("clock_alone")["lookahead"]["notes"]
    assert any("decides by time alone" in note for note in notes)
    assert not any("time alone" in note for note in check_named("sma")["lookahead"]["notes"])


@pytest.mark.parametrize(
    ("name", "bars"),
    [("sma", 29), ("donchian", 20), ("hour_shifted", 60), ("clock_alone", 0), ("seeded", None)],
)
def test_the_warm_up_is_the_bars_until_the_beginning_is_forgotten(
    name: str, bars: int | None
) -> None:
    warmup = check_named(name)["warmup"]
    assert warmup["bars"] == bars
    assert warmup["bars"] == max(
        warmup["series"].values(), key=lambda n: np.inf if n is None else n
    )


def test_the_warm_up_of_what_trades_is_told_beside_what_never_agrees() -> None:
    warmup = check_named("on_balance")["warmup"]
    assert (warmup["bars"], warmup["series"]["total"], warmup["signals"]) == (None, None, 19)
    assert "total depends on where the data begin" in warmup["sentence"]
    assert "What trades agrees after 19 bars (≈ 19 minutes of bars)." in warmup["sentence"]


def test_an_average_of_the_session_warms_up_until_the_next_one() -> None:
    warmup = check_named("session_vwap")["warmup"]
    assert 300 < warmup["bars"] < 390
    assert "hours of bars" in warmup["sentence"]


def test_the_same_strategy_gives_the_same_result() -> None:
    assert check(LOOK_AHEAD["rows_that_pay"]) == check_named("rows_that_pay")


def test_progress_never_falls_and_may_cancel() -> None:
    shares: list[float] = []
    answer = answer_with(CLEAN["sma"])
    check_strategy(answer, DAYS, plan=FEW, progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len([share for share in shares if 0.1 < share < 0.9]) > 20

    def cancel(share: float) -> None:
        if share > 0.3:
            raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        check_strategy(answer, DAYS, plan=FEW, progress=cancel)


def test_what_fails_on_all_the_data_or_has_too_few_bars_cannot_be_checked() -> None:
    def fail(_frame: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("colse")

    with pytest.raises(InputError, match="colse"):
        check(fail)
    with pytest.raises(InputError, match="There are 3 bars: a check needs at least 10"):
        check(CLEAN["sma"], make_bars([1, 2, 3], [1, 2, 3]))


@pytest.mark.parametrize("height", [10, 11, 30, 60])
@pytest.mark.parametrize("function", [CLEAN["sma"], LOOK_AHEAD["next_close"]])
def test_short_data_are_checked_too(height: int, function: Callable[..., pd.DataFrame]) -> None:
    result = check(function, DAYS[:height], LIGHT)
    assert result["verdict"] == ("clean" if function is CLEAN["sma"] else "looks ahead")


def test_only_the_newest_bars_of_long_data_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hewston.pipeline.checks.check.MOST_BARS", 500)
    read = check(CLEAN["sma"])["bars"]
    assert (read["count"], read["of"], read["first_row"]) == (500, DAYS.height, DAYS.height - 500)
    assert read["to"] == DAYS["ts_open"][-1].isoformat()
