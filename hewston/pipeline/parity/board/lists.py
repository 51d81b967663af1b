"""TradingView's list of trades, as far as a board needs it: sides, times and prices of fills.

Two rows a trade, told apart by their Type alone. What a column holds follows from how many there
are, whatever language its header is in: all layouts since 2022 agree.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.schemas import LISTED_TRADES, UTC_NS
from hewston.pipeline.sources.tables.excel import list_sheets, read_sheet

type Cell = str | float | dt.datetime | None

LISTED = LISTED_TRADES | {"entry_ts": pl.Datetime("ns"), "exit_ts": pl.Datetime("ns")}
_SIGNAL_FIRST = 14  # columns of the layout of 2022, whose Signal comes before its time
_WIDTHS = (14, 15, 17)
_PRICE, _QTY = 4, 5
_SHEETS = ("list of trades", "liste der trades")
_EXITS = (
    "exit",
    "ausstieg",
    "決済",
    "出場",
    "出场",
    "kapat",
    "выход",
    "salida",
    "sortie",
    "uscita",
)
_ENTRIES = (
    *("entry", "einstieg", "エントリー", "進場", "进场", "giriş", "вход", "entrada", "entrée"),
    "ingresso",
)
_SHORTS = ("short", "ショート", "空頭", "空头", "kısa", "корот", "corto", "court")
_LONGS = ("long", "ロング", "多頭", "多头", "uzun", "длин", "largo")
_OPEN = ("open", "offen", "オープン", "未平倉", "未平仓", "açık", "открыт", "abierta")
_FORMATS = (
    *("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"),
    *("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y"),
)
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d*)?")
_ALERTS = "alert id"


def read_list(path: Path) -> pl.DataFrame:
    """Read a list as LISTED_TRADES whose times are the chart's own, without a zone.

    Profit, fees and excursions are null. Raises InputError for a file that is no list of trades.
    """
    rows = _read_sheet(path) if path.suffix.lower() == ".xlsx" else _read_text(path)
    header = next(rows, [])
    titles = [str(cell or "").strip().lstrip("\ufeff").lower() for cell in header]
    skipped = 1 if titles[:1] in (["index"], [""]) else 0
    width = len([title for title in titles if title]) - (titles[:1] == ["index"])
    if titles[:1] == [_ALERTS]:
        raise _refuse(path, "it is a log of alerts, which are no fills. Export the list of trades")
    if width not in _WIDTHS:
        raise _refuse(path, f"its first line has {width} columns, and such a list has 14 to 17")
    ends: dict[int, dict[str, object]] = {}
    for line, row in enumerate(rows, start=2):
        if any(cell not in (None, "") for cell in row):
            _take(ends, row[skipped:], line=line, of=width, path=path)
    if not ends:
        raise _refuse(path, "it has no trade")
    trades = [ends[number] for number in sorted(ends)]
    lonely = next((one for one in trades if "entry_ts" not in one), None)
    if lonely is not None:
        raise _refuse(path, f"trade {lonely['trade_id']} has no row of its entry")
    return _close(pl.DataFrame(trades, schema=LISTED | {"says_open": pl.Boolean}, strict=False))


def _close(told: pl.DataFrame) -> pl.DataFrame:
    """Take the exit from trades that are open: it stands at the list's last moment, if anywhere.

    A signal of a script may be called like that of an open trade, and leaves at any other.
    """
    last = told.select(pl.max_horizontal(pl.col("entry_ts").max(), pl.col("exit_ts").max())).item()
    is_open = pl.col("exit_ts").is_null() | (
        pl.col("says_open").fill_null(value=True) & (pl.col("exit_ts") == last)
    )
    ends = ("exit_ts", "exit_price", "exit_reason")
    return told.with_columns(pl.when(~is_open).then(pl.col(ends))).drop("says_open")


def place_list(listed: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Give a list's times as those of a zone: LISTED_TRADES.

    Of an hour that is there twice it is the first; raises InputError for a time that is not there.
    """
    placed = listed.with_columns(
        pl.col(name)
        .dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .cast(UTC_NS)
        for name in ("entry_ts", "exit_ts")
    )
    if placed["entry_ts"].null_count():
        raise InputError(
            f"Times of the list are not there in {zone}, where clocks go forward. Is it the zone?",
            field="zone",
        )
    return placed.match_to_schema(pl.Schema(LISTED_TRADES))


