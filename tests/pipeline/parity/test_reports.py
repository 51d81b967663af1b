"""Excel reports: trades, properties and figures."""

import datetime as dt
import json
from pathlib import Path

import openpyxl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import reproduce
from hewston.pipeline.parity.readers.properties import find_interval, number_of, prefill
from tests.pipeline.parity.uploads import (
    SPRING,
    expect_all,
    read,
    refusal,
    rows_of,
)


def report(tmp_path: Path, *, formula: bool = False, net: float = 24.06) -> bytes:
    book = openpyxl.Workbook()
    performance = book.active
    assert performance is not None
    performance.title = "Performance"
    performance.append([None, "All USD", "All %", "Long USD", "Long %", "Short USD", "Short %"])
    performance.append(["Net profit", net, 2.41, 6.34, 0.63, 17.72, 1.77])
    performance.append(["Gross loss", 24, 2.4, 24, 2.4, 0, 0])
    analysis = book.create_sheet("Trades analysis")
    analysis.append([None, "All USD", "All %", "Long USD", "Long %", "Short USD", "Short %"])
    analysis.append(["Total trades", 3, None, 2, None, 1, None])
    analysis.append(["Percent profitable", None, 66.67, None, 50, None, 100])
    ratios = book.create_sheet("Risk-adjusted performance")
    ratios.append([None, "All USD", "All %", "Long USD", "Long %", "Short USD", "Short %"])
    ratios.append(["Profit factor", 2.003, None, 1.264, None, None, None])
    ratios.append(["Sharpe ratio", 0.5, None, None, None, None, None])
    sheet = book.create_sheet("List of trades")
    sheet.append(SPRING.split(","))
    for row in rows_of(SPRING):
        cells = [
            float(cell) if cell.replace(".", "").lstrip("-").isdigit() else cell for cell in row
        ]
        cells[2] = dt.datetime.strptime(str(cells[2]), "%Y-%m-%d %H:%M")
        sheet.append(cells)
    if formula:
        sheet["H2"] = "=E2-E3"
    names = book.create_sheet("Properties")
    for row in (
        ("name", "value"), ("Symbol", "BINANCE:ETHUSDT"), ("Timeframe", "15 minutes"), ("Point value", 1),
        ("Initial capital", "1,000 USD"), ("Order size", "1 Contracts"), ("Pyramiding", 1),
        ("Commission", "0.05 %"), ("Slippage", 2), ("Length", 9), ("Length", 21), ("Use stops", "On"),
    ):  # fmt: skip
        names.append(row)
    path = tmp_path / "report.xlsx"
    book.save(path)
    return path.read_bytes()


def test_an_excel_report_gives_trades_properties_and_figures(tmp_path):
    upload = read(tmp_path, report(tmp_path), "My Strategy_BINANCE_ETHUSDT_2025-04-14_a1b2c.xlsx")
    expect_all(upload)
    assert (upload.name, upload.symbol, upload.timeframe) == (
        "My Strategy",
        "BINANCE:ETHUSDT",
        "15m",
    )
    assert upload.properties["inputs"] == {"Length": 9, "Length (2)": 21, "Use stops": True}
    assert upload.properties["run"] == {
        "starting_cash": 1000.0, "multiplier": 1.0, "slippage_ticks": 2.0, "fees_bps": 5.0,
        "fee_per_unit": 0.0, "sizing": "fixed", "size": 1.0,
    }  # fmt: skip
    json.dumps(upload.properties)
    everything = reproduce(upload)
    found = [one for one in everything if one.equal is not None]
    assert [one.figure.label for one in everything if one.equal is None] == ["Sharpe ratio"]
    assert {one.figure.key for one in found} == {
        "net_profit", "gross_loss", "total_trades", "percent_profitable", "profit_factor",
    }  # fmt: skip
    assert all(one.equal for one in found), [one for one in found if not one.equal]
    other = reproduce(read(tmp_path, report(tmp_path, net=25.0)))
    wrong = [one.figure for one in other if one.equal is False]
    assert [(figure.key, figure.side, figure.unit) for figure in wrong] == [
        ("net_profit", "all", "USD")
    ]


