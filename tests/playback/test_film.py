"""Cutting frames out of a run, and finding a bar by what a person says."""

import dataclasses
import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline import artifacts, backtest, calendar, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.playback import read_film
from hewston.pipeline.playback.film import write_time
from hewston.pipeline.resampling import resample
from tests.pipeline.frames import make_spec
from tests.pipeline.test_exits import bars_of, strategy_of
from tests.playback.films import make_film
from tests.scenes import DATASET_ID


def test_a_frame_merges_all_bars_since_the_last_one():
    film = make_film(100, orders=[3, 4, 9], fills=[4, 5, 10])
    frame = film.cut(3, 9)
    assert (frame["i"], frame["ts"]) == (9, "2023-03-01T14:39:00Z")
    assert frame["ohlc"] == {"o": 4.0, "h": 10.0, "l": 3.0, "c": 9.5, "v": 6.0}
    assert [order["bar"] for order in frame["orders"]] == [4, 9]
    assert [fill["bar"] for fill in frame["fills"]] == [4, 5]
    assert (frame["equity"], frame["position"]) == (1009.0, 0.0)


def test_a_frame_has_null_where_there_is_no_number():
    frame = make_film(10, fills=[2]).cut(1, 2)
    assert frame["cash"] is None
    assert frame["fills"][0]["qty"] is None
    json.dumps(frame, allow_nan=False)


def test_an_order_is_open_until_the_bar_in_which_it_was_filled():
    film = make_film(10, orders=[4], fills=[5])
    assert film.cut(3, 4)["orders"][0]["status"] == "OPEN"
    assert film.cut(3, 5)["orders"][0]["status"] == "FILLED"


@pytest.mark.parametrize(
    ("position", "bar"),
    [
        (7, 7),
        (-5, 0),
        (10**30, 999),
        ("2023-03-01T14:35:00Z", 5),
        ("2023-03-01T14:35:30Z", 5),  # as near to the next one
        ("2023-03-01T14:35:30.000001Z", 6),
        ("2023-03-01T09:35:00-05:00", 5),
        ("2023-03-01T14:35:00", 5),
        ("2000-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59Z", 999),
        ("2023-03-01", 0),
        ("2023-03-02", 870),  # midnight in New York is 05:00 UTC
        ("2024-01-01", 999),
    ],
)
def test_a_position_is_the_nearest_bar(position, bar):
    assert make_film(1000).find_bar(position) == bar


@pytest.mark.parametrize("position", ["", "soon", "2023-13-01", "7", 1.5, None, True, [], {}])
def test_what_is_no_position_is_refused(position):
    with pytest.raises(InputError, match="bar's number"):
        make_film(10).find_bar(position)


@given(st.integers(0, 99), st.floats(-1e4, 1e4))
def test_no_bar_is_nearer_than_the_one_that_is_found(bar, seconds):
    film = make_film(100)
    moment = int(film.ts_open[bar]) + int(seconds * 1e6) * 1000
    found = film.find_bar(write_time(moment))
    distances = abs(film.ts_open - moment)
    assert found == int(distances.argmin())  # the first of those equally near


@pytest.fixture(scope="module")
def film(stage):
    bars = store.Store(stage.root).dataset_folder(DATASET_ID, stage.bars_sha256) / "bars.parquet"
    return read_film(stage.run_folder, bars)


def test_the_film_of_a_run_shows_what_its_artifacts_say(stage, film):
    equity = artifacts.read_frame(stage.run_folder, "equity")
    regular = stage.bars.filter(pl.col("session") == "regular")
    assert film.bars == equity.height == regular.height
    whole = film.cut(-1, film.last)
    assert whole["ohlc"]["o"] == regular["open"][0]
    assert whole["ohlc"]["h"] == regular["high"].max()
    assert whole["ohlc"]["l"] == regular["low"].min()
    assert whole["ohlc"]["c"] == equity["close"][-1]
    assert whole["ohlc"]["v"] == regular["volume"].sum()
    for name in ("equity", "position", "cash"):
        assert whole[name] == equity[name][-1]
    for name in ("orders", "fills"):
        rows = artifacts.read_frame(stage.run_folder, name)
        assert rows.height > 0
        shown = pl.DataFrame(whole[name], schema=rows.schema | {"ts": pl.String})
        assert shown.drop("ts").equals(rows.drop("ts"))
        assert whole[name][0]["ts"] == write_time(rows["ts"].cast(pl.Int64)[0])
    assert film.trades == artifacts.read_frame(stage.run_folder, "trades").height


