"""Lists of trades, charts and artifacts as TradingView and people write them."""

import datetime as dt
import json
import random
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import Upload, find_zones, place, read_upload, reproduce
from hewston.pipeline.parity.readers.properties import number_of
from hewston.pipeline.schemas import CANDLES, LISTED_TRADES

SHARED = Path(__file__).parents[4] / "shared/data/tradingview"

OF_2022 = "Trade #,Type,Signal,Date/Time,Price,Contracts,Profit $,Profit %,Cum. Profit $,Cum. Profit %,Run-up $,Run-up %,Drawdown $,Drawdown %"
OF_2024 = "Trade #,Type,Signal,Date/Time,Price USD,Contracts,Profit USD,Profit %,Cum. Profit USD,Cum. Profit %,Run-up USD,Run-up %,Drawdown USD,Drawdown %"
OF_2025 = "Trade #,Type,Date/Time,Signal,Price INR,Position size (qty),Position size (value),Net P&L INR,Net P&L %,Run-up INR,Run-up %,Drawdown INR,Drawdown %,Cumulative P&L INR,Cumulative P&L %"
LATE_2025 = "Trade #,Type,Date and time,Signal,Price USDT,Position size (qty),Position size (value),Net P&L USD,Net P&L %,Favorable excursion USD,Favorable excursion %,Adverse excursion USD,Adverse excursion %,Cumulative P&L USD,Cumulative P&L %"
SPRING = LATE_2025.replace("Position size", "Size")
MID_2026 = SPRING.replace("Trade #", "Trade number").replace("P&L", "PnL")
NOW = "Trade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net PnL USD,Return %,Commission USD,Favorable excursion USD,Favorable excursion %,Adverse excursion USD,Adverse excursion %,Cumulative PnL USD,Cumulative PnL %,Duration (bars)"
GERMAN = "Trade #,Typ,Datum und Uhrzeit,Signal,Preis USD,Größe (Menge),Größe (Wert),G&V netto USD,G&V netto %,Positive Exkursion USD,Positive Exkursion %,Negative Exkursion USD,Negative Exkursion %,Kumulativer G&V USD,Kumulativer G&V %"
UNKNOWN = ",".join(f"ξ{at}{' %' if at in (8, 10, 12, 14) else ''}" for at in range(15))

ENGLISH = ("Entry long", "Exit long", "Entry short", "Exit short")
WORDS = {
    "older": ("Entry Long", "Exit Long", "Entry Short", "Exit Short"),
    "german": ("Long-Einstieg", "Long-Ausstieg", "Short-Einstieg", "Short-Ausstieg"),
    "japanese": ("ロングエントリー", "ロング決済", "ショートエントリー", "ショート決済"),
    "chinese": ("多頭進場", "多頭出場", "空頭進場", "空頭出場"),
    "turkish": ("Giriş uzun", "Uzunu kapat", "Giriş kısa", "Kısayı kapat"),
    "russian": ("Вход в длинную", "Выход из длинной", "Вход в короткую", "Выход из короткой"),
    "nobody's": ("ουα", "ουβ", "ξα", "ξβ"),
}

# trade, side (0 long, 2 short), entry, exit, prices, signals, profit, run-up, drawdown, sum
TRADES = (
    (1, 0, "2025-03-31 20:00", "2025-04-01 03:15", 1812.51, 1842.85, "up", "flat", 30.34, 40.83, 19.91, 30.34),
    (2, 2, "2025-04-01 03:15", "2025-04-01 09:15", 1842.85, 1825.13, "down", "flat", 17.72, 27.63, 0.53, 48.06),
    (3, 0, "2025-04-13 09:15", "2025-04-13 20:15", 1825.13, 1801.13, "up", "stop", -24.0, 1.5, 24.0, 24.06),
)  # fmt: skip


def rows_of(header: str, words=ENGLISH, *, trades=TRADES, exit_first: bool = True):
    """The rows of a list in a layout, as lists of texts."""
    found = []
    for number, side, begin, end, entry, last, why, how, pnl, up, down, total in trades:
        for is_exit in (True, False) if exit_first else (False, True):
            kind = words[side + is_exit]
            when, price, signal = (end, last, how) if is_exit else (begin, entry, why)
            if header.count(",") == 13:
                row = [number, kind, signal, when, price, 1, pnl, 1, total, 0, up, 0, down, 0]
            elif header.count(",") == 16:
                row = [
                    number,
                    kind,
                    when,
                    signal,
                    price,
                    1,
                    entry,
                    pnl,
                    1,
                    0.5,
                    up,
                    0,
                    -down,
                    0,
                    total,
                    0,
                    9,
                ]
            else:
                row = [
                    number,
                    kind,
                    when,
                    signal,
                    price,
                    1,
                    entry,
                    pnl,
                    1,
                    up,
                    0,
                    -down,
                    0,
                    total,
                    0,
                ]
            found.append([str(cell) for cell in row])
    return found


