"""Lists of trades in every layout and language, and what is no list."""

import datetime as dt
import random
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import place
from tests.pipeline.parity.uploads import (
    GERMAN,
    LATE_2025,
    MID_2026,
    NOW,
    OF_2022,
    OF_2024,
    OF_2025,
    SPRING,
    TRADES,
    UNKNOWN,
    WORDS,
    artifact,
    expect_all,
    listed,
    read,
    refusal,
    rows_of,
)


@pytest.mark.parametrize(
    "header", [OF_2022, OF_2024, OF_2025, LATE_2025, SPRING, MID_2026, NOW, GERMAN, UNKNOWN]
)
def test_every_layout_reads_alike(tmp_path, header):
    upload = read(tmp_path, listed(header, rows_of(header)))
    expect_all(upload)
    assert upload.needs_zone


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("header", [OF_2022, UNKNOWN, NOW])
def test_every_language_reads_alike(tmp_path, language, header):
    expect_all(read(tmp_path, listed(header, rows_of(header, WORDS[language]))))


@pytest.mark.parametrize("seed", range(5))
def test_rows_come_in_any_order(tmp_path, seed):
    rows = rows_of(SPRING)
    random.Random(seed).shuffle(rows)
    expect_all(read(tmp_path, listed(SPRING, rows)))


def test_marks_of_files_are_no_obstacle(tmp_path):
    text = listed(OF_2024, rows_of(OF_2024), end="\r\n")
    expect_all(read(tmp_path, b"\xef\xbb\xbf" + text.encode()))
    expect_all(read(tmp_path, text.encode("utf-16")))


def test_a_leading_index_is_no_column_of_the_list(tmp_path):
    for header, title in ((SPRING, "index"), (UNKNOWN, "")):
        rows = [[str(at), *row] for at, row in enumerate(rows_of(header))]
        expect_all(read(tmp_path, listed(f"{title},{header}", rows)))


def test_a_german_excel_writes_commas_and_semicolons(tmp_path):
    rows = [
        [
            cell.replace(".", ",") if cell.replace(".", "").lstrip("-").isdigit() else cell
            for cell in row
        ]
        for row in rows_of(GERMAN)
    ]
    expect_all(read(tmp_path, listed(GERMAN, rows, sign=";")))


def test_a_british_excel_writes_days_first(tmp_path):
    rows = [
        [
            f"{cell[8:10]}/{cell[5:7]}/{cell[:4]} {cell[11:]}" if cell[:3] == "202" else cell
            for cell in row
        ]
        for row in rows_of(SPRING)
    ]
    expect_all(read(tmp_path, listed(SPRING, rows)))


def test_which_number_is_the_day_is_asked_where_nothing_tells(tmp_path):
    trades = [(*TRADES[0][:2], "03/04/2025 10:00", "03/04/2025 11:00", *TRADES[0][4:])]
    text = listed(SPRING, rows_of(SPRING, trades=trades))
    problem = refusal(tmp_path, text)
    assert problem.details["field"] == "date_order"
    upload = read(tmp_path, text, date_order="dmy")
    assert upload.trades is not None
    assert upload.trades["entry_ts"][0] == dt.datetime(2025, 4, 3, 10)


def test_thousands_and_another_minus_are_numbers(tmp_path):
    text = (
        listed(SPRING, rows_of(SPRING))
        .replace("-24.0", "\u221224.0")
        .replace("1812.51", '"1,812.51"')
    )
    expect_all(read(tmp_path, text))


def test_currencies_of_price_and_account_differ(tmp_path):
    upload = read(tmp_path, listed(LATE_2025, rows_of(LATE_2025)))
    assert (upload.price_currency, upload.currency) == ("USDT", "USD")
    assert upload.decimals["entry_price"] == 2


@pytest.mark.parametrize("word", ["Open", "Offen", "未平倉", "Açık", "Открыта"])
def test_an_open_trade_keeps_its_entry_alone(tmp_path, word):
    trades = (*TRADES[:2], (*TRADES[2][:7], word, *TRADES[2][8:]))
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING, trades=trades)))
    assert upload.trades is not None
    last = upload.trades.row(2, named=True)
    assert (last["entry_price"], last["exit_price"], last["exit_ts"], last["net_pnl"]) == (
        1825.13,
        None,
        None,
        None,
    )
    assert any("still open" in warning for warning in upload.warnings)


def test_an_exit_called_open_in_the_middle_is_an_exit(tmp_path):
    trades = ((*TRADES[0][:7], "Open", *TRADES[0][8:]), *TRADES[1:])
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING, trades=trades)))
    assert upload.trades is not None
    assert upload.trades["exit_ts"].null_count() == 0


