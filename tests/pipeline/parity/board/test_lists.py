"""Lists of trades in every layout that TradingView has written since 2022."""

import datetime as dt
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.board import lists
from hewston.pipeline.parity.board.lists import place_list, read_list
from hewston.pipeline.parity.board.zones import choose_zone
from hewston.pipeline.schemas import UTC_NS

OLD = (
    "Trade #,Type,Signal,Date/Time,Price{c},Contracts,Profit{c},Profit %,Cum. Profit{c},"
    "Cum. Profit %,Run-up{c},Run-up %,Drawdown{c},Drawdown %"
)
Y2025 = (
    "Trade #,Type,{t},Signal,Price INR,Position size (qty),Position size (value),Net P&L INR,"
    "Net P&L %,Run-up INR,Run-up %,Drawdown INR,Drawdown %,Cumulative P&L INR,Cumulative P&L %"
)
NOW = (
    "Trade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net PnL USD,Return %,"
    "Commission USD,Favorable excursion USD,Favorable excursion %,Adverse excursion USD,"
    "Adverse excursion %,Cumulative PnL USD,Cumulative PnL %,Duration (bars)"
)
GERMAN = (
    "Trade #,Typ,Datum und Uhrzeit,Signal,Preis USD,Größe (Menge),Größe (Wert),G&V netto USD,"
    "G&V netto %,Positive Exkursion USD,Positive Exkursion %,Negative Exkursion USD,"
    "Negative Exkursion %,Kumulativer G&V USD,Kumulativer G&V %"
)


def fill(number: int, kind: str, when: str, signal: str, price: float, *, of: int) -> str:
    order = [signal, when] if of == 14 else [when, signal]
    cells = [str(number), kind, *order, str(price), "2"]
    return ",".join([*cells, *["0"] * (of - len(cells))])


def rows(of: int, *, entry: str, out: str, short: str, cover: str, still: str) -> list[str]:
    """Trade 1 is a long that was closed, trade 2 a short that is open."""
    return [
        fill(1, out, "2025-03-31 08:45", "x", 1781.28, of=of),
        fill(1, entry, "2025-03-31 08:30", "go", 1802.75, of=of),
        fill(2, cover, "2025-04-02 00:00", still, 1900.5, of=of),
        fill(2, short, "2025-04-01 08:30", "go", 1826.37, of=of),
    ]


ENGLISH = {
    "entry": "Entry long",
    "out": "Exit long",
    "short": "Entry short",
    "cover": "Exit short",
    "still": "Open",
}
UPPER = {name: value.title() for name, value in ENGLISH.items()}
LAYOUTS = {
    "2022": (OLD.format(c=" $"), rows(14, **UPPER), "\r\n", ""),
    "2022 without a currency": (OLD.format(c=" NONE"), rows(14, **UPPER), "\r\n", ""),
    "early 2025, the newest first": (OLD.format(c=" USD"), rows(14, **UPPER)[::-1], "\n", ""),
    "2025": (Y2025.format(t="Date/Time"), rows(15, **ENGLISH), "\n", "\ufeff"),
    "late 2025": (Y2025.format(t="Date and time"), rows(15, **ENGLISH), "\n", "\ufeff"),
    "now": (NOW, rows(17, **ENGLISH), "\n", "\ufeff"),
    "German": (
        GERMAN,
        rows(
            15,
            entry="Long-Einstieg",
            out="Long-Ausstieg",
            short="Short-Einstieg",
            cover="Short-Ausstieg",
            still="Offen",
        ),
        "\n",
        "\ufeff",
    ),
    "Japanese": (
        "番号,種類,日時,シグナル,価格" + ",x" * 10,
        rows(
            15,
            entry="ロングエントリー",
            out="ロング決済",
            short="ショートエントリー",
            cover="ショート決済",
            still="Open",
        ),
        "\n",
        "\ufeff",
    ),
    "Chinese": (
        "編號,類型,日期,訊號,價格" + ",x" * 10,
        rows(
            15, entry="多頭進場", out="多頭出場", short="空頭進場", cover="空頭出場", still="Open"
        ),
        "\n",
        "",
    ),
    "Turkish": (
        "No,Tür,Tarih,Sinyal,Fiyat" + ",x" * 10,
        rows(
            15,
            entry="Giriş uzun",
            out="Uzunu kapat",
            short="Giriş kısa",
            cover="Kısayı kapat",
            still="Açık",
        ),
        "\n",
        "",
    ),
}
WANTED = [
    ("LONG", dt.datetime(2025, 3, 31, 8, 30), 1802.75, dt.datetime(2025, 3, 31, 8, 45), 1781.28),
    ("SHORT", dt.datetime(2025, 4, 1, 8, 30), 1826.37, None, None),
]


def ends(listed: pl.DataFrame) -> list[tuple[object, ...]]:
    return listed.select("side", "entry_ts", "entry_price", "exit_ts", "exit_price").rows()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read_alike(layout: str, tmp_path: Path) -> None:
    header, lines, end, mark = LAYOUTS[layout]
    path = tmp_path / "a.csv"
    path.write_bytes((mark + end.join([header, *lines]) + end).encode())
    listed = read_list(path)
    assert ends(listed) == WANTED
    assert listed["qty"].to_list() == [2.0, 2.0]


