"""Bars as files: equal exports are equal bytes, and Excel gets times, numbers and texts."""

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from hewston.pipeline import schemas
from hewston.pipeline.errors import InputError
from hewston.pipeline.export import Selection, export_bars, files, workbook
from hewston.pipeline.export.workbook import write_workbook
from hewston.pipeline.playback import read_schedule
from hewston.pipeline.resampling import resample
from tests import scenes
from tests.scenes import NEW_YORK


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("revisions") / "one"
    scenes.write_dataset(folder, scenes.make_bars(scenes.FIRST, scenes.LAST))
    return folder


def export(folder: Path, path: Path, **asked: Any) -> int:
    selection = Selection(
        folder=folder,
        stored="1m",
        calendar="XNYS",
        tz=NEW_YORK,
        **{"interval": "1m", "session": "regular", **asked},
    )
    kind = path.suffix.removeprefix(".")
    return export_bars(selection, kind=kind, path=path, progress=print, log=print)


def read_sheet(path: Path) -> list[tuple[Any, ...]]:
    (sheet,) = openpyxl.load_workbook(path).worksheets
    return list(sheet.values)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_equal_exports_are_equal_bytes(folder: Path, tmp_path: Path, kind: str) -> None:
    paths = [tmp_path / f"{number}.{kind}" for number in range(2)]
    counts = {export(folder, path) for path in paths}
    assert counts == {2660}
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_an_export_has_the_range_session_and_interval_that_were_asked_for(
    folder: Path, tmp_path: Path
) -> None:
    day = dt.date(2023, 11, 6)
    path = tmp_path / "bars.parquet"
    assert export(folder, path, first=day, last=day, interval="1h", session="regular") == 7
    bars = scenes.make_bars(scenes.FIRST, scenes.LAST).filter(
        pl.col("session") == "regular", pl.col("ts_open").dt.date() == day
    )
    schedule = read_schedule(folder / "quality.json")
    assert pl.read_parquet(path).equals(resample(bars, "1h", schedule=schedule, calendar="XNYS"))
    assert export(folder, path, session="all", start=3, count=5) == 5


def test_a_csv_says_times_in_utc(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    export(folder, path, count=1)
    header, row = path.read_text().splitlines()
    assert header.split(",") == list(schemas.BARS)
    assert row.startswith("2023-10-30T13:30:00Z,")
    assert row.endswith(",regular")


def test_a_sheet_has_times_of_the_zone_that_it_names_and_numbers(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bars.xlsx"
    count = export(folder, path, first=dt.date(2023, 11, 3))
    header, *rows = read_sheet(path)
    assert header[:2] == ("ts_open (America/New_York)", "open")
    bars = scenes.make_bars(scenes.FIRST, scenes.LAST).filter(
        pl.col("session") == "regular", pl.col("ts_open").dt.date() >= dt.date(2023, 11, 3)
    )
    local = bars["ts_open"].dt.convert_time_zone(NEW_YORK).dt.replace_time_zone(None)
    assert len(rows) == count == bars.height
    assert [row[0] for row in rows] == local.to_list()
    for number, name in enumerate(header[1:-1], 1):
        assert [row[number] for row in rows] == bars[str(name)].to_list()
    assert {row[-1] for row in rows} == {"regular"}


def test_a_text_is_never_a_formula_and_what_is_absent_is_empty(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", " <b>&amp;\n", "a\x01b", None, "ä€\U0001f600"]
    numbers = [1.5, -0.1, 1e300, 5e-324, float("nan"), float("inf"), None, 0.1 + 0.2]
    path = tmp_path / "odd.xlsx"
    write_workbook(
        pl.DataFrame({"<text>": texts, "number": numbers, "count": pl.Series(range(8))}),
        path,
        sheet="odd",
        tz="UTC",
    )
    book = openpyxl.load_workbook(path)
    (sheet,) = book.worksheets
    header, *rows = sheet.values
    assert header == ("<text>", "number", "count")
    assert [row[0] for row in rows] == [*texts[:5], "a\ufffdb", *texts[6:]]
    assert [row[1] for row in rows] == [*numbers[:4], None, None, None, numbers[7]]
    assert [row[2] for row in rows] == [float(number) for number in range(8)]
    assert {sheet.cell(row, 1).data_type for row in range(2, 8)} == {"s"}
    assert all(sheet.cell(row, 1).quotePrefix for row in range(2, 8))


def test_more_bars_than_a_sheet_holds_are_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workbook.MOST_ROWS == 2**20 - 1
    monkeypatch.setattr(files, "MOST_ROWS", 2659)
    with pytest.raises(InputError, match=r"These are 2,660 bars.*longer interval") as caught:
        export(folder, tmp_path / "bars.xlsx")
    assert caught.value.details["field"] == "format"
    assert not (tmp_path / "bars.xlsx").exists()
