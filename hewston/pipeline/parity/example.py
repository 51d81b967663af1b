"""A first look: made-up exports of a script and of a port of it that has two mistakes.

The port computes RSI with plain averages where Pine takes Wilder's, so some of its entries are
others, and starts its EMA at the first price, so that it settles later. Its SMA is right.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from hewston.pipeline.parity.series import Times
from hewston.pipeline.parity.tolerances import Floats

SYMBOL, INTERVAL = "EXAMPLE", "15m"
_BARS, _STEP_S, _FIRST_S = 1_200, 900, 1_704_153_600  # from 2024-01-02 00:00 UTC
_SMA, _EMA, _RSI, _LIMIT = 20, 50, 14, 60.0
_LIST = (
    "Trade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net PnL USD,"
    "Return %,Commission USD,Favorable excursion USD,Favorable excursion %,Adverse excursion USD,"
    "Adverse excursion %,Cumulative PnL USD,Cumulative PnL %,Duration (bars)"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example:
    """Files: Pine's chart data and list of trades (times in UTC), and what the port made (JSON)."""

    chart: Path
    trades: Path
    port: Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Trade:
    entry: int  # bar
    exit: int
    entry_price: float
    exit_price: float


def write_example(folder: Path) -> Example:
    """Write the files to a folder that is there; every time the same."""
    opens, closes = _make_prices()
    times = _FIRST_S + _STEP_S * np.arange(_BARS)
    average = _rolling_mean(closes, _SMA)
    pine = {
        "SMA": average,
        "EMA": _smooth(closes, 2 / (_EMA + 1), _EMA),
        "RSI": _rsi(closes, lambda values: _smooth(values, 1 / _RSI, _RSI)),
    }
    port = {
        "SMA": average,
        "EMA": _smooth(closes, 2 / (_EMA + 1), 1),
        "RSI": _rsi(closes, lambda values: _rolling_mean(values, _RSI)),
    }
    example = Example(
        chart=folder / "Example_chart.csv",
        trades=folder / "Example_trades.csv",
        port=folder / "Example_port.json",
    )
    _write_chart(example.chart, times, opens, closes, pine)
    _write_list(example.trades, times, _trade(opens, closes, pine))
    _write_port(example.port, times, port, _trade(opens, closes, port))
    return example


def _make_prices() -> tuple[Floats, Floats]:
    """Make a walk in cents: opens and closes."""
    dice = np.random.default_rng(2024)
    steps = np.round(dice.normal(0, 0.6, _BARS) + 0.8 * np.sin(np.arange(_BARS) / 40), 2)
    closes = np.round(400 + np.cumsum(steps), 2)
    return np.concatenate(([400.0], closes[:-1])), closes


def _rolling_mean(values: Floats, bars: int) -> Floats:
    """Give the mean of the last bars; NaN until there are so many values."""
    found = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))[0]
    for end in range(known + bars, len(values) + 1):
        found[end - 1] = values[end - bars : end].mean()
    return found


def _smooth(values: Floats, alpha: float, bars: int) -> Floats:
    """Smooth exponentially from the mean of the first bars on, as ta.ema and ta.rma do."""
    found = np.full(len(values), np.nan)
    start = int(np.flatnonzero(~np.isnan(values))[0]) + bars - 1
    found[start] = values[start - bars + 1 : start + 1].mean()
    for at in range(start + 1, len(values)):
        found[at] = alpha * values[at] + (1 - alpha) * found[at - 1]
    return found


def _rsi(closes: Floats, average: Callable[[Floats], Floats]) -> Floats:
    changes = np.diff(closes, prepend=np.nan)
    gains, losses = (average(np.maximum(sign * changes, 0)) for sign in (1, -1))
    return 100 * gains / (gains + losses)


def _trade(opens: Floats, closes: Floats, series: dict[str, Floats]) -> list[_Trade]:
    """Go long when the close crosses over its SMA and RSI is low enough; leave when under.

    Orders of a bar's close are filled at the next open.
    """
    trades: list[_Trade] = []
    entered: int | None = None
    above = closes > series["SMA"]
    for at in range(_EMA, _BARS - 1):
        if entered is None and above[at] and not above[at - 1] and series["RSI"][at] < _LIMIT:
            entered = at + 1
        elif entered is not None and not above[at]:
            prices = float(opens[entered]), float(opens[at + 1])
            trades.append(
                _Trade(entry=entered, exit=at + 1, entry_price=prices[0], exit_price=prices[1])
            )
            entered = None
    return trades


def _write_chart(
    path: Path, times: Times, opens: Floats, closes: Floats, series: dict[str, Floats]
) -> None:
    frame = {
        "time": times,
        "open": opens,
        "high": np.round(np.maximum(opens, closes) + 0.2, 2),
        "low": np.round(np.minimum(opens, closes) - 0.2, 2),
        "close": closes,
        **{title: pl.Series(values).fill_nan(None) for title, values in series.items()},
        "Volume": 1_000 + np.arange(_BARS) % 97,
    }
    pl.DataFrame(frame).write_csv(path, null_value="NaN", float_precision=10)


def _write_list(path: Path, times: Times, trades: list[_Trade]) -> None:
    lines, total = [_LIST], 0.0
    for number, one in enumerate(trades, start=1):
        profit = one.exit_price - one.entry_price
        total += profit
        for word, bar, price in (
            ("Exit", one.exit, one.exit_price),
            ("Entry", one.entry, one.entry_price),
        ):
            shown = np.datetime_as_string(np.datetime64(int(times[bar]), "s"), unit="m")
            lines.append(
                f"{number},{word} long,{shown.replace('T', ' ')},{word},{price:.2f},1,"
                f"{one.entry_price:.2f},{profit:.2f},0,0,0,0,0,0,{total:.2f},0,"
                f"{one.exit - one.entry}"
            )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_port(path: Path, times: Times, series: dict[str, Floats], trades: list[_Trade]) -> None:
    events = [
        {
            "timestamp": int(times[bar]),
            "side": f"long_{word}",
            "price": price,
            "qty": 1,
            "reason": word,
        }
        for one in trades
        for word, bar, price in (
            ("entry", one.entry, one.entry_price),
            ("exit", one.exit, one.exit_price),
        )
    ]
    body = {
        "name": "Example port",
        "symbol": SYMBOL,
        "timeframe": INTERVAL,
        "indicator_series": [
            {
                "name": title,
                "values": [
                    {"timestamp": int(time), "value": None if np.isnan(value) else float(value)}
                    for time, value in zip(times, values, strict=True)
                ],
            }
            for title, values in series.items()
        ],
        "trade_events": events,
        "notes": ["Made up for a first look: RSI and EMA of this port have a mistake each."],
    }
    path.write_text(json.dumps(body), encoding="utf-8")