def test_a_leading_index_column_and_seconds_and_days_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"{number},{line}" for number, line in enumerate(LAYOUTS["now"][1])]
    text = "\n".join([f"index,{NOW}", *lines])
    path.write_text(text)
    assert ends(read_list(path)) == WANTED
    path.write_text(text.replace(":45", ":45:10").replace("2025-03-31 08:30", "30/03/2025"))
    first = read_list(path).row(0, named=True)
    assert first["exit_ts"] == dt.datetime(2025, 3, 31, 8, 45, 10)
    assert first["entry_ts"] == dt.datetime(2025, 3, 30)


def test_the_list_of_an_excel_report_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Performance", 0).append(["", "All USD"])
    sheet = book.create_sheet("List of trades")
    sheet.append(NOW.split(","))
    for line in LAYOUTS["now"][1]:
        number, kind, when, *rest = line.split(",")
        at = dt.datetime.strptime(when, "%Y-%m-%d %H:%M")
        sheet.append([int(number), kind, at, rest[0], *map(float, rest[1:])])
    book.save(tmp_path / "a.xlsx")
    assert ends(read_list(tmp_path / "a.xlsx")) == WANTED
    book.remove(sheet)
    book.create_sheet("Properties").append(["Symbol", "ETH"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="it has no sheet"):
        read_list(tmp_path / "a.xlsx")


def test_an_open_trade_may_have_no_exit_or_an_empty_one(tmp_path: Path) -> None:
    path, lines = tmp_path / "a.csv", LAYOUTS["now"][1]
    path.write_text("\n".join([NOW, *lines[:2], lines[3]]))
    assert ends(read_list(path)) == WANTED
    path.write_text("\n".join([NOW, *lines[:2], "2,Exit short,,,,", lines[3]]))
    assert ends(read_list(path)) == WANTED


def test_a_signal_that_is_called_open_leaves_before_the_last_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([NOW, *LAYOUTS["now"][1]]).replace(",x,", ",Open,"))
    assert ends(read_list(path)) == WANTED


def test_thousands_may_be_grouped(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([NOW, *LAYOUTS["now"][1]]).replace(",1802.75,", ',"1,802.75",'))
    assert ends(read_list(path)) == WANTED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!doctype html><p>Sign in", "it is a page of HTML"),
        ("Alert ID,Ticker,Name,Description,Time,Webhook status\n1,2,3,4,5,6", "a log of alerts"),
        ("time,open,high,low,close\n1,2,3,4,5", "its first line has 5 columns"),
        ("", "its first line has 0 columns"),
        (NOW, "it has no trade"),
        (f"{NOW}\n{LAYOUTS['now'][1][0]}", "trade 1 has no row of its entry"),
        (f"{NOW}\n{LAYOUTS['now'][1][0]}\n{LAYOUTS['now'][1][0]}", "line 3 says something else"),
        (f"{NOW}\n1,Bought,2025-01-01,x,1,1", "line 2 is not understood"),
        (f"{NOW}\n1,Entry long,soon,x,1,1", "line 2 is not understood"),
        (f"{NOW}\n1,Entry long", "line 2 is not understood"),
    ],
)
def test_what_is_no_list_is_refused_with_the_reason(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_list(path)


def candles(count: int, zone: str) -> pl.DataFrame:
    """Bars that rise by a point each, from a midnight of some zone."""
    start = pl.Series([dt.datetime(2025, 3, 31)]).dt.replace_time_zone(zone)
    first = int(start.dt.epoch("ns")[0])
    numbers = pl.int_range(count, eager=True)
    return pl.DataFrame(
        {
            "ts_open": (first + numbers * 900 * 10**9).cast(UTC_NS),
            "low": numbers.cast(pl.Float64),
            "high": numbers + 1.0,
        }
    )


def listed_at(*times: dt.datetime, off: float = 0.0) -> pl.DataFrame:
    """Open trades entered at these times of a chart, at the bar's number and a half."""
    midnight = dt.datetime(2025, 3, 31)
    rows = [
        {
            "side": "LONG",
            "entry_ts": at,
            "entry_price": (at - midnight).total_seconds() / 900 + 0.5 + off,
        }
        for at in times
    ]
    return pl.DataFrame(rows, schema=lists.LISTED)


def at(*bars: int) -> list[dt.datetime]:
    return [dt.datetime(2025, 3, 31) + dt.timedelta(minutes=15 * bar) for bar in bars]


@pytest.mark.parametrize("zone", ["Asia/Taipei", "UTC", "America/New_York"])
def test_the_zone_is_the_one_under_which_fills_lie_inside_their_bars(zone: str) -> None:
    assert choose_zone(listed_at(*at(40, 50, 61)), candles(96, zone), name="a.csv") == zone


def test_where_no_zone_or_more_than_one_does_best_that_is_said() -> None:
    flat = candles(96, "UTC").with_columns(low=pl.lit(0.0), high=pl.lit(100.0))
    with pytest.raises(InputError, match=r"as well under UTC, America/New_York, .* Say which"):
        choose_zone(listed_at(*at(40)), flat, name="a.csv")
    with pytest.raises(InputError, match="under none do its fills lie"):
        choose_zone(listed_at(*at(40), off=999), flat, name="a.csv")


def test_an_hour_that_is_there_twice_is_the_first_and_one_that_is_not_is_refused() -> None:
    twice = place_list(listed_at(dt.datetime(2025, 11, 2, 1, 30)), "America/New_York")
    assert twice["entry_ts"][0] == dt.datetime(2025, 11, 2, 5, 30, tzinfo=dt.UTC)
    with pytest.raises(InputError, match="clocks go forward"):
        place_list(listed_at(dt.datetime(2025, 3, 9, 2, 30)), "America/New_York")