def listed(header: str, rows, *, sign: str = ",", end: str = "\n") -> str:
    return end.join([header.replace(",", sign), *(sign.join(row) for row in rows)]) + end


def read(tmp_path: Path, content: str | bytes, name: str = "list.csv", **options) -> Upload:
    path = tmp_path / "given"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_upload(path, filename=name, **options)


def refusal(tmp_path: Path, content: str | bytes, name: str = "list.csv") -> InputError:
    with pytest.raises(InputError) as problem:
        read(tmp_path, content, name)
    assert name in problem.value.message
    return problem.value


def expect_all(upload: Upload) -> None:
    """The three trades of TRADES, as they were listed."""
    assert upload.kind == "trade_list"
    assert upload.trades is not None
    trades = upload.trades
    assert list(trades.columns) == list(LISTED_TRADES)
    assert trades["side"].to_list() == ["LONG", "SHORT", "LONG"]
    assert trades["entry_price"].to_list() == [one[4] for one in TRADES]
    assert trades["exit_price"].to_list() == [one[5] for one in TRADES]
    assert trades["entry_ts"].dt.strftime("%Y-%m-%d %H:%M").to_list() == [one[2] for one in TRADES]
    assert trades["exit_ts"].dt.strftime("%Y-%m-%d %H:%M").to_list() == [one[3] for one in TRADES]
    assert trades["entry_reason"].to_list() == ["up", "down", "up"]
    assert trades["exit_reason"].to_list() == ["flat", "flat", "stop"]
    assert trades["net_pnl"].to_list() == [30.34, 17.72, -24.0]
    assert trades["mfe"].to_list() == [40.83, 27.63, 1.5]
    assert trades["mae"].to_list() == [-19.91, -0.53, -24.0]


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


def test_the_point_value_follows_from_values_and_prices(tmp_path):
    rows = rows_of(NOW)
    for row in rows:
        entry = next(
            float(other[4]) for other in rows if other[0] == row[0] and "Entry" in other[1]
        )
        row[6] = str(entry * 50)
    assert read(tmp_path, listed(NOW, rows)).properties["point_value"] == 50


# Zones


def bars(step_minutes: int = 15) -> pl.DataFrame:
    """Bars of a price that is another at every hour, so that one zone alone fits."""
    start = dt.datetime(2025, 3, 30, tzinfo=dt.UTC)
    times = [start + dt.timedelta(minutes=step_minutes * at) for at in range(4 * 24 * 20)]
    middle = [1000.0 + 3 * at for at in range(len(times))]
    return pl.DataFrame(
        {
            "ts_open": times,
            "open": middle,
            "high": [m + 1 for m in middle],
            "low": [m - 1 for m in middle],
            "close": middle,
            "volume": middle,
        },
        schema=CANDLES,
    )


def test_the_zone_is_that_under_which_fills_lie_in_their_bars(tmp_path):
    candles = bars()
    trades = []
    for number, at in enumerate((40, 300, 800), start=1):
        begin, end = (candles["ts_open"][row] + dt.timedelta(hours=8) for row in (at, at + 9))
        trades.append(
            (
                number,
                0,
                f"{begin:%Y-%m-%d %H:%M}",
                f"{end:%Y-%m-%d %H:%M}",
                1000.0 + 3 * at,
                1000.0 + 3 * (at + 9),
                "a",
                "b",
                27.0,
                27.0,
                0.0,
                27.0 * number,
            )
        )
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING, trades=trades)))
    offers = find_zones(upload, candles)
    best = [one.zone for one in offers if one.inside == one.of]
    assert "Asia/Taipei" in best
    assert "UTC" not in best
    assert offers[0].of == 6
    with pytest.raises(InputError) as problem:
        place(upload)
    assert problem.value.details["field"] == "zone"
    for zone in ("Asia/Taipei", "+08:00"):
        bridge = place(upload, zone)
        assert bridge.trades is not None
        assert bridge.trades["entry_ts"].to_list() == [
            candles["ts_open"][at] for at in (40, 300, 800)
        ]


