"""Tables in which several symbols stand side by side."""

import pytest

from hewston.pipeline.errors import InputError
from tests.pipeline.tables.reading import preview, read, rows, table

WORDS = ("Open", "High", "Low", "Close", "Volume")
LINE = "{time},{open},{high},{low},{close},{volume},1.5,1.6,1.4,1.5,7"


def lines():
    return rows(20, time="%Y-%m-%d", step="1d", line=LINE)


@pytest.mark.parametrize(
    "header",
    [
        [f"{symbol}.{word}" for symbol in ("AAA", "BBB") for word in WORDS],
        [f"{word}_{symbol}" for symbol in ("AAA", "BBB") for word in WORDS],
        [f"\"('{word}', '{symbol}')\"" for symbol in ("AAA", "BBB") for word in WORDS],
    ],
)
def test_symbols_in_the_header_are_asked_about_and_one_is_read(tmp_path, header):
    text = table(lines(), ",".join(["Date", *header]))
    found = preview(tmp_path, text)
    assert found["symbols"] == ["AAA", "BBB"]
    assert "symbol" in found["questions"]
    assert read(tmp_path, text, symbol="BBB").bars["volume"].to_list() == [7.0] * 20
    assert read(tmp_path, text, symbol="aaa").bars["open"][0] == 100
    with pytest.raises(InputError, match="AAA, BBB"):
        read(tmp_path, text, symbol="CCC")


def test_symbols_in_a_row_of_their_own(tmp_path):
    tickers = ",".join(["Ticker", *["AAA"] * 5, *["BBB"] * 5])
    text = "\n".join([",".join(["Price", *WORDS, *WORDS]), tickers, "Date", *lines()]) + "\n"
    assert preview(tmp_path, text)["symbols"] == ["AAA", "BBB"]
    assert read(tmp_path, text, symbol="BBB").bars["close"][0] == 1.5


def test_one_symbol_above_all_columns_is_its_name(tmp_path):
    some = rows(20, time="%Y-%m-%d", step="1d")
    text = "\n".join([",".join(["Price", *WORDS]), "Ticker,SPY,SPY,SPY,SPY,SPY", *some]) + "\n"
    assert preview(tmp_path, text)["symbols"] == ["SPY"]


def test_equal_names_without_symbols_are_refused(tmp_path):
    with pytest.raises(InputError, match="more than once"):
        read(tmp_path, table(lines(), ",".join(["Date", *WORDS, *WORDS])))
    named = {"time": "1", "open": "7", "high": "8", "low": "9", "close": "10", "volume": "11"}
    text = table(lines(), ",".join(["Date", *WORDS, *WORDS]))
    assert read(tmp_path, text, columns=named).bars["open"][0] == 1.5


@pytest.mark.parametrize("unit", ["{} (USD)", "{} [元]", "{}_price", "PX_{}", "price {}"])
def test_units_beside_prices_are_no_symbols(tmp_path, unit):
    header = ",".join(["Date", *[unit.format(word) for word in WORDS]])
    assert preview(tmp_path, table(rows(20), header))["symbols"] == []


def test_bid_and_ask_are_no_symbols(tmp_path):
    header = ["Date", *[f"Bid{word}" for word in WORDS[:4]], *[f"Ask{word}" for word in WORDS[:4]]]
    some = rows(20, line="{time},{open},{high},{low},{close},{open},{high},{low},{close}")
    assert preview(tmp_path, table(some, ",".join(header)))["symbols"] == []
