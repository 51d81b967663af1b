"""A dataset's chart: bars of every interval, page by page, and where bars are missing."""

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline import calendar, schemas, store
from hewston.pipeline.artifacts import write_frame
from hewston.pipeline.errors import InputError
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.playback import levels, pages
from hewston.pipeline.playback.grid import Grid
from hewston.pipeline.playback.levels import StoredBars
from hewston.pipeline.resampling import resample
from tests.columns import parse_columns
from tests.scenes import make_bars

FIRST, LAST = dt.date(2023, 10, 30), dt.date(2023, 11, 28)  # a change of clocks, a half-day
DAYS = calendar.schedule("XNYS", FIRST, LAST)
BARS = make_bars(FIRST, LAST)
EDGES = ("pre_open", "open", "close", "post_close")


def keep(
    root: Path,
    bars: pl.DataFrame,
    *,
    days: pl.DataFrame = DAYS,
    interval: str = "1m",
    tz: str = "America/New_York",
) -> StoredBars:
    """Store bars as a revision's folder holds them."""
    folder = root / "dataset"
    folder.mkdir(parents=True)
    write_frame(bars, folder / "bars.parquet")
    sessions = [
        {"date": str(day["date"]), **{edge: day[edge].isoformat() for edge in EDGES}}
        for day in days.to_dicts()
    ]
    store.write_json(folder / "quality.json", {"sessions": sessions})
    sha256 = store.sha256_file(folder / "bars.parquet")
    return StoredBars(
        root=root,
        folder=folder,
        bars_sha256=sha256,
        interval=interval,
        calendar="XNYS",
        tz=tz,
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredBars:
    return keep(tmp_path_factory.mktemp("root"), BARS)


def read_all(stored: StoredBars, interval: str, session: str) -> dict[str, list[float]]:
    """Put all pages together; gap rows count from the first bar."""
    found: dict[str, list[float]] = {}
    for number in range(pages.count_pages(stored, interval, session)):
        _, columns = parse_columns(pages.encode_page(stored, interval, session, number))
        columns["gap_row"] = columns["gap_row"] + number * levels.PAGE_ROWS
        for name, values in columns.items():
            found.setdefault(name, []).extend(values.tolist())
    return found


def gaps_of(found: dict[str, list[float]]) -> list[tuple[float, str, str, float]]:
    def at(seconds: float) -> str:
        return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%d %H:%M}"

    return [
        (row, at(start), at(end), missing)
        for row, start, end, missing in zip(
            *(found[f"gap_{name}"] for name in ("row", "from", "to", "missing")), strict=True
        )
    ]


@pytest.mark.parametrize("interval", levels.chart_intervals("1m"))
def test_a_level_is_what_resampling_all_bars_gives(stored, interval, monkeypatch):
    monkeypatch.setattr(levels, "_CHUNK_ROWS", 1_000)  # many parts
    merged = resample(BARS, interval, schedule=DAYS, calendar="XNYS")
    assert levels.scan_level(stored, interval).collect().equals(merged)


@pytest.mark.parametrize("interval", levels.chart_intervals("1m"))
@pytest.mark.parametrize("session", SESSION_FILTERS)
def test_pages_together_are_the_bars_of_the_session(stored, interval, session):
    found = read_all(stored, interval, session)
    expected = resample(
        BARS.filter(pl.col("session").is_in(SESSION_FILTERS[session])),
        interval,
        schedule=DAYS,
        calendar="XNYS",
    )
    assert found["time"] == [ts.timestamp() for ts in expected["ts_open"]]
    for name in ("open", "high", "low", "close", "volume"):
        assert found[name] == expected[name].to_list()
    assert found["spread"] == expected["spread_mean"].to_list()
    header, columns = parse_columns(pages.encode_outline(stored, interval, session))
    assert header["about"]["rows"] == expected.height
    assert header["about"]["close"] == expected["close"][-1]
    assert header["about"]["last"] == expected["ts_open"][-1].timestamp()
    assert columns["starts"].tolist() == found["time"][:: levels.PAGE_ROWS]


def test_every_bar_that_is_missing_in_regular_hours_is_in_a_gap(stored):
    found = read_all(stored, "1m", "extended")
    gaps = gaps_of(found)
    assert [gaps[0], gaps[5]] == [
        (210, "30 16:00", "30 16:10", 10),  # noon in New York
        (210 + 5 * 500, "06 17:00", "06 17:10", 10),  # after the clocks changed
    ]
    header, _ = parse_columns(pages.encode_outline(stored, "1m", "extended"))
    assert sum(gap[3] for gap in gaps) == header["about"]["missing"] == 10 * DAYS.height
    assert gaps_of(read_all(stored, "15m", "regular")) == []


def test_gaps_go_on_over_closed_hours_lost_sessions_and_both_ends(tmp_path):
    ts = pl.col("ts_open")
    lost = DAYS["open"][3], DAYS["close"][3]
    bars = BARS.filter(
        ts >= DAYS["open"][0] + dt.timedelta(minutes=5),
        ts < DAYS["close"][-1] - dt.timedelta(minutes=20),
        ~ts.is_between(*lost, closed="left"),
    )
    stored = keep(tmp_path, bars)
    whole = [gap for gap in gaps_of(read_all(stored, "1m", "regular")) if gap[3] != 10]
    assert [gap[1:] for gap in whole] == [
        ("30 13:30", "30 13:35", 5),
        ("02 13:30", "02 20:00", 390),
        ("28 20:40", "28 21:00", 20),
    ]
    assert whole[0][0] == 0
    rows = bars.filter(pl.col("session") == "regular").height
    assert whole[-1][0] == rows  # after the last bar
    hours = gaps_of(read_all(stored, "1h", "regular"))
    assert [gap[3] for gap in hours] == [7]
    assert [gap[1:] for gap in gaps_of(read_all(stored, "1d", "regular"))] == [
        ("02 13:30", "02 20:00", 1)
    ]