def test_a_zone_without_the_time_is_refused(tmp_path):
    trades = [(1, 0, "2025-03-09 02:30", "2025-03-09 04:00", *TRADES[0][4:])]
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING, trades=trades)))
    with pytest.raises(InputError, match="clocks went forward"):
        place(upload, "America/New_York")
    with pytest.raises(InputError, match="no zone that is known"):
        place(upload, "Mars/Phobos")


# Excel


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
    found = reproduce(upload)
    assert {one.figure.key for one in found} == {
        "net_profit", "gross_loss", "total_trades", "percent_profitable", "profit_factor",
    }  # fmt: skip
    assert all(one.equal for one in found), [one for one in found if not one.equal]
    other = reproduce(read(tmp_path, report(tmp_path, net=25.0)))
    wrong = [one.figure for one in other if not one.equal]
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
    wrong = [one.figure for one in reproduce(read(tmp_path, path.read_bytes())) if not one.equal]
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


# Charts


def test_a_chart_gives_bars_and_series_by_unique_titles(tmp_path):
    upload = read(
        tmp_path,
        'time,open,high,low,close,MA,MA,"ta.vwap(close, timeframe.change(&quot;240&quot;))",Volume\n'
        "1672639200,1,2,0.5,1.25,NaN,1e+100,-0,100\n1672641000,1.25,2,1,1.5,1.123,,4.9e-324,\n",
        "OANDA_EURUSD, 30.csv",
    )
    assert upload.kind == "chart_data"
    assert (upload.symbol, upload.timeframe, upload.clock) == ("OANDA:EURUSD", "30m", "utc")
    assert upload.candles is not None
    assert upload.series is not None
    assert upload.candles.schema == pl.Schema(CANDLES)
    assert upload.candles["volume"].to_list() == [100, None]
    assert upload.series.columns == [
        "ts_open",
        "MA",
        "MA (2)",
        'ta.vwap(close, timeframe.change("240"))',
    ]
    assert upload.series["MA"].to_list() == [None, 1.123]
    assert upload.series["MA (2)"].to_list() == [None, None]
    assert upload.series.to_series(3).to_list() == [-0.0, 5e-324]
    assert upload.decimals["close"] == 2
    assert upload.decimals["MA"] == 3


def test_a_chart_in_iso_times_and_a_line_chart(tmp_path):
    upload = read(
        tmp_path,
        "time,close,RSI\n2025-03-31T08:00:00+08:00,1.5,50\n2025-03-31T08:15:00+08:00,1.6,51\n",
    )
    assert upload.candles is not None
    assert upload.candles["ts_open"][0] == dt.datetime(2025, 3, 31, tzinfo=dt.UTC)
    assert upload.candles["open"].null_count() == 2
    assert any("line chart" in warning for warning in upload.warnings)
    daily = read(tmp_path, "time,open,high,low,close\n2025-03-31,1,2,1,2\n2025-04-01,1,2,1,2\n")
    assert daily.clock == "date"
    assert daily.timeframe == "1d"


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ("1672639200,1\n1672639200,1\n", "rows 2 and 3 have the same time"),
        ("1672639200,inf\n", "row 2, column close"),
        ("1672639200,1e999\n", "infinite"),
        ("1672639200,x\n", "no number"),
        ("1.67E+09,1\n1.67E+09,1\n", "lost digits"),
        ("yesterday,1\n", "times"),
        ("", "no bars"),
    ],
)
def test_a_chart_that_cannot_be_is_refused_with_its_row(tmp_path, rows, word):
    assert word in refusal(tmp_path, f"time,close\n{rows}").message


def test_bars_that_run_back_are_turned_round(tmp_path):
    upload = read(tmp_path, "time,close\n1672641000,2\n1672639200,1\n")
    assert upload.candles is not None
    assert upload.candles["close"].to_list() == [1, 2]
    assert upload.warnings


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(
        st.floats(allow_nan=False, allow_infinity=False, min_value=-1e98, max_value=1e98),
        min_size=1,
        max_size=30,
    )
)
def test_numbers_keep_every_bit(tmp_path, values):
    rows = "\n".join(f"{1672639200 + 60 * at},{value!r}" for at, value in enumerate(values))
    upload = read(tmp_path, f"time,close\n{rows}\n")
    assert upload.candles is not None
    assert [value.hex() for value in upload.candles["close"]] == [
        float(value).hex() for value in values
    ]


# JSON


