"""Literal trades for tests."""

import datetime as dt

import polars as pl

from hewston.pipeline import matching
from hewston.pipeline.schemas import TRADES_RT

OPEN = dt.datetime(2023, 1, 3, 14, 30, tzinfo=dt.UTC)


def a_trade(entry: int, exit: int | None, **values: object) -> dict[str, object]:  # noqa: A002 (as its column)
    """One round trip between two bars, a minute each; money follows from the prices."""
    side = values.get("side", "LONG")
    qty, price, out = (
        float(str(values.get(k, d))) for k, d in (("qty", 10), ("price", 100), ("out", 101))
    )
    slippage, fees = (float(str(values.get(name, 0))) for name in ("slippage", "fees"))
    gross = (out - price) * qty * (1 if side == "LONG" else -1)
    return {
        "side": side,
        "entry_bar": entry,
        "entry_ts": OPEN + dt.timedelta(minutes=entry),
        "entry_price": price,
        "exit_bar": exit,
        "exit_ts": None if exit is None else OPEN + dt.timedelta(minutes=exit),
        "exit_price": out,
        "qty": qty,
        "gross_pnl": gross,
        "fees": fees,
        "slippage": slippage,
        "net_pnl": gross - slippage - fees,
        "entry_reason": values.get("reason"),
    }


def make_trades(*rows: dict[str, object]) -> pl.DataFrame:
    """TRADES_RT of literal trades."""
    numbered = [{"trade_id": number, **row} for number, row in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=TRADES_RT)


def place(trades: pl.DataFrame) -> pl.DataFrame:
    """Place trades by their bars."""
    return matching.place_trades(trades, trades["entry_bar"], trades["exit_bar"])


def match(a: pl.DataFrame, b: pl.DataFrame, tolerance: int = 1) -> pl.DataFrame:
    """Match two lists by their bars."""
    return matching.match_trades(a, b, placed_a=place(a), placed_b=place(b), tolerance=tolerance)