def test_a_gap_at_the_edge_of_a_page_is_marked_once(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "PAGE_ROWS", 150)  # 12:00 begins the second page
    monkeypatch.setattr(pages, "PAGE_ROWS", 150)
    day = DAYS.head(1)
    stored = keep(tmp_path, BARS.filter(pl.col("ts_open") < day["post_close"][0]), days=day)
    assert [gap[0] for gap in gaps_of(read_all(stored, "1m", "regular"))] == [150]
    _, second = parse_columns(pages.encode_page(stored, "1m", "regular", 1))
    assert second["gap_row"].tolist() == [0]


def test_one_bar_is_one_page(tmp_path):
    stored = keep(tmp_path, BARS.head(1), days=DAYS.head(1))
    for interval in stored.intervals:
        assert read_all(stored, interval, "extended")["close"] == BARS["close"][:1].to_list()
        header, columns = parse_columns(pages.encode_outline(stored, interval, "regular"))
        assert header["about"]["rows"] == 0
        assert header["about"]["close"] is None
        assert columns["starts"].tolist() == []
        with pytest.raises(InputError, match="There is no page 0 of 0"):
            pages.encode_page(stored, interval, "regular", 0)


def test_bars_of_an_hour_have_no_shorter_level(tmp_path):
    hours = resample(BARS, "1h", schedule=DAYS, calendar="XNYS")
    stored = keep(tmp_path, hours, interval="1h")
    assert stored.intervals[:3] == ["1h", "4h", "1d"]
    assert read_all(stored, "1h", "all")["close"] == hours["close"].to_list()
    expected = resample(hours, "4h", schedule=DAYS, calendar="XNYS", stored="1h")
    assert levels.scan_level(stored, "4h").collect().equals(expected)
    with pytest.raises(InputError, match="Bars of 1h cannot be shown as bars of 5m"):
        levels.scan_level(stored, "5m")


def test_around_the_clock_every_minute_counts(tmp_path):
    days = calendar.schedule("24/7", dt.date(2023, 3, 25), dt.date(2023, 3, 27))
    start = days["open"][0]
    ts = pl.Series([start + dt.timedelta(minutes=n) for n in (0, 1, 1440, 2879, 2881)])
    bars = BARS.head(5).with_columns(
        ts.cast(schemas.UTC_NS).alias("ts_open"), session=pl.lit("regular", schemas.SESSION)
    )
    stored = keep(tmp_path, bars, days=days, tz="UTC")
    assert [gap[3] for gap in gaps_of(read_all(stored, "1m", "regular"))] == [1438, 1438, 1, 1438]
    assert read_all(stored, "1d", "all")["time"] == [day.timestamp() for day in days["open"]]


def test_a_deleted_level_is_made_again_and_leaves_nothing_half_made(tmp_path):
    stored = keep(tmp_path, BARS)
    levels.make_all_levels(stored=stored)
    place = stored.place("1h")
    made = (place / "bars.parquet").read_bytes()
    assert sorted(path.name for path in place.parent.iterdir()) == sorted(stored.intervals)
    shutil.rmtree(place.parent)
    assert not place.parent.exists()
    levels.scan_level(stored, "1h")
    assert (place / "bars.parquet").read_bytes() == made
    assert list(store.Store(tmp_path).temporary.iterdir()) == []


def test_an_outline_counts_what_weeks_and_months_would_have(stored):
    about = parse_columns(pages.encode_outline(stored, "1w", "regular"))[0]["about"]
    assert (about["sizes"]["1w"], about["sizes"]["1mo"]) == (5, 2)
    assert (about["rows"], about["missing"]) == (5, 0)
    assert about["sizes"]["1d"] == 21


def test_weeks_and_months_have_no_grid():
    assert Grid(DAYS, "1w").size == Grid(DAYS, "1mo").size == 0
    assert Grid(DAYS.clear(), "1m").size == 0
    empty = Grid(DAYS, "1w").gaps(BARS["ts_open"], BARS["session"], reached=0, end=True)
    assert empty.height == 0


def test_a_break_at_noon_is_no_gap():
    days = calendar.schedule("XTKS", dt.date(2023, 3, 1), dt.date(2023, 3, 2))
    minute = dt.timedelta(minutes=1)
    open_, lunch, back = (days[name][0] for name in ("open", "break_start", "break_end"))
    ts = pl.Series([open_, lunch - minute, back, back + 2 * minute], dtype=schemas.UTC_NS)
    regular = pl.repeat("regular", len(ts), dtype=schemas.SESSION, eager=True)
    grid = Grid(days, "1m")
    assert grid.size == 2 * 300
    gaps = grid.gaps(ts, regular, reached=0, end=False)
    assert gaps["row"].to_list() == [1, 3]
    assert gaps["missing"].to_list() == [148, 1]
    assert Grid(days, "1h").size == 2 * 6  # three before noon, three after it
    assert Grid(days, "1d").size == 2
