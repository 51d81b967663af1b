"""Excel reports as TradingView writes them: several years and languages, computed by themselves."""

import dataclasses
import datetime as dt
import random
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trade:
    """A listed trade; money is that of the account, rounded as it is printed."""

    number: int
    is_long: bool
    begin: dt.datetime
    end: dt.datetime
    entry: float
    last: float
    qty: float
    pnl: float
    pct: float
    fee: float
    bars: int
    signal: str
    is_open: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """What a year and a language call sheets, columns, types and figures; ``{}`` is a currency.

    ``columns`` are named by what stands in them; ``figures`` by sheet, label and key.
    """

    sheets: tuple[str, ...]  # in their order; that of the list is called by ``listed``
    listed: str
    columns: tuple[tuple[str, str], ...]
    words: tuple[str, str, str, str]  # entry and exit, long and short
    open_word: str
    sides: tuple[str, ...]  # headers of columns of figures
    figures: tuple[tuple[str, str, str], ...]
    properties: tuple[str, ...]  # sheet, symbol, timeframe, initial capital, commission


_MODERN = (
    *("number", "type", "time", "signal", "price", "qty", "value", "pnl", "pct"),
    *("mfe", "mfe_pct", "mae", "mae_pct", "sum", "sum_pct"),
)
_NOW = (
    *("number", "type", "time", "signal", "price", "qty", "value", "pnl", "pct", "fee"),
    *("mfe", "mfe_pct", "mae", "mae_pct", "sum", "sum_pct", "bars"),
)
_OLD = (
    *("number", "type", "signal", "time", "price", "qty", "pnl", "pct", "sum", "sum_pct"),
    *("mfe", "mfe_pct", "mae", "mae_pct"),
)


def _titled(keys: tuple[str, ...], titles: str) -> tuple[tuple[str, str], ...]:
    return tuple(zip(keys, titles.split("|"), strict=True))


