"""Uploads as TradingView and people write them, and what every reader must make of them."""

import json
from pathlib import Path

import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import Upload, read_upload
from hewston.pipeline.schemas import LISTED_TRADES

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
