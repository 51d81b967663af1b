"""What a browser draws: columns, months, distributions."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline import breakdown, playback, schemas
from tests.columns import parse_columns
from tests.pipeline.frames import make_spec
from tests.scenes import NEW_YORK, make_bars

FLOATS = st.lists(st.none() | st.floats(allow_nan=False), max_size=50)


@given(st.dictionaries(st.text(min_size=1, max_size=8), FLOATS, max_size=5))
def test_columns_come_back_as_they_were_and_null_is_nan(lists):
    encoded = playback.encode_columns(
        {name: pl.Series(values, dtype=pl.Float64) for name, values in lists.items()}
    )
    _, columns = parse_columns(encoded)
    assert list(columns) == list(lists)
    for name, values in lists.items():
        expected = [math.nan if value is None else value for value in values]
        assert np.array_equal(columns[name], np.array(expected, float), equal_nan=True)


def test_whole_numbers_and_booleans_are_columns_too():
    _, columns = parse_columns(
        playback.encode_columns(
            {"a": pl.Series([1, 2], dtype=pl.UInt32), "b": pl.Series([True, None])},
            about={"of": "test"},
        )
    )
    assert columns["a"].tolist() == [1.0, 2.0]
    assert columns["b"][0] == 1.0


def test_an_address_changes_with_the_content_only():
    assert playback.address("a") == playback.address("a")
    assert playback.address("a") != playback.address("b")


def run_of(bars, position=0.0):
    """A run's artifacts that hold one position all the time."""
    equity = bars.select(
        "ts_open",
        cash=pl.lit(1000.0),
        position=pl.lit(position),
        close="close",
        equity=1000.0 + pl.col("close"),
        drawdown=pl.lit(0.0),
        exposure=pl.lit(0.0),
    )
    signals = bars.select(
        "ts_open",
        target=pl.lit(0.0),
        reason=pl.lit(None, dtype=pl.String),
        near=pl.col("close") + 0.1,
        far=pl.lit(0.5),
        equity=pl.lit(1.0),
    )
    return {
        "bars": bars.lazy(),
        "signals": signals.lazy(),
        "equity": equity.lazy(),
        "fills": pl.DataFrame(schema=schemas.FILLS),
    }


@pytest.fixture(scope="module")
def day():
    return make_bars(dt.date(2023, 11, 3), dt.date(2023, 11, 6))


@pytest.fixture(scope="module")
def schedule():
    from hewston.pipeline import calendar  # noqa: PLC0415 (beside its only use)

    return calendar.schedule("XNYS", dt.date(2023, 11, 3), dt.date(2023, 11, 6))


@pytest.mark.parametrize("interval", ["5m", "1h", "1d"])
def test_a_run_on_longer_bars_shows_its_own_bars(day, schedule, interval):
    from hewston.pipeline.resampling import resample  # noqa: PLC0415 (beside its only use)

    regular = day.filter(pl.col("session") == "regular")
    own = resample(regular, "5m", schedule=schedule, calendar="XNYS")
    parts = run_of(own) | {"bars": day.lazy()}
    encoded = playback.encode_run(
        **parts, spec=make_spec(interval="5m"), stored="1m", interval=interval, schedule=schedule
    )
    header, columns = parse_columns(encoded)
    expected = resample(regular, interval, schedule=schedule, calendar="XNYS")
    assert columns["close"].tolist() == expected["close"].to_list()
    assert columns["volume"].tolist() == expected["volume"].to_list()
    assert columns["equity"].tolist() == [1000.0 + close for close in expected["close"]]
    panes = {one["name"]: one["pane"] for one in header["about"]["indicators"]}
    assert panes == {"near": "price", "far": "own", "equity (signal)": "own 2"}