LAYOUTS = {
    "english of 2023": Layout(
        sheets=("Performance Summary", "List of trades", "Properties"),
        listed="List of trades",
        columns=_titled(
            _OLD,
            "Trade #|Type|Signal|Date/Time|Price {p}|Contracts|Profit {}|Profit %|Cum. Profit {}|Cum. Profit %|Run-up {}|Run-up %|Drawdown {}|Drawdown %",
        ),
        words=("Entry Long", "Exit Long", "Entry Short", "Exit Short"),
        open_word="Open",
        sides=("All {}", "All %", "Long {}", "Long %", "Short {}", "Short %"),
        figures=tuple(
            ("Performance Summary", *pair)
            for pair in (
                ("Net Profit", "net"), ("Gross Profit", "won"), ("Gross Loss", "lost"),
                ("Max Run-up", "unknown"), ("Max Drawdown", "unknown"),
                ("Buy & Hold Return", "unknown"), ("Sharpe Ratio", "unknown"),
                ("Profit Factor", "factor"), ("Max Contracts Held", "most"),
                ("Open PL", "open_pnl"), ("Commission Paid", "unknown"),
                ("Total Closed Trades", "closed"), ("Total Open Trades", "open"),
                ("Number Winning Trades", "wins"), ("Number Losing Trades", "losses"),
                ("Percent Profitable", "share"), ("Avg Trade", "avg"),
                ("Avg Winning Trade", "avg_win"), ("Avg Losing Trade", "avg_loss"),
                ("Ratio Avg Win / Avg Loss", "ratio"), ("Largest Winning Trade", "best_both"),
                ("Largest Losing Trade", "worst_both"), ("Avg # Bars in Trades", "unknown"),
                ("Margin Calls", "calls"),
            )
        ),
        properties=("Properties", "Symbol", "Timeframe", "Initial capital", "Commission"),
    ),
    "english now": Layout(
        sheets=(
            *("Performance", "Trades analysis", "Risk-adjusted performance", "List of trades"),
            "Properties",
        ),
        listed="List of trades",
        columns=_titled(
            _NOW,
            "Trade number|Type|Date and time|Signal|Price {p}|Size (qty)|Size (value)|Net PnL {}|Return %|Commission {}|Favorable excursion {}|Favorable excursion %|Adverse excursion {}|Adverse excursion %|Cumulative PnL {}|Cumulative PnL %|Duration (bars)",
        ),
        words=("Entry long", "Exit long", "Entry short", "Exit short"),
        open_word="Open",
        sides=("All {}", "All %", "Long {}", "Long %", "Short {}", "Short %"),
        figures=(
            ("Performance", "Initial capital", "capital"),
            ("Performance", "Open PnL", "open_pnl"),
            ("Performance", "Net PnL", "net"),
            ("Performance", "Gross profit", "won"),
            ("Performance", "Gross loss", "lost"),
            ("Performance", "Commission paid", "fees"),
            ("Performance", "Expected payoff", "avg_money"),
            ("Performance", "Buy & hold return", "unknown"),
            ("Performance", "Max equity run-up (close-to-close)", "rise"),
            ("Performance", "Max equity drawdown (close-to-close)", "fall"),
            ("Performance", "Max equity drawdown (intrabar)", "unknown"),
            ("Performance", "Return on initial capital", "net_share"),
            ("Trades analysis", "Total trades", "closed"),
            ("Trades analysis", "Total open trades", "open"),
            ("Trades analysis", "Winning trades", "wins"),
            ("Trades analysis", "Losing trades", "losses"),
            ("Trades analysis", "Percent profitable", "share"),
            ("Trades analysis", "Avg PnL", "avg"),
            ("Trades analysis", "Avg winning trade", "avg_win"),
            ("Trades analysis", "Avg losing trade", "avg_loss"),
            ("Trades analysis", "Ratio avg win / avg loss", "ratio"),
            ("Trades analysis", "Largest winning trade", "best"),
            ("Trades analysis", "Largest winning trade percent", "best_pct"),
            ("Trades analysis", "Largest winner as % of gross profit", "best_share"),
            ("Trades analysis", "Largest losing trade", "worst"),
            ("Trades analysis", "Largest losing trade percent", "worst_pct"),
            ("Trades analysis", "Largest loser as % of gross loss", "worst_share"),
            ("Trades analysis", "Avg # bars in trades", "bars"),
            ("Trades analysis", "Avg # bars in winning trades", "bars_win"),
            ("Trades analysis", "Avg # bars in losing trades", "bars_loss"),
            ("Risk-adjusted performance", "Sharpe ratio", "unknown"),
            ("Risk-adjusted performance", "Profit factor", "factor"),
            ("Risk-adjusted performance", "Margin calls", "calls"),
        ),
        properties=("Properties", "Symbol", "Timeframe", "Initial capital", "Commission"),
    ),
    "german": Layout(
        sheets=("Eigenschaften", "Liste der Trades", "Trade-Analyse", "Performance"),
        listed="Liste der Trades",
        columns=_titled(
            _MODERN,
            "Trade #|Typ|Datum und Uhrzeit|Signal|Preis {p}|Größe (Menge)|Größe (Wert)|G&V netto {}|G&V netto %|Positive Exkursion {}|Positive Exkursion %|Negative Exkursion {}|Negative Exkursion %|Kumulativer G&V {}|Kumulativer G&V %",
        ),
        words=("Long-Einstieg", "Long-Ausstieg", "Short-Einstieg", "Short-Ausstieg"),
        open_word="Offen",
        sides=("Alle {}", "Alle %", "Long {}", "Long %", "Short {}", "Short %"),
        figures=(
            ("Performance", "Nettogewinn", "net"),
            ("Performance", "Bruttogewinn", "won"),
            ("Performance", "Bruttoverlust", "lost"),
            ("Performance", "Kaufen-und-Halten-Rendite", "unknown"),
            ("Trade-Analyse", "Trades insgesamt", "closed"),
            ("Trade-Analyse", "Gewinntrades", "wins"),
            ("Trade-Analyse", "Verlusttrades", "losses"),
            ("Trade-Analyse", "Prozent profitabel", "share"),
            ("Trade-Analyse", "Durchschn. Gewinntrade", "avg_win"),
            ("Trade-Analyse", "Größter Verlusttrade", "worst"),
            ("Performance", "Profitfaktor", "factor"),
        ),
        properties=("Eigenschaften", "Symbol", "Zeitrahmen", "Anfangskapital", "Kommission"),
    ),
    "simplified chinese": Layout(
        sheets=("表现", "交易分析", "风险调整后的表现", "交易清单", "属性"),
        listed="交易清单",
        columns=_titled(
            _MODERN,
            "交易#|类型|日期和时间|信号|价格{p}|大小（数量）|大小（价值）|净损益{}|净损益%|顺行{}|顺行%|逆行{}|逆行%|累计损益{}|累计损益%",
        ),
        words=("多头进场", "多头出场", "空头进场", "空头出场"),
        open_word="未平仓",
        sides=("全部{}", "全部%", "多头{}", "多头%", "空头{}", "空头%"),
        figures=(
            ("表现", "净利润", "net"),
            ("表现", "毛利润", "won"),
            ("表现", "毛亏损", "lost"),
            ("表现", "年化收益率（CAGR）", "unknown"),
            ("交易分析", "总交易", "closed"),
            ("交易分析", "盈利交易", "wins"),
            ("交易分析", "亏损交易", "losses"),
            ("交易分析", "获利百分比", "share"),
            ("交易分析", "平均胜率/平均负率", "ratio"),
            ("风险调整后的表现", "夏普比率", "unknown"),
            ("风险调整后的表现", "盈利因子", "factor"),
        ),
        properties=("属性", "商品", "时间周期", "初始资金", "佣金"),
    ),
    "japanese": Layout(
        sheets=("プロパティ", "パフォーマンス", "取引一覧"),
        listed="取引一覧",
        columns=_titled(
            _MODERN,
            "トレード番号|タイプ|日時|シグナル|価格 {p}|サイズ (数量)|サイズ (値)|純損益 {}|純損益 %|順行 {}|順行 %|逆行 {}|逆行 %|累積損益 {}|累積損益 %",
        ),
        words=("ロングエントリー", "ロング決済", "ショートエントリー", "ショート決済"),
        open_word="オープン",
        sides=("すべて {}", "すべて %", "ロング {}", "ロング %", "ショート {}", "ショート %"),
        figures=(
            ("パフォーマンス", "純利益", "net"),
            ("パフォーマンス", "総利益", "won"),
            ("パフォーマンス", "総損失", "lost"),
            ("パフォーマンス", "総トレード数", "closed"),
            ("パフォーマンス", "勝率", "share"),
            ("パフォーマンス", "プロフィットファクター", "factor"),
            ("パフォーマンス", "シャープレシオ", "unknown"),
        ),
        properties=("プロパティ", "シンボル", "時間足", "初期資金", "手数料"),
    ),
}  # fmt: skip
CAPITAL, RATE, FEE = 10_000, 0.91, 0.0005


