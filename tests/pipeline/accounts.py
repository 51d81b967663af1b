"""Accounts as frames of plain numbers, for tests of what metrics make of them."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from hewston.pipeline.metrics import MetricReport, compute_metrics
from hewston.pipeline.schemas import EQUITY, FILLS, ORDERS, TRADES_RT, Schema

CLOSING = dt.datetime(2023, 1, 2, 20, 59, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def framed(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pl.DataFrame:
    """Build a frame in its contract's columns; what a row does not say is null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def equity_of(
    levels: Sequence[float],
    *,
    closes: Sequence[float] | None = None,
    times: Sequence[dt.datetime] | None = None,
    start: float = 100.0,
) -> pl.DataFrame:
    """Give one bar for each level of equity, a day apart unless ``times`` says when."""
    rows = []
    for i, level in enumerate(levels):
        peak = max(start, *levels[: i + 1])
        rows.append(
            {
                "ts_open": times[i] if times else CLOSING + i * DAY,
                "equity": level,
                "close": closes[i] if closes else 10.0,
                "position": 0.0,
                "drawdown": (peak - level) / peak,
            }
        )
    return framed(rows, EQUITY)


def trade(net_pnl: float, **more: Any) -> dict[str, Any]:
    row = {"net_pnl": net_pnl, "gross_pnl": net_pnl, "slippage": 0.0, "fees": 0.0}
    return row | {"side": "LONG", "exit_ts": CLOSING, "bars_held": 1} | more


def report_of(
    equity: pl.DataFrame,
    *,
    trades: Sequence[Mapping[str, Any]] = (),
    fills: Sequence[Mapping[str, Any]] = (),
    orders: Sequence[Mapping[str, Any]] = (),
    calendar: str = "XNYS",
    tz: str = "America/New_York",
) -> MetricReport:
    return compute_metrics(
        equity=equity,
        trades=framed(trades, TRADES_RT),
        fills=framed(fills, FILLS),
        orders=framed(orders, ORDERS),
        starting_cash=100.0,
        multiplier=2.0,
        tz=tz,
        calendar=calendar,
    )


def chosen(report: MetricReport, keys: Collection[str]) -> dict[str, float | int | None]:
    return {key: value for key, value in report.values.items() if key in keys}


def levels_after(returns: Sequence[float], start: float = 100.0) -> list[float]:
    levels = [start]
    for change in returns:
        levels.append(levels[-1] * (1 + change))
    return levels[1:]
