"""Two series of bars, compared value by value."""

import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline.equality import compare
from hewston.pipeline.equality.compare import VALUES
from hewston.pipeline.schemas import DIFFERENCES
from tests.pipeline.frames import START, make_bars, random_bars

BARS = make_bars([10, 11, 12], [11, 12, 13], sessions=["pre", "regular", "regular"])
MINUTE = dt.timedelta(minutes=1)
SHARED = ("open", "high", "low", "close", "volume")


def prove(ours, theirs, tick_size=0.01):
    found = compare(ours, theirs, tick_size=tick_size, calendar="XNYS")
    json.dumps(found.report, allow_nan=False)  # plain values alone
    assert dict(found.differences.schema) == DIFFERENCES
    return found


def changed(bars, row, column, value):
    """Plant one value."""
    return (
        bars.with_row_index("row")
        .with_columns(
            pl.when(pl.col("row") == row).then(pl.lit(value)).otherwise(column).alias(column)
        )
        .drop("row")
        .cast({column: bars.schema[column]})
    )


def column_of(report, name):
    return next(column for column in report["columns"] if column["column"] == name)


def test_the_same_bars_are_equal():
    found = prove(BARS, BARS)
    assert found.report["verdict"] == "EQUAL"
    assert found.report["sentence"] == (
        "All 3 bars are equal in open, high, low, close and volume."
    )
    assert found.report["bars"] == {
        "ours": 3,
        "theirs": 3,
        "both": 3,
        "equal": 3,
        "differing": 0,
        "only_ours": 0,
        "only_theirs": 0,
    }
    assert [column["column"] for column in found.report["columns"]] == list(SHARED)
    assert all(column["exact"] == column["compared"] == 3 for column in found.report["columns"])
    assert set(found.report["not_compared"]) == set(VALUES) - set(SHARED)
    assert found.differences.is_empty()


@pytest.mark.parametrize("column", SHARED)
@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_single_value_that_differs_is_found_and_named(column, row):
    before = BARS[column][row]
    found = prove(BARS, changed(BARS, row, column, before + 0.5))
    at = START + row * MINUTE
    assert found.report["verdict"] == "DIFFERENT"
    assert found.report["sentence"] == (
        f"1 of 3 bars that both have differs ({column} 1), first at "
        f"{at.isoformat().replace('+00:00', 'Z')} in {column}: {before:.0f} here, "
        f"{before + 0.5} in the file."
    )
    described = column_of(found.report, column)
    assert (described["differing"], described["exact"], described["beyond"]) == (1, 2, 1)
    assert described["largest_absolute"]["difference"] == 0.5
    assert described["largest_relative"]["difference"] == 0.5 / (before + 0.5)
    assert described["first"]["ours"] == before
    assert found.differences.rows() == [
        (at, BARS["session"][row], "differs", column, before, before + 0.5)
    ]
    others = [name for name in SHARED if name != column]
    assert all(column_of(found.report, name)["differing"] == 0 for name in others)


def test_bars_that_one_side_alone_has_are_listed_and_do_not_make_it_different():
    found = prove(BARS.head(2), BARS.tail(2))
    report = found.report
    assert report["verdict"] == "EQUAL WHERE BOTH HAVE BARS"
    assert report["sentence"] == (
        "The bar that both have is equal in open, high, low, close and volume. "
        "1 bar is only in the dataset and 1 bar is only in the file."
    )
    first, last = "2023-01-03T14:30:00Z", "2023-01-03T14:32:00Z"
    assert report["only_ours"] == {"count": 1, "first": first, "last": first, "list": [first]}
    assert report["only_theirs"] == {"count": 1, "first": last, "last": last, "list": [last]}
    assert report["sessions"] == [
        {"session": "pre", "both": 0, "differing": 0, "only_ours": 1, "only_theirs": 0},
        {"session": "regular", "both": 1, "differing": 0, "only_ours": 0, "only_theirs": 1},
    ]
    assert found.differences["kind"].to_list() == ["only ours", "only theirs"]


def test_a_list_of_missing_bars_ends_and_the_differences_have_all():
    bars = random_bars(1500)
    found = prove(bars, bars.tail(1))
    assert found.report["only_ours"]["count"] == 1499
    assert len(found.report["only_ours"]["list"]) == 1000
    assert found.report["only_ours"]["last"] == "2023-01-04T15:28:00Z"
    assert len(found.differences) == 1499


