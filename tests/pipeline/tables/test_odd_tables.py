"""Tables as some vendors write them: whole ones, from the file to the bars."""

import datetime as dt

import openpyxl
import pytest

from hewston.pipeline.ingest.tables.reading import read_table
from hewston.pipeline.sources.tables.encodings import to_utf8
from hewston.pipeline.sources.tables.vocabulary import count_known
from tests.pipeline.tables.reading import SAID, preview, read, rows, starts, table


def workbook(folder, sheets):
    """Write sheets of rows, hidden where their name says so, and give the path."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if "hidden" in name else "visible"
        for line in lines:
            sheet.append(line)
    path = folder / "book.xlsx"
    book.save(path)
    return path


def days(count, price=100.0):
    first = dt.datetime(2024, 1, 1)
    return [
        [first + dt.timedelta(day), price, price + 2, price - 1, price + 1, 1000 + day]
        for day in range(count)
    ]


HEADER = ["Date", "Open", "High", "Low", "Close", "Volume"]


def test_times_of_day_without_their_zeros(tmp_path):
    lines = [
        f"20240108,{number // 60 * 10000 + number % 60 * 100},1.5,1.6,1.4,1.5,7"
        for number in range(900)
    ]
    found = read(tmp_path, table(lines, "<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>"))
    assert found.interval == "1m"
    assert starts(found)[0] == "2024-01-08 00:00"
    assert starts(found)[-1] == "2024-01-08 14:59"


def test_dates_and_times_of_day_in_cells_of_excel(tmp_path):
    lines = [
        [dt.datetime(2024, 1, 8), dt.time(9, 30 + minute), 100, 101, 99, 100, 5]
        for minute in range(20)
    ]
    path = workbook(tmp_path, {"a": [["Date", "Time", *HEADER[1:]], *lines]})
    found = read_table(path, name="b.xlsx", answers=SAID, scratch=tmp_path / "s")
    assert starts(found)[:2] == ["2024-01-08 09:30", "2024-01-08 09:31"]


def test_a_hidden_sheet_with_bars_is_not_asked_about(tmp_path):
    sheets = {"hidden old": [HEADER, *days(90)], "new": [HEADER, *days(30, price=200.0)]}
    path = workbook(tmp_path, sheets)
    found = read_table(path, name="b.xlsx", answers=SAID, scratch=tmp_path / "s")
    assert found.bars["open"][0] == 200


def test_rows_without_any_price_are_listed_and_do_not_count(tmp_path):
    lines = rows(60)
    lines[10:40] = [f"{line.split(',')[0]},NaN,NaN,NaN,NaN,NaN" for line in lines[10:40]]
    found = read(tmp_path, table(lines))
    assert found.bars.height == 30
    assert found.reading.bad_count == 30
    assert found.reading.bad[0].reason == "it has no prices"


def test_days_without_a_trade_have_zeros_for_prices(tmp_path):
    lines = rows(30)
    time, *_ = lines[5].split(",")
    lines[5] = f"{time},0.0,0.0,0.0,101.5,0"
    found = read(tmp_path, table(lines))
    assert found.bars.height == 29
    assert "0" in found.reading.bad[0].reason


def test_a_file_may_change_how_it_writes_times(tmp_path):
    lines = rows(3000, step="1h")
    later = rows(3000, step="1h", first="2026-03-05 00:00", time="%d.%m.%Y %H:%M:%S")
    assert read(tmp_path, table(lines + later)).bars.height == 6000


@pytest.mark.parametrize("header", [None, "Ticker"])
def test_a_row_below_the_header_is_kept_from_the_bars(tmp_path, header):
    text = table([f"{header},,,,,", *rows(20)] if header else rows(20))
    assert read(tmp_path, text).bars.height == 20


def test_thousands_in_one_column_tell_the_decimal_mark_of_another(tmp_path):
    lines = rows(40, line='{time},{open:.3f},{high:.3f},{low:.3f},{close:.3f},"{volume}"')
    lines = [
        line.replace('"1', f'"{number % 3},' if number % 3 else '"')
        for number, line in enumerate(lines)
    ]
    found = preview(tmp_path, table(lines))
    decimal = next(one for one in found["settings"] if one["key"] == "decimal")
    assert (decimal["value"], decimal["is_open"]) == ("point", False)


def test_a_sign_of_a_currency_is_no_letter(tmp_path):
    line = "{time};€ {open};€ {high};€ {low};€ {close}"
    lines = [one.replace(".", ",") for one in rows(30, line=line)]
    path = tmp_path / "t.csv"
    path.write_bytes(table(lines, "Datum;Opening;Hoogste;Laagste;Slot").encode("cp1252"))
    assert to_utf8(path, name="t", scratch=tmp_path, known=count_known).encoding == "cp1252"


def test_chinese_is_told_from_signs_that_draw_boxes(tmp_path):
    header = "日期,股票代码,名称,收盘价,最高价,最低价,开盘价,成交量"
    lines = rows(
        60,
        time="%Y-%m-%d",
        step="1d",
        line="{time},'600000,浦发银行,{close},{high},{low},{open},{volume}",
    )
    path = tmp_path / "t.csv"
    path.write_bytes(table(lines, header).encode("gbk"))
    assert to_utf8(path, name="t", scratch=tmp_path, known=count_known).encoding == "gb18030"


@pytest.mark.parametrize(
    ("hour", "zone"),
    [("23:00", "Europe/Berlin"), ("15:00", "Asia/Tokyo"), ("05:00", "America/New_York")],
)
def test_daily_bars_in_utc_are_of_the_dates_that_begin_then(tmp_path, hour, zone):
    lines = rows(20, first=f"2024-01-07 {hour}", step="1d", time="%Y-%m-%dT%H:%M:%SZ")
    found = read(tmp_path, table(lines))
    assert (found.interval, found.market.tz) == ("1d", zone)


@pytest.mark.parametrize(
    ("header", "time"),
    [
        ("Year,Month,Day,Hour,Minute", "%Y,%m,%d,%H,%M"),
        ("Day,Month,Year,Hour,Minute", "%d,%m,%Y,%H,%M"),
        ("Jahr,Monat,Tag,Stunde,Minute", "%Y,%m,%d,%H,%M"),
    ],
)
def test_parts_of_a_time_in_columns_of_their_own(tmp_path, header, time):
    text = table(rows(40, time=time), f"{header},Open,High,Low,Close,Volume")
    found = read(tmp_path, text)
    assert starts(found)[:2] == ["2025-10-31 00:00", "2025-10-31 00:15"]


def setting(found, key):
    return next(one for one in found["settings"] if one["key"] == key)


@pytest.mark.parametrize(
    ("header", "signs", "expected"),
    [
        ("Date,Open,High,Low,Close", ";.", ("point", False)),
        ("Date,Open,High,Low,Close", "\t,", ("point", False)),
        ("Date,Open,High,Low,Close", ";,", ("comma", True)),
        ("日付,始値,高値,安値,終値", "\t,", ("point", False)),
        ("Datum,Eröffnung,Hoch,Tief,Schluss", ";.", ("point", True)),
        ("", ";.", ("point", False)),
    ],
)
def test_the_language_of_the_header_tells_what_a_sign_between_digits_is(
    tmp_path, header, signs, expected
):
    delimiter, mark = signs
    line = "{time};{open:.3f};{high:.3f};{low:.3f};{close:.3f}"
    lines = [one.replace(".", mark).replace(";", delimiter) for one in rows(30, line=line)]
    found = preview(tmp_path, table(lines, header.replace(",", delimiter)))
    decimal = setting(found, "decimal")
    assert (decimal["value"], decimal["is_open"]) == expected


def test_blanks_between_thousands_leave_the_point_for_decimals(tmp_path):
    line = "{time};{open:.3f};{high:.3f};{low:.3f};{close:.3f};1 {volume}"
    text = table(rows(30, line=line), "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen")
    assert read(tmp_path, text.replace(";1 1", ";1 ")).bars["open"][0] == 100.0


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("Date,Open,High,Low,Close", "mdy"),
        ("Datum,Eröffnung,Hoch,Tief,Schluss", "dmy"),
        ("Fecha,Apertura,Máximo,Mínimo,Cierre", "dmy"),
    ],
)
def test_the_month_is_guessed_to_be_first_only_below_english(tmp_path, header, order):
    lines = rows(5, first="2024-03-04 00:00", step="1d", time="%m/%d/%Y")
    found = setting(
        preview(tmp_path, table([x.rpartition(",")[0] for x in lines], header)), "date_order"
    )
    assert (found["value"], found["is_open"]) == (order, True)


def test_bad_rows_right_below_the_header_are_listed_too(tmp_path):
    found = read(tmp_path, table(["2025-10-30 23:30,-,-,102,101.5,5", *rows(20)]))
    assert [row.line for row in found.reading.bad] == [2]
    assert found.bars.height == 20