def test_a_trade_that_the_sum_leaves_out_is_open(tmp_path):
    trades = (*TRADES[:2], (*TRADES[2][:7], "ανοικτό", *TRADES[2][8:11], 48.06))
    upload = read(tmp_path, listed(UNKNOWN, rows_of(UNKNOWN, trades=trades)))
    assert upload.trades is not None
    assert upload.trades["exit_ts"].null_count() == 1


def test_daily_lists_have_dates_and_ask_no_zone(tmp_path):
    trades = [(*one[:2], one[2][:10], one[3][:10], *one[4:]) for one in TRADES]
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING, trades=trades)))
    assert upload.clock == "date"
    bridge = place(upload)
    assert bridge.dates_only
    assert bridge.trades is not None
    assert bridge.trades["entry_ts"][0] == dt.datetime(2025, 3, 31, tzinfo=dt.UTC)


def test_commission_and_seconds_are_read(tmp_path):
    trades = [(*one[:2], f"{one[2]}:05", f"{one[3]}:07", *one[4:]) for one in TRADES]
    upload = read(tmp_path, listed(NOW, rows_of(NOW, trades=trades)))
    assert upload.trades is not None
    assert upload.trades["fees"].to_list() == [0.5] * 3
    assert upload.trades["exit_ts"][0].second == 7


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda rows: rows[1:], "cut"),
        (lambda rows: [*rows, rows[0]], "both"),
        (lambda rows: [[*rows[0][:1], "Exit short", *rows[0][2:]], *rows[1:]], "other"),
        (lambda rows: [[*rows[0][:4], "abc", *rows[0][5:]], *rows[1:]], "no number"),
        (lambda rows: [[*rows[0][:4], "inf", *rows[0][5:]], *rows[1:]], "infinite"),
        (lambda rows: [[*rows[0][:2], "never", *rows[0][3:]], *rows[1:]], "no time"),
        (lambda rows: [["", *rows[0][1:]], *rows[1:]], "number"),
        (lambda rows: [[*rows[0], "more"], *rows[1:]], "cells"),
        (lambda _: [], "without a trade"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_row(tmp_path, change, word):
    problem = refusal(tmp_path, listed(SPRING, change(rows_of(SPRING))))
    assert word in problem.message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (
            "Alert ID,Ticker,Name,Description,Time,Webhook status\n1,A,b,c,2025-01-01,ok\n",
            "log of alerts",
        ),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        ("", "empty"),
        ("hello\nworld\n", "neither"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "image"),
        (
            "Symbol,Side,Type,Qty,Limit Price,Stop Price,Fill Price,Status\nA,b,c,1,2,3,4,5\n",
            "history of orders",
        ),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path, content, word):
    assert word in refusal(tmp_path, content).message


def test_a_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list.csv", bytes(b"0" * (70 << 20)))
    assert "unpacks to more" in refusal(tmp_path, path.read_bytes(), "bomb.zip").message


def test_names_that_are_not_known_go_by_place_beside_others_that_are(tmp_path):
    header = "トレード番号,タイプ,日時,シグナル,価格 JPY,サイズ(数量),ν1,純損益 JPY,ν2 %,ν3 JPY,ν3 %,ν4 JPY,ν4 %,ν5 JPY,ν5 %"
    upload = read(tmp_path, listed(header, rows_of(header, WORDS["japanese"])))
    expect_all(upload)
    assert upload.currency == "JPY"


@pytest.mark.parametrize(
    ("filename", "name", "symbol"),
    [
        ("My_Strat_CME_MINI_ES1!_2025-05-01_abc12.csv", "My_Strat", "CME_MINI:ES1!"),
        ("RSI EMA_NASDAQ_AAPL_2025-05-01.csv", "RSI EMA", "NASDAQ:AAPL"),
        ("trades.csv", "trades", None),
    ],
)
def test_the_file_name_tells_strategy_and_symbol(tmp_path, filename, name, symbol):
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING)), filename)
    assert (upload.name, upload.symbol) == (name, symbol)


@pytest.mark.parametrize("point_value", [50, 31.25, 12_500_000, 0.01])
def test_the_point_value_follows_from_values_and_prices(tmp_path, point_value):
    rows = rows_of(NOW)
    for row in rows:
        entry = next(
            float(other[4]) for other in rows if other[0] == row[0] and "Entry" in other[1]
        )
        row[6] = f"{entry * point_value:.2f}"
    assert read(tmp_path, listed(NOW, rows)).properties["point_value"] == point_value


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_file_that_was_bitten_raises_nothing_but_input_errors(tmp_path, data):
    whole = data.draw(st.sampled_from([
        listed(SPRING, rows_of(SPRING)).encode(), artifact().encode(),
        b"time,open,high,low,close,MA\n1672639200,1,2,0.5,1.25,NaN\n1672641000,1.25,2,1,1.5,1.123\n",
    ]))  # fmt: skip
    at = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=12))
    try:
        read(tmp_path, whole[:at] + put + whole[at + length :])
    except InputError as problem:
        assert problem.message  # noqa: PT017
