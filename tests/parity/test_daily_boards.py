"""`manage.py parity batch` on days: lists with dates alone, on bars however they are stamped."""

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hewston.pipeline import calendar as exchange_calendar
from tests.commands import succeed
from tests.parity.daily import SOURCE, Bar, walk, write_bars, write_list


def list_sessions(calendar: str, count: int) -> list[dt.date]:
    sessions = exchange_calendar.schedule(calendar, dt.date(2024, 1, 2), dt.date(2024, 12, 31))
    return sessions["date"].to_list()[:count]


def stamp(date: dt.date, zone: str, hour: int, minute: int = 0) -> str:
    at = dt.datetime.combine(date, dt.time(hour, minute), ZoneInfo(zone))
    return str(int(at.timestamp()))


def ingest(root: Path, table: Path, calendar: str, *options: str) -> str:
    told = ("--calendar", calendar, "--tick", "0.25", *options)
    return str(succeed(root, "ingest", "--csv", table, *told)["dataset_id"])


def play(root: Path, dataset: str, folder: Path, *options: str) -> dict[str, dict[str, Any]]:
    for path in folder.glob("*.csv"):
        path.with_suffix(".py").write_text(SOURCE)
    board = succeed(root, "parity", "batch", "--dataset", dataset, "--folder", folder, *options)
    return {one["name"]: one for one in board["pairs"]}


def test_days_of_futures_begin_the_evening_before(tmp_path):
    dates = list_sessions("CME", 220)
    bars = walk(len(dates))
    evenings = [date - dt.timedelta(days=1) for date in dates]
    times = [stamp(date, "America/Chicago", 17) for date in evenings]
    folder = tmp_path / "pairs"
    folder.mkdir()
    count = write_list(folder / "dates.csv", dates, bars)
    write_list(folder / "evenings.csv", evenings, bars)
    write_list(folder / "midnights.csv", dates, bars, form="%d/%m/%Y 00:00")
    write_list(folder / "longer.csv", [*dates[30:], *dates[:30]], bars)
    table = write_bars(tmp_path / "ES.csv", times, bars)
    options = ("--asset-class", "future", "--multiplier", "50")
    pairs = play(tmp_path / "root", ingest(tmp_path / "root", table, "CME", *options), folder)
    for name in ("dates", "evenings", "midnights"):
        one = pairs[name]
        assert (one["matched"], one["extra"], one["verdict"]) == (count, 0, "aligned"), name
        assert one["zone"] is None
    assert any("evenings" in note for note in pairs["evenings"]["notes"])
    assert pairs["longer"]["verdict"] == "diverged"


def test_minutes_are_merged_to_the_days_and_weeks_of_a_list(tmp_path):
    """Of extended hours no day of TradingView knows; a week is named by its first session."""
    dates = list_sessions("XNYS", 120)
    path = walk(6 * len(dates))
    times: list[str] = []
    days: list[Bar] = []
    weeks: dict[tuple[int, int], tuple[dt.date, list[Bar]]] = {}
    clock = ((8, 0), (9, 30), (9, 31), (12, 0), (15, 59), (16, 30))
    for at, date in enumerate(dates):
        times += [stamp(date, "America/New_York", *when) for when in clock]
        regular = path[6 * at + 1 : 6 * at + 5]
        days.append(merge(regular))
        _first, parts = weeks.setdefault(date.isocalendar()[:2], (date, []))
        parts += regular
    table = write_bars(tmp_path / "ACME.csv", times, path)
    dataset = ingest(tmp_path / "root", table, "XNYS", "--interval", "1m")
    folder = tmp_path / "days"
    folder.mkdir()
    count = write_list(folder / "a.csv", dates, days)
    options = ("--interval", "1d", "--session")
    pair = play(tmp_path / "root", dataset, folder, *options, "regular")["a"]
    assert (pair["matched"], pair["extra"]) == (count, 0)
    other = play(tmp_path / "root", dataset, folder, *options, "all")["a"]
    assert other["matched"] < count
    assert "Choose the session regular." in other["notes"][-1]
    short = play(tmp_path / "root", dataset, folder)["a"]
    assert (short["trades"], short["verdict"]) == (count, "not_comparable")
    assert "Choose the interval of its chart: 1d, 1w or 1mo." in short["problem"]
    folder = tmp_path / "weeks"
    folder.mkdir()
    merged = [merge(parts) for _, parts in weeks.values()]
    count = write_list(folder / "a.csv", [date for date, _ in weeks.values()], merged)
    pair = play(tmp_path / "root", dataset, folder, "--interval", "1w", "--session", "regular")["a"]
    assert (pair["matched"], pair["extra"]) == (count, 0)


def merge(bars: list[Bar]) -> Bar:
    opens, highs, lows, closes = zip(*bars, strict=True)
    return opens[0], max(highs), min(lows), closes[-1]
