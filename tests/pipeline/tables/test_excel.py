"""Excel sheets: values as stored, rows numbered as Excel shows them, formulas never run."""

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import LineChart
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from hewston.pipeline.sources.tables import sheetcells
from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.excel import Sheet, list_sheets, read_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute)  # cells know no zone


def saved(tmp_path: Path, book: openpyxl.Workbook) -> Path:
    path = tmp_path / "book.xlsx"
    book.save(path)
    return path


def book_of(*rows: list[Any]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book["Sheet"].append(row)
    return book


def one_block(path: Path, sheet: str = "Sheet", **options: Any) -> Cells:
    (block,) = read_sheet(path, name="b.xlsx", sheet=sheet, **options)
    return block


def with_sheet(tmp_path: Path, rows: str, **others: str) -> Path:
    """Put rows of raw XML into an otherwise sound file; ``others``: parts, by end of name."""
    source = io.BytesIO()
    book_of(["a"]).save(source)
    path = tmp_path / "raw.xlsx"
    parts = {"sheet1": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'}
    parts |= others
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(path, "w", 8) as target:
        for entry in given.infolist():
            stem = Path(entry.filename).name.split(".")[0]
            target.writestr(entry.filename, parts.pop(stem, "") or given.read(entry))
        for stem, part in parts.items():
            target.writestr(f"xl/{stem}.xml", part)
    return path


def test_each_value_stands_where_its_type_belongs(tmp_path):
    path = saved(
        tmp_path,
        book_of(
            ["Title"],
            [],
            ["Date", "Open", "Volume", "Odd"],
            [moment(2020, 1, 2, 9, 30), 1.5, 100, True],
            [dt.date(2020, 1, 3), "1,5", None, "#N/A"],
            [dt.time(9, 45), -2, 3e10, " "],
        ),
    )
    block = one_block(path)
    assert block.lines.to_list() == [1, 3, 4, 5, 6]
    assert block.text.rows() == [
        ("Title", None, None, None),
        ("Date", "Open", "Volume", "Odd"),
        (None, None, None, "TRUE"),
        (None, "1,5", None, "#N/A"),
        (None, None, None, None),
    ]
    assert {c: s.to_list() for c, s in block.numbers.items()} == {
        1: [None, None, 1.5, None, -2.0],
        2: [None, None, 100.0, None, 3e10],
    }
    assert {c: s.to_list() for c, s in block.times.items()} == {
        0: [
            None,
            None,
            moment(2020, 1, 2, 9, 30),
            moment(2020, 1, 3),
            moment(1899, 12, 30, 9, 45),
        ]
    }
    assert block.malformed == {}


def test_serial_dates_are_exact_to_the_millisecond_and_may_count_from_1904(tmp_path):
    start = moment(2025, 10, 31)
    times = [start + dt.timedelta(minutes=n) for n in range(1440)]
    for epoch in (None, CALENDAR_MAC_1904):
        book = book_of()
        book.epoch = epoch or book.epoch
        for time in times:
            book["Sheet"].append([time])
        assert one_block(saved(tmp_path, book)).times[0].to_list() == times


@pytest.mark.parametrize(
    ("number_format", "is_time"),
    [
        ("0.00", False),
        ("#,##0.00 [$€-407]", False),
        ('0.0"days"', False),
        ("0%", False),
        ("[Red]0.0", False),
        ("dd.mm.yyyy hh:mm", True),
        ("[$-409]d-mmm-yy;@", True),
        ("[h]:mm:ss", True),
        ("yyyy\\-mm\\-dd", True),
    ],
)
def test_a_format_tells_dates_from_numbers(tmp_path, number_format, is_time):
    book = book_of([43831.5])
    book["Sheet"]["A1"].number_format = number_format
    block = one_block(saved(tmp_path, book))
    assert (0 in block.times, 0 in block.numbers) == (is_time, not is_time)


def test_a_formula_counts_by_its_stored_value_and_is_listed_without_one(tmp_path):
    rows = """
        <row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>"x"</f><v>x</v></c></row>
        <row r="3"><c r="A3"><v>5</v></c><c r="C3"><f>WEBSERVICE("http://x")</f></c></row>
        <row r="4"><c r="B4" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>"""
    block = one_block(with_sheet(tmp_path, rows))
    assert block.lines.to_list() == [2, 3, 4]
    assert block.numbers[0].to_list() == [2.0, 5.0, None]
    assert block.text["1"].to_list() == ["x", None, "#DIV/0!"]
    assert block.text["2"].to_list() == [None, None, None]
    assert list(block.malformed) == [3]
    assert "cell C3 is a formula whose result is not stored" in block.malformed[3]


def test_cells_without_references_and_texts_of_all_kinds_are_read(tmp_path):
    rows = """
        <row><c><v>1</v></c><c t="inlineStr"><is><r><t>a </t></r><r><t>b</t></r></is></c></row>
        <row><c t="s"><v>0</v></c><c t="d"><v>2020-01-01</v></c></row>
        <row><c t="inlineStr"><is><t>_x0041__x000D_</t></is></c></row>
        <row><c><v>1_0</v></c><c><v>nan</v></c></row>
        <row><c t="str"><v>_xD800__x_</v></c></row>"""
    strings = f'<sst xmlns="{MAIN}"><si><t>東京</t><rPh><t>トウキョウ</t></rPh></si></sst>'
    block = one_block(with_sheet(tmp_path, rows, sharedStrings=strings))
    assert block.lines.to_list() == [1, 2, 3, 4, 5]
    assert block.text.rows() == [
        (None, "a b"),
        ("東京", "2020-01-01"),
        ("A", None),
        ("1_0", "nan"),
        ("?_x_", None),
    ]
    assert block.numbers[0].to_list() == [1.0, None, None, None, None]


def test_every_tag_may_have_a_prefix(tmp_path):
    sheet = """<x:worksheet xmlns:x="u"><x:sheetData><x:row r="7"><x:c r="B7"><x:v>5</x:v></x:c>
        </x:row></x:sheetData></x:worksheet>"""
    block = one_block(with_sheet(tmp_path, "", sheet1=sheet))
    assert (block.lines.to_list(), block.numbers[1].to_list()) == ([7], [5.0])


def test_sheets_are_listed_as_their_tabs_are(tmp_path):
    book = book_of(["a"])
    book.create_sheet("Empty")
    book.create_sheet("Hidden").sheet_state = "hidden"
    book["Hidden"]["C9"] = 1
    book.create_chartsheet("Chart").add_chart(LineChart())
    path = saved(tmp_path, book)
    assert list_sheets(path, name="b.xlsx") == [
        Sheet(name="Sheet", hidden=False, empty=False),
        Sheet(name="Empty", hidden=False, empty=True),
        Sheet(name="Hidden", hidden=True, empty=False),
    ]
    assert one_block(path, "Hidden").lines.to_list() == [9]
    assert list(read_sheet(path, name="b.xlsx", sheet="Empty")) == []


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(tmp_path, refusal):
    path = saved(tmp_path, book_of(["a"]))
    problem = refusal(lambda: list(read_sheet(path, name="b.xlsx", sheet="Other")))
    assert problem.details["allowed"] == ["Sheet"]


def test_the_first_rows_alone_may_be_asked_for(tmp_path):
    path = saved(tmp_path, book_of(["a"], [], ["b"], ["c"]))
    assert one_block(path, most_rows=2).lines.to_list() == [1, 3]


def test_blocks_change_nothing(tmp_path, monkeypatch):
    rows = [[n, f"x{n}", moment(2020, 1, 1) + dt.timedelta(days=n)] for n in range(20_000)]
    path = saved(tmp_path, book_of(*rows))
    whole = one_block(path)
    monkeypatch.setattr(sheetcells, "_BLOCK_ROWS", 100)
    blocks = list(read_sheet(path, name="b.xlsx", sheet="Sheet"))
    assert len(blocks) > 5
    assert [n for block in blocks for n in block.lines] == whole.lines.to_list()
    assert [n for block in blocks for n in block.numbers[0]] == whole.numbers[0].to_list()
    assert [n for block in blocks for n in block.text["1"]] == whole.text["1"].to_list()
    assert [n for block in blocks for n in block.times[2]] == whole.times[2].to_list()
