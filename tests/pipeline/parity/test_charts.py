"""Exports of chart data."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hewston.pipeline.schemas import CANDLES
from tests.pipeline.parity.uploads import (
    read,
    refusal,
)


def test_a_chart_gives_bars_and_series_by_unique_titles(tmp_path):
    upload = read(
        tmp_path,
        'time,open,high,low,close,MA,MA,"ta.vwap(close, timeframe.change(&quot;240&quot;))",Volume\n'
        "1672639200,1,2,0.5,1.25,NaN,1e+100,-0,100\n1672641000,1.25,2,1,1.5,1.123,,4.9e-324,\n",
        "OANDA_EURUSD, 30.csv",
    )
    assert upload.kind == "chart_data"
    assert (upload.symbol, upload.timeframe, upload.clock) == ("OANDA:EURUSD", "30m", "utc")
    assert upload.candles is not None
    assert upload.series is not None
    assert upload.candles.schema == pl.Schema(CANDLES)
    assert upload.candles["volume"].to_list() == [100, None]
    assert upload.series.columns == [
        "ts_open",
        "MA",
        "MA (2)",
        'ta.vwap(close, timeframe.change("240"))',
    ]
    assert upload.series["MA"].to_list() == [None, 1.123]
    assert upload.series["MA (2)"].to_list() == [None, None]
    assert upload.series.to_series(3).to_list() == [-0.0, 5e-324]
    assert upload.decimals["close"] == 2
    assert upload.decimals["MA"] == 3


def test_a_chart_in_iso_times_and_a_line_chart(tmp_path):
    upload = read(
        tmp_path,
        "time,close,RSI\n2025-03-31T08:00:00+08:00,1.5,50\n2025-03-31T08:15:00+08:00,1.6,51\n",
    )
    assert upload.candles is not None
    assert upload.candles["ts_open"][0] == dt.datetime(2025, 3, 31, tzinfo=dt.UTC)
    assert upload.candles["open"].null_count() == 2
    assert any("line chart" in warning for warning in upload.warnings)
    daily = read(tmp_path, "time,open,high,low,close\n2025-03-31,1,2,1,2\n2025-04-01,1,2,1,2\n")
    assert daily.clock == "date"
    assert daily.timeframe == "1d"


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ("1672639200,1\n1672639200,1\n", "rows 2 and 3 have the same time"),
        ("1672639200,inf\n", "row 2, column close"),
        ("1672639200,1e999\n", "infinite"),
        ("1672639200,x\n", "no number"),
        ("1.67E+09,1\n1.67E+09,1\n", "lost digits"),
        ("yesterday,1\n", "times"),
        ("", "no bars"),
    ],
)
def test_a_chart_that_cannot_be_is_refused_with_its_row(tmp_path, rows, word):
    assert word in refusal(tmp_path, f"time,close\n{rows}").message


def test_bars_that_run_back_are_turned_round(tmp_path):
    upload = read(tmp_path, "time,close\n1672641000,2\n1672639200,1\n")
    assert upload.candles is not None
    assert upload.candles["close"].to_list() == [1, 2]
    assert upload.warnings


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(
        st.floats(allow_nan=False, allow_infinity=False, min_value=-1e98, max_value=1e98),
        min_size=1,
        max_size=30,
    )
)
def test_numbers_keep_every_bit(tmp_path, values):
    rows = "\n".join(f"{1672639200 + 60 * at},{value!r}" for at, value in enumerate(values))
    upload = read(tmp_path, f"time,close\n{rows}\n")
    assert upload.candles is not None
    assert [value.hex() for value in upload.candles["close"]] == [
        float(value).hex() for value in values
    ]
