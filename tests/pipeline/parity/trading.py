"""A strategy on made-up bars, traded by hand: what a list of trades says of it.

Two averages of the close cross, and it turns round; a stop and a limit may end a trade before.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from hewston.pipeline.schemas import CANDLES, LISTED_TRADES

BAR = dt.timedelta(minutes=15)
BEGIN = dt.datetime(2024, 2, 15, tzinfo=dt.UTC)  # clocks change in it


def walk(
    count: int = 4_000,
    *,
    seed: int = 7,
    gaps: bool = True,
    begin: dt.datetime = BEGIN,
    bar: dt.timedelta = BAR,
    sessions: bool = False,
) -> pl.DataFrame:
    """Bars of a random walk, to the cent.

    Without ``gaps`` a bar opens where the one before closed. With ``sessions`` there are none at
    night and at weekends.
    """
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.15, (count, 4))
    times: list[dt.datetime] = []
    at = begin
    while len(times) < count:
        if not sessions or (at.weekday() < 5 and 9 <= at.hour < 16):
            times.append(at)
        at += bar
    rows, last = [], 100.0
    for row, time in enumerate(times):
        opened = round(last + (steps[row, 0] / 5 if gaps else 0.0), 2)
        closed = round(opened + steps[row, 1], 2)
        high = round(max(opened, closed) + abs(steps[row, 2]) / 2, 2)
        low = round(min(opened, closed) - abs(steps[row, 3]) / 2, 2)
        rows.append((time, opened, high, low, closed, 1.0))
        last = closed
    return pl.DataFrame(rows, schema=list(CANDLES), orient="row").cast(pl.Schema(CANDLES))


@dataclasses.dataclass(kw_only=True)
class Rules:
    """How the strategy is traded, and what a fill costs."""

    fast: int = 9
    slow: int = 21
    clock: str = "next_open"
    late: int = 0  # bars that signals come late
    shorts: bool = True
    levels: tuple[float, float] | None = None  # stop and limit, as shares of the entry
    first: str = "stop"  # of the two where a bar reaches both
    on_close: bool = False  # levels are looked at when a bar closes, and left at the next open
    at_once: bool = False  # levels are in force on the bar of the entry
    ticks: float = 0.0  # that every market order fills worse
    bps: float = 0.0  # fees of the value, each way
    a_unit: float = 0.0  # fees of each unit, each way
    size: str = "units"  # units, money or equity
    units: float = 1.0
    cash: float = 10_000.0
    lists_fees: bool = True
    cents: bool = False  # money is printed to the cent


def trade(candles: pl.DataFrame, rules: Rules | None = None, **changed: Any) -> pl.DataFrame:
    """Trade bars by rules; gives LISTED_TRADES."""
    given = dataclasses.replace(rules or Rules(), **changed)
    rows = list(_Trader(candles, given).play())
    return pl.DataFrame(
        [{"trade_id": number} | row for number, row in enumerate(rows, start=1)],
        schema=LISTED_TRADES,
    )


def find_signals(candles: pl.DataFrame, rules: Rules) -> list[int]:
    """Give 1 where the fast average crosses over the slow one, -1 under it, else 0."""
    close = candles["close"].to_numpy()
    sums = np.concatenate(([0.0], np.cumsum(close)))
    averages = []
    for length in (rules.fast, rules.slow):
        mean = np.full(len(close), np.nan)
        mean[length - 1 :] = (sums[length:] - sums[:-length]) / length
        averages.append(mean)
    over = averages[0] > averages[1] + 1e-12
    known = ~np.isnan(averages[1])
    signals = np.zeros(len(close), np.int64)
    signals[1:] = np.where(over[1:] & ~over[:-1], 1, np.where(~over[1:] & over[:-1], -1, 0))
    signals[1:][~known[:-1]] = 0
    moved = np.roll(signals, rules.late)
    if rules.late:
        moved[: rules.late] = 0
    return [int(one) for one in moved]


class _Trader:
    def __init__(self, candles: pl.DataFrame, rules: Rules) -> None:
        self.rules = rules
        self.bars = candles.rows(named=True)
        self.signals = find_signals(candles, rules)
        self.held: dict[str, Any] | None = None
        self.equity = rules.cash
        self.done: list[dict[str, Any]] = []

    def play(self) -> Iterator[dict[str, Any]]:
        wanted = 0
        for row, bar in enumerate(self.bars):
            if wanted and self.rules.clock == "next_open":
                self.turn(row, bar["open"], wanted)
            self.reach_levels(row, bar)
            wanted = self.signals[row]
            if wanted and self.rules.clock == "close":
                self.turn(row, bar["close"], wanted)
                wanted = 0
            if not wanted and self.rules.on_close and self.is_beyond(bar["close"]):
                wanted = 9
        if self.held:
            self.done.append(self.list_trade(None, None, None))
        return iter(self.done)

    def turn(self, row: int, price: float, wanted: int) -> None:
        if self.held and self.held["sign"] != wanted:
            self.leave(row, price - self.held["sign"] * self.rules.ticks * 0.01, "turned")
        if not self.held and (wanted == 1 or (wanted == -1 and self.rules.shorts)):
            self.enter(row, round(price + wanted * self.rules.ticks * 0.01, 4), wanted)

    def enter(self, row: int, price: float, sign: int) -> None:
        units = self.rules.units
        if self.rules.size == "money":
            units = round(units * 1_000 / price, 4)
        if self.rules.size == "equity":
            units = round(units * self.equity / price, 4)
        self.held = {"row": row, "price": price, "sign": sign, "qty": units}

    def levels(self) -> tuple[float, float]:
        stop, limit = self.rules.levels or (0.0, 0.0)
        held = self.held or {}
        price, sign = held["price"], held["sign"]
        return round(price * (1 - sign * stop), 2), round(price * (1 + sign * limit), 2)

    def is_beyond(self, price: float) -> bool:
        if not self.held or not self.rules.levels:
            return False
        stop, limit = self.levels()
        sign = self.held["sign"]
        return bool(sign * (price - stop) <= 0 or sign * (price - limit) >= 0)

    def reach_levels(self, row: int, bar: dict[str, Any]) -> None:
        if not self.held or not self.rules.levels or self.rules.on_close:
            return
        if self.held["row"] == row and not self.rules.at_once:
            return
        sign = self.held["sign"]
        stop, limit = self.levels()
        worst, best = (bar["low"], bar["high"]) if sign > 0 else (bar["high"], bar["low"])
        hits = {"stop": sign * (worst - stop) <= 0, "limit": sign * (best - limit) >= 0}
        prices = {"stop": stop, "limit": limit}
        if self.held["row"] != row and self.is_beyond(bar["open"]):
            self.leave(row, bar["open"], "gap")
            return
        order = [self.rules.first, "limit" if self.rules.first == "stop" else "stop"]
        for name in order:
            if hits[name]:
                self.leave(row, prices[name], name)
                return

    def leave(self, row: int, price: float, reason: str) -> None:
        self.done.append(self.list_trade(row, round(price, 4), reason))
        self.equity += self.done[-1]["net_pnl"]
        self.held = None

    def list_trade(
        self, row: int | None, price: float | None, reason: str | None
    ) -> dict[str, Any]:
        held = self.held or {}
        value = held["price"] * held["qty"]
        fees = net = None
        if price is not None:
            fees = (value + price * held["qty"]) * self.rules.bps / 1e4
            fees += 2 * held["qty"] * self.rules.a_unit
            net = (price - held["price"]) * held["sign"] * held["qty"] - fees
            if self.rules.cents:
                fees, net = round(fees, 2), round(net, 2)
        return {
            "side": "LONG" if held["sign"] > 0 else "SHORT",
            "entry_ts": self.bars[held["row"]]["ts_open"],
            "entry_price": held["price"],
            "exit_ts": None if row is None else self.bars[row]["ts_open"],
            "exit_price": price,
            "qty": held["qty"],
            "fees": fees if self.rules.lists_fees else None,
            "net_pnl": net,
            "mfe": None,
            "mae": None,
            "entry_reason": "cross",
            "exit_reason": reason,
        }


def move(trades: pl.DataFrame, by: dt.timedelta) -> pl.DataFrame:
    """Move all times."""
    moved = trades.with_columns(pl.col("entry_ts", "exit_ts") + by)
    return moved.cast(pl.Schema(LISTED_TRADES))


def misread(trades: pl.DataFrame, zone: str, read_as: str = "UTC") -> pl.DataFrame:
    """Write times as clocks of a zone show them, and take them for those of another."""
    ZoneInfo(zone)
    clock = pl.col("entry_ts", "exit_ts").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    taken = clock.dt.replace_time_zone(read_as, ambiguous="earliest", non_existent="null")
    return trades.with_columns(taken.dt.convert_time_zone("UTC")).cast(pl.Schema(LISTED_TRADES))


def change(trades: pl.DataFrame, rows: list[int], **values: Any) -> pl.DataFrame:
    """Give some trades, by number, other values: literal ones, or an expression."""
    is_one = pl.col("trade_id").is_in(rows)
    return trades.with_columns(
        pl.when(is_one)
        .then(value if isinstance(value, pl.Expr) else pl.lit(value))
        .otherwise(pl.col(name))
        .alias(name)
        for name, value in values.items()
    ).cast(pl.Schema(LISTED_TRADES))


def drop(trades: pl.DataFrame, rows: list[int]) -> pl.DataFrame:
    """Leave some trades out, by number."""
    return trades.filter(~pl.col("trade_id").is_in(rows))


def split(
    trades: pl.DataFrame,
    number: int,
    candles: pl.DataFrame,
    *,
    reason: str,
    share: float = 0.4,
    whole: bool = False,
) -> pl.DataFrame:
    """End a part of a trade, or all of it, inside an earlier bar, as a broker or a target does."""
    row = trades.row(by_predicate=pl.col("trade_id") == number, named=True)
    held = candles.filter(pl.col("ts_open") > row["entry_ts"], pl.col("ts_open") < row["exit_ts"])
    bar = held.row(held.height // 2, named=True)
    price = (bar["low"] * 3 + bar["high"] * 2) / 5
    part = row | {"exit_ts": bar["ts_open"], "exit_price": price, "exit_reason": reason}
    rest = [] if whole else [row | {"qty": row["qty"] * (1 - share)}]
    part["qty"] = row["qty"] if whole else row["qty"] * share
    parts = pl.DataFrame([part, *rest], schema=LISTED_TRADES)
    return pl.concat([drop(trades, [number]), parts]).sort("entry_ts", "exit_ts", nulls_last=True)