@pytest.mark.parametrize(
    ("text", "is_large", "number"),
    [
        ("1,000,000 USD", False, 1e6), ("1.000 EUR", True, 1000), ("1.000.000,50 EUR", False, 1000000.5),
        ("0,1%", False, 0.1), ("0.075 %", False, 0.075), ("2 ticks", False, 2), ("none", False, None), (True, False, None),
    ],
)  # fmt: skip
def test_numbers_of_properties_are_read_in_either_way(text, is_large, number):
    assert number_of(text, is_large=is_large) == number


@pytest.mark.parametrize(
    ("found", "run"),
    [
        ({"commission": "2.25 USD per contract"}, {"fees_bps": 0.0, "fee_per_unit": 2.25}),
        ({"commission": "2,25 EUR pro Kontrakt"}, {"fees_bps": 0.0, "fee_per_unit": 2.25}),
        ({"commission": "100 JPY/枚"}, {"fees_bps": 0.0, "fee_per_unit": 100.0}),
        ({"commission": "5 USD per order"}, {}),
        ({"point_value": 50, "slippage": "2 ticks"}, {"multiplier": 50.0, "slippage_ticks": 2.0}),
        ({"on_bar_close": True}, {"fill_clock": "close"}),
        ({"on_bar_close": False}, {}),
    ],
)
def test_properties_of_futures_fill_a_run(found, run):
    assert prefill(found) == run


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("15 minutes", "15m"), ("1 day", "1d"), ("1D", "1d"), ("1W", "1w"), ("1M", "1mo"), ("240", "4h"),
        ("1 Tag", "1d"), ("1 小時", "1h"), ("15 分鐘", "15m"), ("1時間", "1h"), ("1日", "1d"), ("1 個月", "1mo"),
        ("4 часа", "4h"), ("1 gün", "1d"), ("45 minutes", None),
    ],
)  # fmt: skip
def test_timeframes_are_intervals_in_several_languages(text, interval):
    assert find_interval(text) == interval


def test_a_period_of_an_average_is_no_timeframe(tmp_path):
    path = tmp_path / "changed.xlsx"
    path.write_bytes(report(tmp_path))
    book = openpyxl.load_workbook(path)
    sheet = book["Properties"]
    for row, (name, value) in enumerate((("Intervalo", 60), ("Período", "1 hora")), start=3):
        sheet[f"A{row}"].value, sheet[f"B{row}"].value = name, str(value)
    book.save(path)
    upload = read(tmp_path, path.read_bytes())
    assert upload.timeframe == "1h"
    assert upload.properties["inputs"]["Intervalo"] == 60  # type: ignore[index]


def test_a_figure_that_is_off_by_a_cent_and_a_share_as_fraction(tmp_path):
    path = tmp_path / "changed.xlsx"
    path.write_bytes(report(tmp_path))
    book = openpyxl.load_workbook(path)
    for column, share in (("C", 0.6667), ("E", 0.5), ("G", 1)):
        book["Trades analysis"][f"{column}3"] = share
    for column in "CEG":
        for row in (2, 3):
            cell = book["Performance"][f"{column}{row}"]
            cell.value = cell.value / 100
    book["Performance"]["B3"] = 24.1
    book.save(path)
    wrong = [
        one.figure for one in reproduce(read(tmp_path, path.read_bytes())) if one.equal is False
    ]
    assert [(figure.label, figure.column) for figure in wrong] == [("Gross loss", "All USD")]


def test_a_formula_in_another_sheet_is_none_either(tmp_path):
    path = tmp_path / "changed.xlsx"
    path.write_bytes(report(tmp_path))
    book = openpyxl.load_workbook(path)
    book["Properties"]["B2"] = "=A1"
    book.save(path)
    assert "sheet Properties" in refusal(tmp_path, path.read_bytes(), "report.xlsx").message


def test_a_formula_is_no_value(tmp_path):
    assert "formula" in refusal(tmp_path, report(tmp_path, formula=True), "report.xlsx").message


@pytest.mark.parametrize("cut", [30, 200, 900, 3000, 6000])
def test_a_workbook_that_was_bitten_raises_nothing_but_input_errors(tmp_path, cut):
    whole = report(tmp_path)
    for bitten in (whole[:cut], whole[:cut] + bytes(9) + whole[cut + 9 :]):
        try:
            read(tmp_path, bitten, "report.xlsx")
        except InputError as problem:
            assert problem.message  # noqa: PT017
