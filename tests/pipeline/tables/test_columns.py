"""Which column is which, told by headers in many languages, or by the numbers alone."""

import numpy as np
import pytest

from hewston.pipeline.sources.tables.values import is_money, order_of
from hewston.pipeline.sources.tables.vocabulary import count_known, look_up
from tests.pipeline.tables.reading import preview, read, rows, table


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("Eröffn.", "open"),
        ("Mở", "open"),
        ("Prezzo di apertura", "open"),
        ("OpeningPrice", "open"),
        ("高", "high"),
        ("Baixa", "low"),
        ("Závěrečná cena", "close"),
        ("Ostatnio", "close"),
        ("Stuecke", "volume"),
        ("Number of Shares", "volume"),
        ("timeOpen", "time"),
        ("adjOpen", "other"),
        ("PreviousClosingPrice", "other"),
        ("Volume MA", "other"),
        ("終値調整値", "other"),
        ("LEGALCLOSEPRICE", "other"),
    ],
)
def test_a_header_names_its_role(header, role):
    found = look_up(header)
    assert found is not None
    assert found[0] == role


def test_a_letter_left_over_from_other_signs_names_nothing():
    assert look_up("╞╓╖ó╥°") is None
    assert look_up("o") == ("open", 2)
    assert count_known("Open,x\nOpen,y\nOpen,z") == 1


def roles(found):
    return {column["role"]: column["name"] for column in found["columns"]}


def test_prices_whose_headers_nobody_knows_are_told_by_their_values(tmp_path):
    lines = rows(40, line="{time};{close};{open};{high};{low}")
    found = preview(tmp_path, table(lines, "Date;Zzz;Yyy;High;Low"))
    assert roles(found)["open"] == "Yyy"
    assert roles(found)["close"] == "Zzz"


def test_open_and_close_are_told_apart_in_files_that_run_backwards(tmp_path):
    lines = rows(40, line="{time},{close},{low},{high},{open}")
    for some in (lines, lines[::-1]):
        bars = read(tmp_path, table(some, header="")).bars
        assert bars["open"][1:].to_list() == bars["close"][:-1].to_list()


def test_a_constant_in_front_is_no_price(tmp_path):
    lines = rows(40, line="SBER,15,{time},{open},{high},{low},{close},{volume}")
    bars = read(tmp_path, table(lines, header="")).bars
    assert all(low > 90 for low in bars["low"])
    assert bars["volume"][0] == 1000


def test_a_price_behind_the_prices_is_no_volume(tmp_path):
    lines = rows(40, line="{time},{open},{high},{low},{close},{close},{volume}")
    assert read(tmp_path, table(lines, header="")).bars["volume"][0] == 1000


def test_a_volume_in_money_is_known_by_the_other_one_times_the_price(tmp_path):
    lines = [
        f"{line},{float(line.split(',')[4]) * (1000 + number):.2f}"
        for number, line in enumerate(rows(40, line="{time},{open},{high},{low},{close}"))
    ]
    lines = [f"{line},{1000 + number}" for number, line in enumerate(lines)]
    text = table(lines, "Date,Open,High,Low,Close,Volume,Pieces")
    assert read(tmp_path, text).bars["volume"].to_list() == [1000.0 + n for n in range(40)]


def test_a_volume_in_an_unknown_language_is_what_is_left(tmp_path):
    lines = rows(40, line="{time};{open};{high};{low};{close};-0.5;{volume}")
    found = preview(tmp_path, table(lines, "Aaa;Bbb;Ccc;Ddd;Eee;Fff;Ggg"))
    assert roles(found)["volume"] == "Ggg"


def test_an_indicator_is_no_volume(tmp_path):
    lines = rows(40, line="{time},{open},{high},{low},{close},1,0.5")
    assert "volume" not in roles(
        preview(tmp_path, table(lines, "time,open,high,low,close,Buy,ADX"))
    )


def test_a_row_number_is_neither_price_nor_volume(tmp_path):
    lines = [f"{number},{line}" for number, line in enumerate(rows(150))]
    bars = read(tmp_path, table(lines, header="")).bars
    assert bars["low"][0] > 90
    assert bars["volume"][0] == 1000


def test_a_volume_may_stand_before_the_prices(tmp_path):
    lines = rows(40, line="{time},{volume},{open},{high},{low},{close}")
    assert read(tmp_path, table(lines, header="")).bars["volume"][0] == 1000


def test_of_two_columns_of_times_the_later_is_the_end(tmp_path):
    lines = [
        f"{1761868800000 + n * 900_000},{1761869699999 + n * 900_000},1.5,1.6,1.4,1.5,7"
        for n in range(20)
    ]
    found = preview(tmp_path, table(lines, "t,T,o,h,l,c,v"))
    assert roles(found)["close_time"] == "T"
    assert "stamp" not in found["questions"]


def test_a_multiplier_does_not_hide_money():
    rng = np.random.default_rng(1)
    units, price = rng.integers(100, 900, 200).astype(float), 100 + rng.random(200) * 30
    assert is_money(0.2 * units * price, units, price)
    assert not is_money(100 * units, units, price)
    assert not is_money(units, 0.2 * units * price, price)


def test_columns_of_different_scales_are_no_prices_of_a_bar():
    close = np.array([10.0, 11.0, 12.0])
    assert order_of([close * 1000, close, close + 1, close - 1], runs_back=False) is None


def test_names_of_rows_that_r_writes_shift_no_column(tmp_path):
    lines = rows(20, time='"%Y-%m-%d"', step="1d")
    text = table(lines, '"SPY.Open","SPY.High","SPY.Low","SPY.Close","SPY.Volume"')
    assert roles(preview(tmp_path, text))["volume"] == "SPY.Volume"


def test_dates_below_a_header_of_prices_are_times(tmp_path):
    lines = rows(20, time="%Y-%m-%d", step="1d", line="{time},{close},{high},{low},{open},{volume}")
    text = "Price,Close,High,Low,Open,Volume\nTicker,SPY,SPY,SPY,SPY,SPY\nDate,,,,,\n"
    found = read(tmp_path, text + "\n".join(lines) + "\n")
    assert found.bars.height == 20
    assert found.reading.bad_count == 0


def test_of_several_times_those_on_whole_minutes_are_the_bars(tmp_path):
    lines = [
        f"{line.split(',')[0]},{line},{1761868999217 + number * 900_123}"
        for number, line in enumerate(rows(20))
    ]
    header = "candle_date_time_utc,candle_date_time_kst,Open,High,Low,Close,Volume,timestamp"
    found = preview(tmp_path, table(lines, header))
    assert roles(found)["time"] == "candle_date_time_utc"
    assert "tz" not in found["questions"]


def test_the_header_in_the_middle_of_a_file_is_no_symbol(tmp_path):
    lines = rows(8, line="AAPL,{time},{open},{high},{low},{close},{volume}")
    text = table(lines, "code,Date,Open,High,Low,Close,Volume") + "Source: somebody,,,,,,\n"
    assert preview(tmp_path, text)["symbols"] == ["AAPL"]