def make_trades(seed: int = 3, *, count: int = 40, rate: float = RATE) -> list[Trade]:
    """Make trades whose profits are converted; some are halves of one entry, some are called."""
    rng = random.Random(seed)
    trades: list[Trade] = []
    at, price = dt.datetime(2024, 1, 2, 9, 30), 100.0
    while len(trades) < count:
        price = round(price + rng.uniform(-3, 3), 2)
        is_long, parts = rng.random() < 0.6, rng.choice((1, 1, 1, 2))
        for _part in range(parts):
            bars = rng.randint(1, 40)
            last = round(price + rng.uniform(-5, 5), 2)
            qty = rng.choice((1.0, 2.5, 4.0))
            fee = (price + last) * qty * FEE * rate
            gross = (last - price) * qty * (1 if is_long else -1) * rate
            trades.append(
                Trade(
                    number=len(trades) + 1, is_long=is_long, begin=at,
                    end=at + dt.timedelta(minutes=15 * bars), entry=price, last=last, qty=qty,
                    pnl=round(gross - fee, 2), pct=round(100 * (gross - fee) / (price * qty * rate), 2),
                    fee=round(fee, 2), bars=bars,
                    signal=rng.choice(("flat", "stop", "flat", "Margin call")),
                )
            )  # fmt: skip
        at = max(one.end for one in trades[-parts:]) + dt.timedelta(minutes=15 * rng.randint(0, 9))
    held = dataclasses.replace(
        trades[-1], number=len(trades) + 1, begin=at, end=at + dt.timedelta(hours=3), is_open=True
    )
    return [*trades, held]


