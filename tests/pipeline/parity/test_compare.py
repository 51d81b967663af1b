"""Candles and series of Pine and Python: planted defects end in their class and cause."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.compare import Comparison, compare_sides
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.readers import place, read_upload
from hewston.pipeline.parity.side import Side
from hewston.pipeline.parity.titles import pair_titles
from hewston.pipeline.parity.tolerances import Tolerance, Tolerances
from hewston.pipeline.schemas import UTC_NS

BARS = 960
STEP_NS = 15 * 60 * 10**9
START_NS = 1_735_689_600 * 10**9  # 2025-01-01
EXPORTS = Path(__file__).resolve().parents[4] / "shared/data/tradingview/ta"


def _close() -> np.ndarray:
    return 100 + np.random.default_rng(3).normal(0, 0.3, BARS).cumsum().round(2)


def _side(
    values: np.ndarray | None = None,
    *,
    close: np.ndarray | None = None,
    start_ns: int = START_NS,
    step_ns: int = STEP_NS,
    title: str = "RSI",
    **said: Any,
) -> Side:
    close = _close() if close is None else close
    times = pl.Series("ts_open", start_ns + step_ns * np.arange(len(close))).cast(UTC_NS)
    opened = np.concatenate((close[:1], close[:-1]))
    candles = pl.DataFrame(
        {
            "ts_open": times,
            "open": opened,
            "high": np.maximum(opened, close) + 0.1,
            "low": np.minimum(opened, close) - 0.1,
            "close": close,
            "volume": np.arange(1.0, len(close) + 1),
        }
    )
    given = close if values is None else values
    return Side(
        name="a side",
        candles=candles,
        series=pl.DataFrame({"ts_open": times, title: given}),
        **said,
    )


def _compare(pine: Side, python: Side, **said: Any) -> Comparison:
    return compare_sides(pine, python, Options(**said))


def _first(found: Comparison) -> tuple[str, str, str]:
    assert found.verdict == "diverged"
    one = found.findings[0]
    return one.layer, one.class_name, one.cause


def test_a_side_is_aligned_with_itself_bit_by_bit() -> None:
    found = _compare(_side(), _side())
    assert (found.verdict, len(found.aligned.both), found.findings) == ("aligned", BARS, ())
    assert found.series[0].counts["bit-exact"] == BARS
    assert found.series[0].rmse == 0


@given(row=st.integers(30, BARS - 2), by=st.floats(0.01, 50))
@settings(max_examples=25, deadline=None)
def test_one_wrong_value_is_found_at_its_bar(row: int, by: float) -> None:
    values = _close()
    values[row] += by
    found = _compare(_side(), _side(values))
    assert _first(found) == ("indicators", "python_implementation", "unknown")
    assert found.series[0].first == row
    assert found.findings[0].at == START_NS + row * STEP_NS
    assert found.series[0].counts["diverges"] == 1
    back = _compare(_side(values), _side())
    assert back.series[0].counts == found.series[0].counts


@pytest.mark.parametrize(
    ("moved_ns", "cause"),
    [
        (STEP_NS, "stamp"),
        (-STEP_NS, "stamp"),
        (8 * 3600 * 10**9, "zone"),
        (-5 * 3600 * 10**9, "zone"),
        (3 * STEP_NS, "offset"),
    ],
)
def test_times_that_are_moved_are_named(moved_ns: int, cause: str) -> None:
    found = _compare(_side(), _side(start_ns=START_NS + moved_ns))
    assert _first(found) == ("candles", "data_alignment", cause)
    assert f"moved by {moved_ns / 60e9:+g} minutes" in found.findings[0].sentence


def test_candles_that_are_moved_in_their_rows_are_an_offset() -> None:
    close = _close()
    moved = np.concatenate((close[:1], close[:-1]))
    found = _compare(_side(), _side(close, close=moved))
    assert _first(found) == ("candles", "data_alignment", "offset")


def test_one_other_price_is_another_feed_and_explains_what_follows() -> None:
    close = _close()
    close[500] += 5
    found = _compare(_side(), _side(close=close))
    assert _first(found) == ("candles", "data_alignment", "feed")
    assert {one.class_name for one in found.findings} == {"data_alignment"}
    assert {one.layer for one in found.findings} == {"candles", "indicators"}


def test_half_of_the_bars_are_never_aligned() -> None:
    half = _close()[: BARS // 2]
    for pair in ((_side(), _side(close=half)), (_side(close=half), _side())):
        assert _first(_compare(*pair))[:2] == ("candles", "data_alignment")


def test_another_timeframe_and_another_symbol_are_other_candles() -> None:
    assert _first(_compare(_side(), _side(step_ns=4 * STEP_NS)))[1] == "data_alignment"
    other = _side(close=_close() * 3)
    assert _first(_compare(_side(), other)) == ("candles", "data_alignment", "feed")


def test_disjoint_times_compare_nothing() -> None:
    found = _compare(_side(), _side(_close(), start_ns=START_NS + 400 * 86_400 * 10**9 + 1))
    assert (found.verdict, len(found.aligned.both)) == ("not_comparable", 0)
    assert found.findings[0].class_name == "data_alignment"


def test_a_series_of_nothing_is_not_comparable() -> None:
    nothing = np.full(BARS, np.nan)
    assert _compare(_side(nothing), _side(nothing)).verdict == "not_comparable"
    found = _compare(_side(), _side(nothing))
    assert _first(found) == ("indicators", "python_implementation", "unknown")
    assert found.series[0].match_pct == 0


def test_half_of_a_series_is_never_aligned() -> None:
    half = _close()
    half[BARS // 2 :] = np.nan
    for pair in ((_side(), _side(half)), (_side(half), _side())):
        assert _first(_compare(*pair))[1] == "python_implementation"


def test_a_series_that_python_lacks_is_a_gap() -> None:
    found = _compare(_side(title="ZigZag"), _side(title="RSI"))
    assert found.titles.only_pine == ("ZigZag",)
    assert found.titles.only_python == ("RSI",)
    assert found.verdict in {"diverged", "not_comparable"}
    assert found.findings[0].class_name == "pine_only_function_gap"


def test_an_error_that_fades_at_the_start_is_warm_up() -> None:
    values = _close()
    values[:20] += 0.5 ** np.arange(20)
    found = _compare(_side(), _side(values, warmup=20))
    assert _first(found)[1] == "warmup_window"
    assert _first(_compare(_side(), _side(values, warmup=10)))[1] == "python_implementation"
    grows = _close()
    grows[:20] += np.arange(20) / 10 + 0.1
    assert _first(_compare(_side(), _side(grows, warmup=20)))[1] == "python_implementation"
    late = _close()
    late[5:20] += 1
    assert _first(_compare(_side(), _side(late, warmup=20)))[1] == "python_implementation"


def test_one_side_that_is_missing_at_the_start_is_warm_up() -> None:
    values = _close()
    values[:19] = np.nan
    assert _first(_compare(_side(values), _side()))[1] == "warmup_window"


def test_a_series_of_a_longer_interval_is_told() -> None:
    hourly = np.repeat(_close()[::4], 4)
    for pair in ((_side(hourly), _side()), (_side(), _side(hourly))):
        assert _first(_compare(*pair)) == ("indicators", "timeframe_aggregation", "unknown")


def test_too_few_intervals_prove_no_longer_one() -> None:
    hourly = np.repeat(_close()[::4], 4)[:72]
    close = _close()[:72]
    found = _compare(_side(close=close), _side(hourly, close=close))
    assert _first(found)[1] == "python_implementation"


@pytest.mark.parametrize("later", [1, -1, 7])
def test_a_series_that_is_shifted_on_equal_candles_is_an_offset(later: int) -> None:
    values = np.roll(_close(), later)
    values[: max(later, 0)] = np.nan
    if later < 0:
        values[later:] = np.nan
    found = _compare(_side(), _side(values))
    assert _first(found) == ("indicators", "python_implementation", "offset")


def test_tiers_are_told_apart() -> None:
    close = _close()
    by_bits = close * (1 + 2e-15)
    assert _compare(_side(), _side(by_bits)).verdict == "aligned"
    band = _compare(_side(), _side(close * (1 + 1e-10)))
    assert (band.verdict, band.findings) == ("aligned_within_tolerance", ())
    loose = _compare(_side(), _side(close * (1 + 1e-7)))
    assert loose.verdict == "aligned_within_tolerance"
    assert [one.class_name for one in loose.findings] == ["numeric_tolerance"]
    strict = Tolerances(default=Tolerance(absolute=0, relative=0))
    assert _first(_compare(_side(), _side(close * (1 + 1e-7)), tolerances=strict)) == (
        "indicators",
        "python_implementation",
        "unknown",
    )


def test_signs_zeros_and_what_pine_writes_for_missing() -> None:
    zeros = np.zeros(BARS)
    assert _compare(_side(zeros), _side(-zeros)).series[0].counts["bit-exact"] == BARS
    pine = _close()
    pine[7] = 1e100
    python = _close()
    python[7] = np.nan
    assert _compare(_side(pine), _side(python)).verdict == "aligned"
    assert _first(_compare(_side(), _side(-_close())))[1] == "python_implementation"


def test_values_are_compared_as_they_are_printed() -> None:
    exact = _close() + np.random.default_rng(5).random(BARS)
    printed = exact.round(3)
    found = _compare(_side(printed, decimals={"RSI": 3}), _side(exact))
    assert found.verdict == "aligned"
    assert _compare(_side(printed), _side(exact)).verdict == "diverged"


def test_two_bars_of_one_time_are_refused() -> None:
    times = pl.Series("ts_open", [START_NS, START_NS]).cast(UTC_NS)
    with pytest.raises(InputError, match="two rows for 2025-01-01 00:00:00 UTC"):
        Side(name="Pine", series=pl.DataFrame({"ts_open": times, "a": [1.0, 2.0]}))


def test_titles_are_paired_by_what_they_mean() -> None:
    paired = pair_titles(
        ["ta.sma(close, 10)", "a &lt; b", "Upper Band", "Plot", "x"],
        ["SMA(close,10)", "a<b", "upper_band", "plot", "PLOT"],
        {"x": None},
    )
    assert paired.pairs == (
        ("ta.sma(close, 10)", "SMA(close,10)"),
        ("a &lt; b", "a<b"),
        ("Upper Band", "upper_band"),
    )
    assert (paired.only_pine, paired.only_python) == (("Plot",), ("plot", "PLOT"))
    with pytest.raises(InputError, match="no series of the Python side"):
        pair_titles(["a"], ["SMA"], {"a": "SMAA"})


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="the exports of TradingView are not here")
@pytest.mark.parametrize("name", ["ma", "macd", "vwap", "pivot", "dmi"])
def test_exports_are_aligned_with_themselves_and_not_when_one_value_is_another(name: str) -> None:
    path = EXPORTS / f"{name}.csv"
    bridge = place(read_upload(path, filename=path.name))
    pine = Side(name="Pine", candles=bridge.candles, series=bridge.series, decimals=bridge.decimals)
    assert pine.series is not None
    assert _compare(pine, pine).verdict == "aligned"
    title = pine.series.columns[1]
    at = int(pine.series[title].is_not_null().arg_true()[-1])
    values = pine.series[title].scatter(at, pine.series[title][at] * 1.5)
    python = Side(name="Python", candles=pine.candles, series=pine.series.with_columns(values))
    found = _compare(pine, python)
    assert _first(found)[:2] == ("indicators", "python_implementation")
    assert found.findings[0].at == int(pine.series["ts_open"].to_physical()[at])


def test_candles_within_the_tolerance_are_no_other_feed() -> None:
    close = _close()
    found = _compare(_side(), _side(close=close * (1 + 1e-7)))
    assert found.verdict == "aligned_within_tolerance"
    assert {one.class_name for one in found.findings} == {"numeric_tolerance"}
    assert found.layers[0].status == "within_tolerance"