def artifact(**changes) -> str:
    body = {
        "name": "Cross",
        "symbol": "ETHUSDT",
        "timeframe": "15m",
        "indicator_series": [
            {
                "name": "fast",
                "values": [
                    {"timestamp": 1672639200, "value": 1.5},
                    {"timestamp": 1672639260000, "value": None},
                ],
            },
            {"name": "slow", "values": [{"timestamp": "2023-01-02T06:00:00Z", "value": 2}]},
        ],
        "trade_events": [
            {"timestamp": 1672639200, "side": "long_entry", "price": 10, "qty": 2, "reason": "up"},
            {"timestamp": 1672639260, "side": "long_exit", "price": 11, "qty": 1, "reason": "half"},
        ],
        "notes": "By hand.",
    }
    return json.dumps({key: value for key, value in (body | changes).items() if value is not ...})


def test_an_artifact_gives_series_and_trades_first_in_first_out(tmp_path):
    upload = read(tmp_path, artifact(), "cross.json")
    bridge = place(upload)
    assert (upload.kind, bridge.zone, bridge.notes) == ("json", "UTC", ("By hand.",))
    assert bridge.series is not None
    assert bridge.trades is not None
    assert bridge.series["fast"].to_list() == [1.5, None]
    assert bridge.series["slow"].to_list() == [2, None]
    assert bridge.trades["qty"].to_list() == [1, 1]
    assert bridge.trades["net_pnl"].to_list() == [1, None]
    assert bridge.trades.schema == pl.Schema(LISTED_TRADES)


EVENT = {"timestamp": 1672639200, "side": "long_entry", "price": 10, "qty": 2, "reason": None}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ...}, "name"),
        ({"name": 5}, "name"),
        ({"symbol": "\ud800"}, "symbol"),
        ({"colour": 1}, "colour"),
        ({"indicator_series": {}}, "indicator_series"),
        ({"indicator_series": [], "trade_events": []}, "indicator_series"),
        ({"trade_events": [EVENT | {"side": "buy"}]}, "trade_events[0].side"),
        ({"trade_events": [EVENT | {"qty": 0}]}, "trade_events[0].qty"),
        ({"trade_events": [EVENT | {"price": True}]}, "trade_events[0].price"),
        (
            {"trade_events": [EVENT | {"timestamp": "2023-01-02T06:00:00"}]},
            "trade_events[0].timestamp",
        ),
        ({"trade_events": [EVENT, EVENT | {"side": "short_exit"}]}, "trade_events[1]"),
        (
            {"indicator_series": [{"name": "a", "values": [{"timestamp": 1672639200}]}]},
            "indicator_series[0].values[0].value",
        ),
        (
            {
                "indicator_series": [
                    {"name": "a", "values": [{"timestamp": 1672639200, "value": float("inf")}]}
                ]
            },
            "indicator_series[0].values[0].value",
        ),
    ],
)
def test_an_artifact_is_refused_by_the_path_of_its_field(tmp_path, changes, field):
    assert refusal(tmp_path, artifact(**changes), "cross.json").details["field"] == field


@pytest.mark.parametrize(
    "text", ["{", '{"name": 1, "name": 2}', "[" * 100_000, '[{"a": 1}]', '{"a":' + "9" * 5000 + "}"]
)
def test_what_is_no_artifact_is_refused(tmp_path, text):
    refusal(tmp_path, text, "cross.json")


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


@pytest.mark.parametrize("cut", [30, 200, 900, 3000, 6000])
def test_a_workbook_that_was_bitten_raises_nothing_but_input_errors(tmp_path, cut):
    whole = report(tmp_path)
    for bitten in (whole[:cut], whole[:cut] + bytes(9) + whole[cut + 9 :]):
        try:
            read(tmp_path, bitten, "report.xlsx")
        except InputError as problem:
            assert problem.message  # noqa: PT017


@pytest.mark.skipif(not SHARED.is_dir(), reason="the probes of TradingView are not here")
def test_all_fills_of_the_probes_lie_in_their_bars_in_taipei():
    candles = pl.read_csv(SHARED / "ohlcv_ETH-USDT-USDT_15m_warmup6m.csv").with_columns(
        ts_open=pl.from_epoch("timestamp", time_unit="ms").cast(CANDLES["ts_open"])
    )
    for path in sorted(SHARED.glob("probes/*/tv_trades.csv")):
        offers = find_zones(read_upload(path, filename=path.name), candles)
        full = [one.zone for one in offers if one.inside == one.of]
        assert "Asia/Taipei" in full
        assert set(full) == {offers[0].zone, *offers[0].same}
