"""Runs on longer bars than their dataset's: made of its bars, proved, played and drawn."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline import artifacts, backtest, calendar, market, playback, store
from hewston.pipeline.resampling import resample
from hewston.pipeline.spec import SlippageFees
from tests.columns import parse_columns
from tests.pipeline.frames import make_bars, make_spec

FIRST, LAST = dt.date(2023, 1, 3), dt.date(2023, 1, 13)
DAYS = calendar.schedule("XNYS", FIRST, LAST)
COSTS = SlippageFees(k_spread=0, fees_bps=1)


def minutes() -> pl.DataFrame:
    """Minutes from before the open to after the close of nine days, without a volume."""
    at = [1440 * day + minute for day in (0, 1, 2, 3, 6, 7, 8, 9, 10) for minute in range(-60, 420)]
    cents = [10_000 + (i * 37) % 211 - (i // 50) % 97 for i in range(len(at))]
    bars = make_bars([c / 100 for c in cents], [(c + 3) / 100 for c in cents], minutes=at)
    return bars.with_columns(
        volume=pl.lit(None, pl.Float64), session=calendar.label(bars["ts_open"], DAYS)
    )


@pytest.mark.parametrize("session", ["regular", "extended"])
@pytest.mark.parametrize("interval", ["15m", "1h", "1d"])
def test_a_run_on_longer_bars_is_the_one_on_bars_made_before(interval: str, session: str) -> None:
    bars = minutes()
    chosen = bars.filter(pl.col("session").is_in(market.SESSION_FILTERS[session]))
    made = resample(chosen, interval, schedule=DAYS, calendar="XNYS")
    spec = make_spec(interval=interval, session=session, slippage_fees=COSTS)
    frames, figures = backtest.trade(bars, spec, stored="1m")
    if interval == "1d":
        assert frames["equity"].height == 9
        spec = make_spec(interval=interval, session=session, slippage_fees=COSTS)
        made = made.with_columns(session=pl.lit("regular").cast(made["session"].dtype))
    expected, same = backtest.trade(made, spec)
    assert figures == same
    assert frames["equity"]["ts_open"].equals(made["ts_open"])
    for name, frame in expected.items():
        assert frames[name].equals(frame), name


@pytest.mark.parametrize(
    ("interval", "session", "close"),
    [("1h", "regular", "21:00"), ("1d", "regular", "21:00"), ("1w", "extended", "01:00")],
)
def test_the_last_bar_of_a_session_closes_with_it(interval: str, session: str, close: str) -> None:
    spec = make_spec(interval=interval, session=session)
    bars = market.select_window(minutes(), spec, stored="1m", schedule=DAYS).bars
    closes = market.close_times(bars, spec, DAYS)
    assert f"{closes[-1]:%H:%M}" == close
    assert (closes > bars["ts_open"]).all()
    assert (closes[:-1] <= bars["ts_open"][1:]).all()


def test_days_with_a_zone_of_their_own_close_where_the_next_one_starts() -> None:
    bars = make_bars([1.0] * 3, [1.0] * 3, minutes=[-870, 570, 4890])  # midnights in UTC
    spec = make_spec(interval="1d", tz="UTC")
    closes = market.close_times(bars, spec, DAYS)
    assert [f"{close:%d %H:%M}" for close in closes] == ["04 00:00", "05 00:00", "08 00:00"]


def test_what_ends_after_the_last_date_is_not_in_the_last_week() -> None:
    spec = make_spec(interval="1w", to_date=dt.date(2023, 1, 10), from_date=dt.date(2023, 1, 3))
    bars = market.select_window(minutes(), spec, stored="1m", schedule=DAYS).bars
    assert bars.height == 2
    days = minutes().filter(
        pl.col("session") == "regular", pl.col("ts_open").dt.date() <= dt.date(2023, 1, 10)
    )
    assert bars["close"][-1] == days["close"][-1]


def test_its_manifest_says_both_intervals_and_it_reproduces_plays_and_draws(
    tmp_path: Path,
) -> None:
    bars = minutes()
    bars_file = tmp_path / "bars.parquet"
    artifacts.write_frame(bars, bars_file)
    spec = make_spec(
        interval="1h",
        slippage_fees=COSTS,
        bars_sha256=store.sha256_file(bars_file),
        params={"fast": 2, "slow": 5},
    )
    record = artifacts.RunRecord(
        spec=spec,
        dataset_id="D",
        dataset_interval="1m",
        code_hash="",
        git_commit=None,
        created_at="",
    )
    folders = [tmp_path / "run", tmp_path / "again"]
    for folder in folders:
        folder.mkdir()
    manifest = backtest.run_backtest(bars_file=bars_file, record=record, folder=folders[0]).manifest
    assert (manifest["spec"]["interval"], manifest["dataset_interval"]) == ("1h", "1m")
    again = backtest.reproduce_run(manifest, bars_file=bars_file, folder=folders[1])
    assert again == manifest["output_hashes"]
    film = playback.read_film(folders[0], bars_file)
    assert film.bars == 9 * 7
    assert film.cut(-1, film.last)["ohlc"]["v"] is None
    encoded = playback.encode_run(
        bars=pl.scan_parquet(bars_file),
        signals=pl.scan_parquet(folders[0] / "signals.parquet"),
        equity=pl.scan_parquet(folders[0] / "equity.parquet"),
        fills=artifacts.read_frame(folders[0], "fills"),
        spec=spec,
        stored="1m",
        interval="1d",
        schedule=DAYS,
    )
    _, columns = parse_columns(encoded)
    assert len(columns["time"]) == 9
    assert columns["equity"][-1] == artifacts.read_frame(folders[0], "equity")["equity"][-1]
