"""Lists of trades as TradingView and spreadsheets write them: layouts, languages, signs."""

import csv
import dataclasses
import datetime as dt
import io
import random
from collections.abc import Callable, Sequence

# What stands in the columns of each layout.
_OLD = (
    *("number", "type", "signal", "time", "price", "qty", "pnl", "pct", "sum", "sum_pct"),
    *("mfe", "mfe_pct", "mae", "mae_pct"),
)
_LATER = (
    *("number", "type", "time", "signal", "price", "qty", "value", "pnl", "pct"),
    *("mfe", "mfe_pct", "mae", "mae_pct", "sum", "sum_pct"),
)
_NOW = (
    *("number", "type", "time", "signal", "price", "qty", "value", "pnl", "pct", "fee"),
    *("mfe", "mfe_pct", "mae", "mae_pct", "sum", "sum_pct", "bars"),
)
COLUMNS = {"2022": _OLD, "early 2025": _OLD, "2025": _LATER, "late 2025": _LATER, "now": _NOW}
_ENGLISH = {
    "2022": "Trade #|Type|Signal|Date/Time|Price|Contracts|Profit ¤|Profit %|Cum. Profit ¤|Cum. Profit %|Run-up ¤|Run-up %|Drawdown ¤|Drawdown %",
    "early 2025": "Trade #|Type|Signal|Date/Time|Price ¤|Contracts|Profit ¤|Profit %|Cumulative profit ¤|Cumulative profit %|Run-up ¤|Run-up %|Drawdown ¤|Drawdown %",
    "2025": "Trade #|Type|Date/Time|Signal|Price ¤|Position size (qty)|Position size (value)|Net P&L ¤|Net P&L %|Run-up ¤|Run-up %|Drawdown ¤|Drawdown %|Cumulative P&L ¤|Cumulative P&L %",
    "late 2025": "Trade #|Type|Date and time|Signal|Price ¤|Position size (qty)|Position size (value)|Net P&L ¤|Net P&L %|Favorable excursion ¤|Favorable excursion %|Adverse excursion ¤|Adverse excursion %|Cumulative P&L ¤|Cumulative P&L %",
    "now": "Trade number|Type|Date and time|Signal|Price ¤|Size (qty)|Size (value)|Net PnL ¤|Return %|Commission ¤|Favorable excursion ¤|Favorable excursion %|Adverse excursion ¤|Adverse excursion %|Cumulative PnL ¤|Cumulative PnL %|Duration (bars)",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Language:
    """Words of Type (entry and exit, long and short), of an open trade, and of columns.

    A column that no word is known of is called by letters that nobody knows.
    """

    words: tuple[str, str, str, str]
    open_word: str
    names: dict[str, str]
    codec: str = "cp1252"  # in which old programs write it


def _names(text: str) -> dict[str, str]:
    return dict(one.split("=") for one in text.split("|"))


LANGUAGES = {
    "english": Language(
        words=("Entry long", "Exit long", "Entry short", "Exit short"), open_word="Open", names={}
    ),
    "german": Language(
        words=("Long-Einstieg", "Long-Ausstieg", "Short-Einstieg", "Short-Ausstieg"),
        open_word="Offen",
        names=_names(
            "number=Trade #|type=Typ|time=Datum und Uhrzeit|signal=Signal|price=Preis|qty=Größe (Menge)|value=Größe (Wert)|pnl=G&V netto|mfe=Positive Exkursion|mae=Negative Exkursion|sum=Kumulativer G&V"
        ),
    ),
    "japanese": Language(
        words=("ロングエントリー", "ロング決済", "ショートエントリー", "ショート決済"),
        open_word="オープン",
        names=_names("type=タイプ|time=日時|signal=シグナル|price=価格|pnl=純損益|sum=累積損益"),
        codec="cp932",
    ),
    "traditional chinese": Language(
        words=("多頭進場", "多頭出場", "空頭進場", "空頭出場"),
        open_word="未平倉",
        names=_names(
            "number=交易 #|type=類型|time=日期和時間|signal=訊號|price=價格|qty=大小（數量）|pnl=淨損益"
        ),
        codec="big5",
    ),
    "turkish": Language(
        words=("Giriş uzun", "Uzunu kapat", "Giriş kısa", "Kısayı kapat"),
        open_word="Açık",
        names=_names("number=İşlem #|type=Tür|time=Tarih ve saat|signal=Sinyal|price=Fiyat"),
        codec="cp1254",
    ),
    "russian": Language(
        words=("Вход в длинную", "Выход из длинной", "Вход в короткую", "Выход из короткой"),
        open_word="Открыта",
        names=_names("number=Сделка №|type=Тип|time=Дата и время|signal=Сигнал|price=Цена"),
        codec="cp1251",
    ),
    "spanish": Language(
        words=("Entrada larga", "Salida larga", "Entrada corta", "Salida corta"),
        open_word="Abierta",
        names=_names("number=Operación #|type=Tipo|time=Fecha y hora|signal=Señal|price=Precio"),
    ),
    "french": Language(
        words=("Entrée longue", "Sortie longue", "Entrée courte", "Sortie courte"),
        open_word="Ouvert",
        names=_names("number=Trade n°|type=Type|time=Date et heure|signal=Signal|price=Prix"),
    ),
    "portuguese": Language(
        words=("Entrada comprada", "Saída comprada", "Entrada vendida", "Saída vendida"),
        open_word="Aberta",
        names=_names("type=Tipo|time=Data e hora|signal=Sinal|price=Preço|qty=Contratos"),
    ),
    "korean": Language(
        words=("롱 진입", "롱 청산", "숏 진입", "숏 청산"),
        open_word="열림",
        names=_names("number=거래 #|type=타입|time=날짜 및 시간|signal=신호|price=가격"),
        codec="cp949",
    ),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Writing:
    """How a list is written."""

    layout: str = "now"
    language: str = "english"
    delimiter: str = ","
    decimal: str = "."
    group: str = ""  # between thousands
    minus: str = "-"
    currency: str = " USD"
    percent: str = ""  # behind percentages
    form: str = "%Y-%m-%d %H:%M"
    encoding: str = "utf-8"
    end: str = "\n"
    index: str | None = None  # the title of a leading column that counts rows
    order: str = "exit first"
    entry_is_bare: bool = False  # profits stand on the rows of exits alone


CHOICES: dict[str, Sequence[object]] = {
    "layout": tuple(COLUMNS),
    "language": tuple(LANGUAGES),
    "delimiter": (",", ";", "\t"),
    "decimal": (".", ","),
    "group": ("", "", "thousands", "\u00a0", "\u202f", "'"),
    "minus": ("-", "\u2212"),
    "currency": (" USD", " USDT", "", " NONE", " $", " €", "USDT"),
    "percent": ("", "%", " %"),
    "form": (
        *("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
        *("%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M", "%m/%d/%Y %I:%M %p", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S"),
    ),
    "encoding": ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "own"),
    "end": ("\n", "\r\n"),
    "index": (None, None, "", "index", "Unnamed: 0"),
    "order": ("exit first", "entry first", "descending", "shuffled"),
    "entry_is_bare": (False, False, True),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Listed:
    """A trade of a list."""

    number: int
    is_long: bool
    begin: dt.datetime
    end: dt.datetime
    entry: float
    last: float
    qty: float
    pnl: float
    best: float
    worst: float
    is_open: bool = False


def make_trades(count: int = 14) -> list[Listed]:
    """Make trades over some months, with prices of thousands and profits of either sign."""
    rng, trades, at = random.Random(11), [], dt.datetime(2024, 1, 3, 9, 30)
    for number in range(1, count + 1):
        entry = round(1200 + 400 * rng.random(), 2)
        last = round(entry + rng.uniform(-90, 90), 2)
        qty = rng.choice((1.0, 0.25, 12.5))
        is_long, end = rng.random() < 0.5, at + dt.timedelta(days=rng.randint(1, 9), hours=2)
        pnl = round((last - entry) * qty * (1 if is_long else -1), 2)
        trades.append(
            Listed(
                number=number, is_long=is_long, begin=at, end=end, entry=entry, last=last, qty=qty,
                pnl=pnl, best=round(max(pnl, 0) + 1.25, 2), worst=round(max(-pnl, 0) + 0.5, 2),
                is_open=number == count,
            )
        )  # fmt: skip
        at = end + dt.timedelta(days=rng.randint(0, 6), minutes=15)
    return trades


def write(trades: Sequence[Listed], how: Writing, *, seed: int = 0) -> bytes:
    """Write a list."""
    language = LANGUAGES[how.language]
    keys = COLUMNS[how.layout]
    rows = [row for one in trades for row in _rows(one, how)]
    _fill_sums(rows, trades)
    if how.order == "descending":
        rows.reverse()
    elif how.order == "shuffled":
        random.Random(seed).shuffle(rows)
    file = io.StringIO()
    writer = csv.writer(file, delimiter=how.delimiter, lineterminator=how.end)
    lead = [] if how.index is None else [how.index]
    writer.writerow([*lead, *_titles(how, keys)])
    number = _number_writer(how)
    for at, row in enumerate(rows):
        cells = [_cell(row[key], key, how, number) for key in keys]
        writer.writerow([*(str(at) for _ in lead), *cells])
    codec = language.codec if how.encoding == "own" else how.encoding
    mark = b"\xfe\xff" if codec == "utf-16-be" else b""
    return mark + file.getvalue().encode(codec)


def _titles(how: Writing, keys: Sequence[str]) -> list[str]:
    english = _ENGLISH[how.layout].split("|")
    names = LANGUAGES[how.language].names
    titles = []
    for at, (key, title) in enumerate(zip(keys, english, strict=True)):
        base, is_percent = key.removesuffix("_pct"), key.endswith("_pct")
        if not names:
            titles.append(title.replace(" ¤", how.currency))
            continue
        if key == "pct":
            base = "pnl"
        name = names.get(base, f"ω{'ψχφ'[at % 3]}{at}")
        unit = " %" if is_percent or key == "pct" else how.currency if "¤" in title else ""
        titles.append(name + unit)
    return titles


def _rows(one: Listed, how: Writing) -> list[dict[str, object]]:
    language = LANGUAGES[how.language]
    found = []
    for is_exit in (False, True) if how.order == "entry first" else (True, False):
        sign = 1 if how.layout in {"2022", "early 2025"} else -1
        row: dict[str, object] = {
            "number": one.number, "type": language.words[(0 if one.is_long else 2) + is_exit],
            "time": one.end if is_exit else one.begin,
            "signal": "go" if not is_exit else language.open_word if one.is_open else "flat, really",
            "price": one.last if is_exit else one.entry, "qty": one.qty,
            "value": round(one.entry * one.qty, 2), "pnl": one.pnl,
            "pct": round(100 * one.pnl / one.entry / one.qty, 2), "fee": 0.5, "mfe": one.best,
            "mfe_pct": 0.1, "mae": sign * one.worst, "mae_pct": sign * 0.1, "sum": 0.0, "sum_pct": 0.1,
            "bars": 9,
        }  # fmt: skip
        if how.entry_is_bare and not is_exit:
            row |= dict.fromkeys(
                ("pnl", "pct", "sum", "sum_pct", "mfe", "mfe_pct", "mae", "mae_pct")
            )
        found.append(row)
    return found


def _fill_sums(rows: Sequence[dict[str, object]], trades: Sequence[Listed]) -> None:
    total, sums = 0.0, {}
    for one in trades:
        total += 0.0 if one.is_open else one.pnl
        sums[one.number] = round(total, 2)
    for row in rows:
        if row["sum"] is not None:
            row["sum"] = sums[int(str(row["number"]))]


def _number_writer(how: Writing) -> Callable[[float], str]:
    group = {"thousands": "," if how.decimal == "." else "."}.get(how.group, how.group)

    def write_number(value: float) -> str:
        text = f"{abs(value):,.2f}" if value % 1 else f"{abs(value):,.0f}"
        text = text.replace(",", "G").replace(".", how.decimal).replace("G", group)
        return (how.minus if value < 0 else "") + text

    return write_number


def _cell(value: object, key: str, how: Writing, number: Callable[[float], str]) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime(how.form)
    if key == "number" or not isinstance(value, int | float):
        return str(value)
    return number(value) + (how.percent if key.endswith("pct") else "")