def _refuse(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is not read as TradingView's list of trades: {why}.", file=path.name
    )


def _read_text(path: Path) -> Iterator[list[Cell]]:
    data = path.read_bytes()
    for encoding in ("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _refuse(path, "it is no text")
    if text.lstrip()[:1] == "<":
        raise _refuse(path, "it is a page of HTML. Export the list again")
    first = text.partition("\n")[0]
    sign = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    except csv.Error as problem:
        raise _refuse(path, f"its lines cannot be split ({problem})") from problem


def _read_sheet(path: Path) -> Iterator[list[Cell]]:
    sheets = [sheet.name for sheet in list_sheets(path, name=path.name) if not sheet.empty]
    chosen = next((name for name in sheets if name.lower() in _SHEETS), None)
    if chosen is None and len(sheets) > 1:
        raise _refuse(path, "it has no sheet “List of trades”")
    for block in read_sheet(path, name=path.name, sheet=chosen or sheets[0]):
        columns: list[Sequence[Cell]] = []
        for place in range(block.width):
            cells: list[Cell] = block.text[str(place)].to_list()
            for typed in (block.numbers.get(place), block.times.get(place)):
                if typed is not None:
                    cells = [
                        own if own is not None else other
                        for own, other in zip(cells, typed.to_list(), strict=True)
                    ]
            columns.append(cells)
        yield from (list(row) for row in zip(*columns, strict=True))


def _take(
    ends: dict[int, dict[str, object]], row: Sequence[Cell], *, line: int, of: int, path: Path
) -> None:
    """Add what a row says of one end of its trade."""
    at, signal = (3, 2) if of == _SIGNAL_FIRST else (2, 3)
    try:
        number = int(float(str(row[0])))
        kind = str(row[1] or "").lower()
        end, side = (
            _find_word(kind, exit=_EXITS, entry=_ENTRIES),
            _find_word(kind, SHORT=_SHORTS, LONG=_LONGS),
        )
        is_empty = end == "exit" and row[_PRICE] in (None, "")
        when = None if is_empty else _read_time(row[at])
        price = None if is_empty else _read_number(row[_PRICE])
        qty = None if is_empty else _read_number(row[_QTY])
    except (IndexError, ValueError) as problem:
        raise _refuse(path, f"line {line} is not understood ({problem})") from problem
    trade = ends.setdefault(number, {"trade_id": number})
    if f"{end}_ts" in trade or trade.get("side", side) != side:
        raise _refuse(path, f"line {line} says something else of trade {number} than a line before")
    reason = str(row[signal] or "")
    trade |= {
        "side": side,
        "qty": trade.get("qty") if qty is None else qty,
        f"{end}_ts": when,
        f"{end}_price": price,
        f"{end}_reason": reason,
    }
    if end == "exit":
        trade["says_open"] = reason.strip().lower() in _OPEN


def _read_number(cell: Cell) -> float:
    """Read a number; commas that group thousands are left out."""
    text = str(cell).strip()
    return float(text.replace(",", "") if _GROUPED.fullmatch(text) else text)


def _find_word(kind: str, **words: Sequence[str]) -> str:
    for name, known in words.items():
        if any(word in kind for word in known):
            return name
    raise ValueError(f"its type is {kind[:40]!r}")


def _read_time(cell: Cell) -> dt.datetime:
    if isinstance(cell, dt.datetime):
        return cell
    text = str(cell).strip()
    for form in _FORMATS:
        try:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007 (the chart's own time)
        except ValueError:
            continue
    raise ValueError(f"its time is {text[:40]!r}")