def test_bars_of_other_times_have_nothing_in_common():
    later = BARS.with_columns(pl.col("ts_open") + pl.duration(days=1, time_unit="ns"))
    report = prove(BARS, later).report
    assert report["verdict"] == "NOTHING IN COMMON"
    assert report["sentence"] == (
        "No bar of the dataset has the time of a bar of the file. The dataset has 3 from "
        "2023-01-03T14:30:00Z to 2023-01-03T14:32:00Z, the file 3 from 2023-01-04T14:30:00Z to "
        "2023-01-04T14:32:00Z."
    )
    assert report["dates"]["both"] == 0
    assert (report["dates"]["only_ours"], report["dates"]["only_theirs"]) == (1, 1)
    assert prove(BARS.clear(), BARS).report["verdict"] == "NOTHING IN COMMON"
    assert "none in the time" in prove(BARS.clear(), BARS).report["sentence"]


def test_values_are_told_by_how_near_they_are():
    ours = make_bars([100, 100, 100, 100], [100, 100, 100, 100])
    theirs = ours.with_columns(close=pl.Series([100.0, 100.00000001, 100.01, 100.02]))
    report = prove(ours, theirs).report
    close = column_of(report, "close")
    assert [close[name] for name in ("exact", "close", "tick", "beyond")] == [1, 1, 1, 1]
    assert report["bars"]["differing"] == 3
    assert close["first"]["theirs"] == 100.00000001
    volume = prove(ours, changed(ours, 0, "volume", 100.005)).report
    assert column_of(volume, "volume")["tick"] is None
    assert column_of(volume, "volume")["beyond"] == 1


def test_what_one_side_does_not_know_is_not_compared():
    ours = BARS.with_columns(vwap=pl.lit(10.5), trade_count=pl.lit(3, pl.UInt32))
    theirs = BARS.with_columns(trade_count=pl.Series([3, None, 4], dtype=pl.UInt32))
    report = prove(ours, theirs).report
    assert "vwap" in report["not_compared"]
    counts = column_of(report, "trade_count")
    assert (counts["compared"], counts["differing"]) == (2, 1)


def test_values_that_are_no_numbers_are_not_compared():
    theirs = BARS.with_columns(volume=pl.Series([float("nan"), float("inf"), 100.0]))
    report = prove(BARS, theirs).report
    assert column_of(report, "volume")["compared"] == 1
    assert report["verdict"] == "EQUAL"


def test_bars_that_mix_sessions_are_counted_without_them():
    mixed = BARS.with_columns(session=pl.lit(None, BARS.schema["session"]))
    report = prove(mixed, mixed).report
    assert report["sessions"] == []
    assert report["dates"] == {
        "both": 1,
        "only_ours": 0,
        "only_theirs": 0,
        "first": "2023-01-03",
        "last": "2023-01-03",
    }


planted = st.lists(
    st.tuples(
        st.integers(0, 199),
        st.sampled_from(SHARED),
        st.floats(min_value=-5, max_value=5).filter(lambda change: change != 0),
    ),
    max_size=20,
    unique_by=lambda plant: plant[:2],
)


@given(planted, st.sets(st.integers(0, 199)), st.sets(st.integers(0, 199)))
def test_every_planted_difference_is_found_and_nothing_else(changes, gone_here, gone_there):
    bars = random_bars(200)
    theirs = bars.with_columns(
        pl.Series(
            name,
            [
                value + sum(by for at, column, by in changes if (at, column) == (row, name))
                for row, value in enumerate(bars[name])
            ],
        )
        for name in SHARED
    )
    rows = pl.Series(range(200))
    found = prove(
        bars.filter(~rows.is_in(list(gone_here))), theirs.filter(~rows.is_in(list(gone_there)))
    )
    there = set(range(200)) - gone_here - gone_there
    expected = {
        (START + row * MINUTE, name)
        for row in there
        for name in SHARED
        if bars[name][row] != theirs[name][row]
    }
    differs = found.differences.filter(pl.col("kind") == "differs")
    assert set(differs.select("ts_open", "column").iter_rows()) == expected
    report = found.report
    assert report["bars"]["differing"] == len({at for at, _ in expected})
    assert report["only_ours"]["count"] == len(gone_there - gone_here)
    assert report["only_theirs"]["count"] == len(gone_here - gone_there)
    assert sum(column["differing"] for column in report["columns"]) == len(expected)
    for column in report["columns"]:
        tiers = [column[name] or 0 for name in ("exact", "close", "tick", "beyond")]
        assert sum(tiers) == column["compared"] == len(there)
    assert (report["verdict"] == "DIFFERENT") == bool(expected)
    assert (report["verdict"] == "NOTHING IN COMMON") == (not there)


@given(planted)
def test_either_side_may_come_first(changes):
    bars = random_bars(200)
    theirs = bars
    for row, column, by in changes:
        theirs = changed(theirs, row, column, theirs[column][row] + by)
    one, other = prove(bars, theirs).report, prove(theirs, bars).report
    assert one["verdict"] == other["verdict"]
    for left, right in zip(one["columns"], other["columns"], strict=True):
        names = ("exact", "close", "tick", "beyond", "differing")
        assert [left[name] for name in names] == [right[name] for name in names]