def test_indicators_share_a_pane_where_their_ranges_do_and_levels_lie_over_the_prices(day):
    regular = day.filter(pl.col("session") == "regular").head(6)
    parts = run_of(regular)
    held = [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    parts["equity"] = parts["equity"].with_columns(position=pl.Series(held))
    parts["signals"] = regular.lazy().select(
        "ts_open",
        target=pl.lit(0.0),
        reason=pl.lit(None, dtype=pl.String),
        stop_loss=pl.Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        stop_pct=pl.lit(0.01),
        rsi=pl.Series([10.0, 90.0, 50.0, 20.0, 30.0, 40.0]),
        stochastic=pl.Series([5.0, 95.0, 50.0, 20.0, 30.0, 40.0]),
        atr=pl.Series([0.1, 0.2, 0.1, 0.2, 0.1, 0.1]),
    )
    encoded = playback.encode_run(
        **parts, spec=make_spec(), stored="1m", interval="1m", schedule=pl.DataFrame()
    )
    header, columns = parse_columns(encoded)
    assert [(one["name"], one["kind"], one["pane"]) for one in header["about"]["indicators"]] == [
        ("stop_loss", "level", "price"),
        ("rsi", "line", "own"),
        ("stochastic", "line", "own"),
        ("atr", "line", "own 2"),
    ]
    stops = columns["indicator:stop_loss"].tolist()  # in the bar after, while a position is held
    assert stops[1:4] == [1.0, 2.0, 3.0]
    assert all(math.isnan(stop) for stop in (stops[0], *stops[4:]))


def test_months_count_from_the_end_of_the_one_before():
    ends = [("2023-01-31T20:00", 110.0), ("2023-03-31T20:00", 99.0), ("2024-01-31T20:00", 198.0)]
    equity = pl.DataFrame(
        {"ts_open": [f"{ts}:00Z" for ts, _ in ends], "equity": [value for _, value in ends]}
    ).with_columns(pl.col("ts_open").str.to_datetime(time_unit="ns", time_zone="UTC"))
    first, second = breakdown.monthly_returns(
        equity.lazy(), starting_cash=100.0, calendar="XNYS", tz=NEW_YORK
    )
    assert first.months[0] == pytest.approx(0.1)
    assert first.months[1] is None
    assert first.months[2] == pytest.approx(-0.1)
    assert first.total == pytest.approx(-0.01)
    assert (second.year, second.months[0], second.total) == (2024, 1.0, 1.0)


def test_a_month_belongs_to_the_exchanges_calendar():
    equity = pl.DataFrame({"ts_open": ["2023-02-01T01:00:00Z"], "equity": [101.0]}).with_columns(
        pl.col("ts_open").str.to_datetime(time_unit="ns", time_zone="UTC")
    )
    [year] = breakdown.monthly_returns(
        equity.lazy(), starting_cash=100.0, calendar="XNYS", tz=NEW_YORK
    )
    assert year.months[0] == pytest.approx(0.01)


def test_a_month_after_ruin_has_no_return():
    equity = pl.DataFrame(
        {"ts_open": ["2023-01-03T15:00:00Z", "2024-02-01T15:00:00Z"], "equity": [-5.0, -5.0]}
    ).with_columns(pl.col("ts_open").str.to_datetime(time_unit="ns", time_zone="UTC"))
    first, second = breakdown.monthly_returns(
        equity.lazy(), starting_cash=100.0, calendar="XNYS", tz=NEW_YORK
    )
    assert first.months[0] == pytest.approx(-1.05)
    assert second.months[1] is None
    assert math.isnan(second.total)


@given(st.lists(st.floats(-1e6, 1e6), max_size=200), st.integers(2, 40))
def test_a_distribution_counts_every_value_once_and_zero_is_an_edge(values, bins):
    counted = breakdown.histogram(pl.Series(values, dtype=pl.Float64), bins=bins)
    assert sum(one.count for one in counted) == len(values)
    assert not any(one.low < 0 < one.high for one in counted)
    assert len(counted) <= bins + 2
    for one in counted[:-1]:
        assert one.count == sum(one.low <= value < one.high for value in values)


def test_a_distribution_says_where_its_outer_bins_have_no_end():
    values = pl.Series([-900.0, *range(-50, 150), 5000.0], dtype=pl.Float64)
    counted = breakdown.histogram(values, bins=12)
    assert (counted[0].low, counted[-1].high) == (-math.inf, math.inf)
    assert counted[0].high < 0 < counted[-1].low < 150
    few = breakdown.histogram(pl.Series([-1.0, 2.0, 3.0]), bins=8)
    assert few[0].low <= -1
    assert few[-1].high >= 3
    assert math.isfinite(few[0].low)
    assert math.isfinite(few[-1].high)


def test_a_distribution_of_nothing_is_empty():
    assert breakdown.histogram(pl.Series([None, math.nan], dtype=pl.Float64), bins=9) == []
