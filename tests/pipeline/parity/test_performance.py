"""Sheets of performance of several years and languages follow from the trades beside them."""

import dataclasses
from pathlib import Path

import openpyxl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import Upload, read_upload, reproduce
from hewston.pipeline.parity.readers.formulas import list_formulas
from tests.pipeline.parity.workbooks import LAYOUTS, make_trades, write_report


def read(path: Path) -> Upload:
    return read_upload(path, filename=path.name)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", LAYOUTS)
def test_each_figure_that_follows_from_the_trades_is_theirs(tmp_path, name, exact):
    layout, trades = LAYOUTS[name], make_trades()
    upload = read(write_report(tmp_path / "report.xlsx", layout, trades, exact=exact))
    assert upload.trades is not None
    assert upload.trades["entry_ts"].to_list() == [one.begin for one in trades]
    assert upload.trades["exit_ts"].to_list() == [*(one.end for one in trades[:-1]), None]
    assert (upload.currency, upload.price_currency) == ("EUR", "USD")
    assert (upload.symbol, upload.timeframe) == ("BINANCE:ETHUSDT", "15m")
    found = reproduce(upload)
    wrong = [one for one in found if one.equal is False]
    assert not wrong, wrong
    unknown = {label for _, label, key in layout.figures if key in {"unknown", "capital"}}
    assert {one.figure.label for one in found if one.equal is None} == unknown
    assert {one.figure.label for one in found} == {label for _, label, _ in layout.figures}
    assert {one.figure.side for one in found} == {"all", "long", "short"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_figure_that_is_not_theirs_is_found(tmp_path, name):
    """Every figure is moved in turn by a little more than rounding can."""
    layout = LAYOUTS[name]
    upload = read(write_report(tmp_path / "report.xlsx", layout, make_trades()))
    for one in reproduce(upload):
        if one.equal is None:
            continue
        step = max(1.0 if one.tolerance == 0 else 0.0, 2.5 * one.tolerance)
        if len(list_formulas(one.figure.key or "", percent=one.figure.unit == "%")) > 1:
            step += abs(one.figure.value)  # beyond its other reading too
        off = one.figure.value - step
        moved = dataclasses.replace(one.figure, value=off)
        figures = tuple(moved if other is one.figure else other for other in upload.figures)
        other = reproduce(dataclasses.replace(upload, figures=figures))
        assert [both.figure.label for both in other if both.equal is False] == [one.figure.label]


def test_the_sum_of_many_trades_is_known_to_the_cent(tmp_path):
    """Though each profit is rounded, the list adds up by itself."""
    layout, trades = LAYOUTS["english now"], make_trades(count=1500)
    upload = read(write_report(tmp_path / "report.xlsx", layout, trades))
    tolerances = {
        one.figure.key: one.tolerance
        for one in reproduce(upload)
        if one.figure.side == "all" and one.figure.unit == "EUR"
    }
    assert tolerances["net_profit"] < 0.02
    assert tolerances["gross_profit"] < 0.7


def test_dates_of_1904_are_the_same_dates(tmp_path):
    trades = make_trades()
    layout = LAYOUTS["english now"]
    old = read(write_report(tmp_path / "old.xlsx", layout, trades, from_1904=True))
    new = read(write_report(tmp_path / "new.xlsx", layout, trades))
    assert old.trades is not None
    assert new.trades is not None
    assert old.trades.equals(new.trades)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_report_without_its_list_says_which_sheets_it_has(tmp_path, name):
    layout = LAYOUTS[name]
    path = write_report(tmp_path / "r.xlsx", layout, make_trades(), left_out=layout.listed)
    with pytest.raises(InputError) as refusal:
        read(path)
    assert "without its list of trades" in refusal.value.message
    assert layout.sheets[0] in refusal.value.message


def test_a_sheet_of_dates_written_as_text_is_read_too(tmp_path):
    layout, trades = LAYOUTS["german"], make_trades()
    path = write_report(tmp_path / "r.xlsx", layout, trades)
    book = openpyxl.load_workbook(path)
    for row in book[layout.listed].iter_rows(min_row=2):
        row[2].value = f"{row[2].value:%Y-%m-%d %H:%M}"
    book.save(path)
    upload = read(path)
    assert upload.trades is not None
    assert upload.trades["entry_ts"].to_list() == [one.begin for one in trades]