def test_the_film_of_longer_bars_merges_its_minutes(stage, tmp_path):
    spec = dataclasses.replace(stage.spec, interval="5m", to_date=dt.date(2023, 11, 1))
    schedule = calendar.schedule("XNYS", dt.date(2023, 10, 30), dt.date(2023, 11, 7))
    minutes = stage.bars.filter(pl.col("session") == "regular")
    bars = resample(minutes, "5m", schedule=schedule, calendar="XNYS").filter(
        pl.col("ts_open") < pl.lit("2023-11-02T00:00Z").str.to_datetime(time_zone="UTC")
    )
    equity = artifacts.read_frame(stage.run_folder, "equity")
    equity = equity[: bars.height].with_columns(bars["ts_open"])
    equity.write_parquet(tmp_path / "equity.parquet")
    for name in ("orders", "fills", "trades"):
        artifacts.read_frame(stage.run_folder, name).clear().write_parquet(
            tmp_path / f"{name}.parquet"
        )
    store.write_json(tmp_path / "run-manifest.json", {"spec": spec.as_json()})
    stage.bars.write_parquet(tmp_path / "bars.parquet")
    film = read_film(tmp_path, tmp_path / "bars.parquet")
    assert film.bars == bars.height
    for name, values in film.prices.items():
        assert values.tolist() == bars[name].to_list()


def test_a_stop_is_open_until_the_bar_in_which_its_target_fills(tmp_path):
    ticks = [(1000, 1005, 995, 1000)] * 4 + [(1000, 1012, 999, 1000), (1000, 1005, 995, 1000)]
    bars, spec = bars_of(ticks), make_spec(params={})
    columns = {"position": [1] * 6, "stop_offset": [10] * 6, "target_offset": [8] * 6}
    frames, figures = backtest.trade(bars, spec, strategy=strategy_of(columns))
    record = artifacts.RunRecord(
        spec=spec, dataset_id="TEST", code_hash="", git_commit=None, created_at=""
    )
    artifacts.write_run(tmp_path, record=record, frames=frames, metrics=figures)
    bars.write_parquet(tmp_path / "bars.parquet")
    film = read_film(tmp_path, tmp_path / "bars.parquet")
    for bar, statuses in ((3, ["OPEN", "OPEN"]), (4, ["CANCELLED", "FILLED"])):
        orders = film.cut(0, bar)["orders"]
        assert [order["status"] for order in orders if order["type"] != "MARKET"] == statuses


def test_sessions_begin_with_the_first_bar_of_an_exchange_date(film):
    assert [film.find_date(int(bar)).isoformat() for bar in film.sessions[:3]] == [
        "2023-10-30",
        "2023-10-31",
        "2023-11-01",
    ]
    assert [film.find_date(int(bar) - 1).isoformat() for bar in film.sessions[1:3]] == [
        "2023-10-30",
        "2023-10-31",
    ]


def test_bars_of_another_dataset_are_refused(stage, tmp_path):
    stage.bars[100:].write_parquet(tmp_path / "bars.parquet")
    stage.bars.with_columns(pl.col("ts_open").dt.offset_by("1m")).write_parquet(
        tmp_path / "late.parquet"
    )
    for name in ("bars.parquet", "late.parquet"):
        with pytest.raises(InputError, match="not of the bars"):
            read_film(stage.run_folder, tmp_path / name)