def compute(trades: list[Trade]) -> dict[str, tuple[float | None, float | None]]:
    """Compute figures of one side as money or a count, and as a percentage; None: not shown."""
    done = [one for one in trades if not one.is_open]
    wins = [one for one in done if one.pnl > 0]
    losses = [one for one in done if one.pnl < 0]
    won, lost = sum(one.pnl for one in wins), -sum(one.pnl for one in losses)
    best, worst = max(one.pnl for one in wins), -min(one.pnl for one in losses)
    best_pct, worst_pct = max(one.pct for one in wins), -min(one.pct for one in losses)
    curve = [0.0]
    for one in done:
        curve.append(curve[-1] + one.pnl)
    held: dict[dt.datetime, float] = defaultdict(float)
    for one in trades:
        held[one.begin] += one.qty
    calls = {one.end for one in done if one.signal == "Margin call"}
    return {
        "capital": (CAPITAL, None),
        "unknown": (123.45, 6.78),
        "open_pnl": (sum(one.pnl for one in trades if one.is_open), None),
        "net": (won - lost, 100 * (won - lost) / CAPITAL),
        "net_share": (None, 100 * (won - lost) / CAPITAL),
        "won": (won, 100 * won / CAPITAL),
        "lost": (lost, 100 * lost / CAPITAL),
        "fees": (sum(one.fee for one in done), None),
        "closed": (len(done), None),
        "open": (len(trades) - len(done), None),
        "wins": (len(wins), None),
        "losses": (len(losses), None),
        "calls": (len(calls), None),
        "share": (None, 100 * len(wins) / len(done)),
        "avg": (fmean(one.pnl for one in done), fmean(one.pct for one in done)),
        "avg_money": (fmean(one.pnl for one in done), None),
        "avg_win": (fmean(one.pnl for one in wins), fmean(one.pct for one in wins)),
        "avg_loss": (-fmean(one.pnl for one in losses), -fmean(one.pct for one in losses)),
        "ratio": ((won / len(wins)) / (lost / len(losses)), None),
        "factor": (won / lost, None),
        "best": (best, None),
        "worst": (worst, None),
        "best_both": (best, best_pct),
        "worst_both": (-worst, -worst_pct),
        "best_pct": (None, best_pct),
        "worst_pct": (None, worst_pct),
        "best_share": (None, 100 * best / won),
        "worst_share": (None, 100 * worst / lost),
        "bars": (fmean(one.bars for one in done), None),
        "bars_win": (fmean(one.bars for one in wins), None),
        "bars_loss": (fmean(one.bars for one in losses), None),
        "most": (max(held.values()), None),
        "rise": (max(b - a for at, a in enumerate(curve) for b in curve[at:]), None),
        "fall": (max(a - b for at, a in enumerate(curve) for b in curve[at:]), None),
    }


def write_report(
    path: Path,
    layout: Layout,
    trades: list[Trade],
    *,
    account: str = "EUR",
    price: str = "USD",
    from_1904: bool = False,
    left_out: str | None = None,
    exact: bool = False,
) -> Path:
    """Write a report; ``exact`` sheets hold figures as they were computed, unrounded."""
    book = openpyxl.Workbook()
    if from_1904:
        book.epoch = CALENDAR_MAC_1904
    sides = [trades, [t for t in trades if t.is_long], [t for t in trades if not t.is_long]]
    figures = [compute(side) for side in sides]
    for name in layout.sheets:
        if name == left_out:
            continue
        sheet = book.create_sheet(name)
        if name == layout.listed:
            _write_list(sheet, layout, trades, account, price)
        elif name == layout.properties[0]:
            _write_properties(sheet, layout, account)
        else:
            sheet.append([None, *(title.format(account) for title in layout.sides)])
            for where, label, key in layout.figures:
                if where == name:
                    digits = 3 if key in {"ratio", "factor"} else 2
                    cells = [
                        value if value is None or exact else round(value, digits)
                        for side in figures
                        for value in side[key]
                    ]
                    sheet.append([label, *cells])
    del book["Sheet"]
    book.save(path)
    return path


def _write_list(sheet: Any, layout: Layout, trades: list[Trade], account: str, price: str) -> None:
    titles = [title.replace("{p}", price).format(account) for _, title in layout.columns]
    sheet.append(titles)
    total = 0.0
    for one in trades:
        total += 0.0 if one.is_open else one.pnl
        for is_exit in (True, False):
            word = layout.words[(0 if one.is_long else 2) + is_exit]
            signal = layout.open_word if one.is_open and is_exit else one.signal
            cells = {
                "number": one.number, "type": word, "time": one.end if is_exit else one.begin,
                "signal": signal if is_exit else "go", "price": one.last if is_exit else one.entry,
                "qty": one.qty, "value": one.entry * one.qty, "pnl": one.pnl, "pct": one.pct,
                "fee": one.fee, "bars": one.bars, "sum": round(total, 2),
                "sum_pct": round(100 * total / CAPITAL, 2),
            }  # fmt: skip
            sheet.append([cells.get(key, 0.5) for key, _ in layout.columns])


def _write_properties(sheet: Any, layout: Layout, account: str) -> None:
    _, symbol, timeframe, capital, commission = layout.properties
    for row in (
        (symbol, "BINANCE:ETHUSDT"), (timeframe, "15"), (capital, f"{CAPITAL:,} {account}"),
        (commission, "0.05%"), ("Length", 9), ("Length", 21),
    ):  # fmt: skip
        sheet.append(row)
