"""A run's trades chosen, and grouped by what they have in common."""

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from hewston.pipeline.calendar import exchange_date, label
from hewston.pipeline.schemas import SESSION, SESSIONS, TRADES_RT, UTC_NS, Schema

LEAST_TRADES = 10  # closed trades of a group, below which its averages say nothing
SIDES = ("LONG", "SHORT")
RESULTS = ("win", "loss", "flat")
STATES = ("closed", "open")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Where each trade is, by the bar of its entry.
PLACES: Schema = {
    "entry_open": UTC_NS,  # ts_open of the bar in which it was entered
    "exit_open": UTC_NS,  # likewise of its exit; null while it is open
    "session": SESSION,
    "date": pl.Date,  # exchange date
    "weekday": pl.Int8,  # of that date, 1 is Monday
    "hour": pl.Int8,  # of the exchange's clock, 0 to 23
}
PLACED_TRADES: Schema = {**TRADES_RT, **PLACES}

_GROUPS: Schema = {
    "key": pl.String,
    "label": pl.String,
    "trades": pl.UInt32,
    "net_pnl": pl.Float64,
    "average": pl.Float64,
    "hit_rate": pl.Float64,
    "profit_factor": pl.Float64,
    "absent": pl.String,
}
GROUPS = {
    "exit_reason": "exit reason",
    "entry_reason": "entry reason",
    "side": "side",
    "session": "session of entry",
    "weekday": "weekday of entry",
    "hour": "hour of entry",
}


def place_trades(
    trades: pl.DataFrame, starts: pl.Series, schedule: pl.DataFrame, *, calendar: str, tz: str
) -> pl.DataFrame:
    """Place TRADES_RT by the bars of their entries: PLACES, a row a trade.

    ``starts`` is the ts_open of each of the run's bars; ``schedule`` (SCHEDULE) lists the
    dataset's sessions.
    """
    opened = starts.gather(trades["entry_bar"])
    date = exchange_date(opened, calendar, tz)
    return pl.DataFrame(
        {
            "entry_open": opened,
            "exit_open": starts.gather(trades["exit_bar"]),
            "session": label(opened, schedule),
            "date": date,
            "weekday": date.dt.weekday(),
            "hour": opened.dt.convert_time_zone(tz).dt.hour(),
        },
        schema=PLACES,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeSelection:
    """Which trades are wanted; what is None is not asked for.

    ``side`` is of SIDES, ``state`` of STATES, ``session`` of SESSIONS. ``result`` is of RESULTS
    and of closed trades only; 0 is flat. ``reason`` is that of the entry or of the exit; an empty
    one asks for trades without any. ``first`` and ``last`` are exchange dates of the entry, both
    inclusive; ``weekday`` (1 is Monday) and ``hour`` are of the entry too.
    """

    side: str | None = None
    result: str | None = None
    state: str | None = None
    reason: str | None = None
    session: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    weekday: int | None = None
    hour: int | None = None

    def apply(self, trades: pl.DataFrame) -> pl.DataFrame:
        """Choose among PLACED_TRADES; the order stays."""
        closed, net = pl.col("exit_ts").is_not_null(), pl.col("net_pnl")
        results = {"win": net > 0, "loss": net < 0, "flat": net == 0}
        conditions = [
            *([closed & results[self.result]] if self.result else []),
            *([closed if self.state == "closed" else ~closed] if self.state else []),
            *([_has_reason(self.reason)] if self.reason is not None else []),
            *([pl.col("date") >= self.first] if self.first else []),
            *([pl.col("date") <= self.last] if self.last else []),
            *(
                pl.col(name) == wanted
                for name in ("side", "session", "weekday", "hour")
                if (wanted := getattr(self, name)) is not None
            ),
        ]
        return trades.filter(*conditions) if conditions else trades


def _has_reason(reason: str) -> pl.Expr:
    entry, leave = pl.col("entry_reason"), pl.col("exit_reason")
    if reason:
        return (entry == reason).fill_null(value=False) | (leave == reason).fill_null(value=False)
    return entry.is_null() & leave.is_null()


def sort_trades(trades: pl.DataFrame, order: str) -> pl.DataFrame:
    """Sort by a column, falling with a minus before it; what is null comes last."""
    falls = [order.startswith("-"), False]
    return trades.sort(order.removeprefix("-"), "trade_id", descending=falls, nulls_last=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeGroup:
    """Closed trades that share a value; money in the instrument's currency.

    ``key`` is the value as TradeSelection takes it, ``label`` as people say it. ``average`` is
    net P&L a trade, ``hit_rate`` the share with net P&L > 0, ``profit_factor`` what was won over
    what was lost. ``absent`` says why those that are None have no value.
    """

    key: str | int
    label: str
    trades: int
    net_pnl: float
    average: float | None
    hit_rate: float | None
    profit_factor: float | None
    absent: str


def group_trades(trades: pl.DataFrame, by: str) -> list[TradeGroup]:
    """Group the closed ones of PLACED_TRADES by a name of GROUPS.

    Sides, sessions, weekdays and hours are in their own order; reasons by how many trades they
    have. Under LEAST_TRADES a group has no averages.
    """
    closed = trades.filter(pl.col("exit_ts").is_not_null())
    rows = closed.group_by(by, maintain_order=True).agg("net_pnl").rows()
    found = [_describe(key, values, by) for key, values in rows]
    return sorted(found, key=_ORDERS.get(by, _by_count))


def frame_groups(groups: Sequence[TradeGroup]) -> pl.DataFrame:
    """Give groups as rows of the fields of TradeGroup, keys as texts."""
    rows = [{**dataclasses.asdict(group), "key": str(group.key)} for group in groups]
    return pl.DataFrame(rows, schema=_GROUPS)


def total(values: pl.Series) -> float:
    """Add up exactly, so that the order changes nothing."""
    return math.fsum(values.drop_nulls())


def _describe(key: str | int | None, values: Sequence[float], by: str) -> TradeGroup:
    count, net = len(values), math.fsum(values)
    lost = -math.fsum(value for value in values if value < 0)
    is_enough = count >= LEAST_TRADES
    absent = "" if is_enough and lost else "no losing trade"
    if not is_enough:
        absent = f"too few: needs {LEAST_TRADES} closed trades, has {count}"
    return TradeGroup(
        key="" if key is None else key,
        label=_name(key, by),
        trades=count,
        net_pnl=net,
        average=net / count if is_enough else None,
        hit_rate=sum(value > 0 for value in values) / count if is_enough else None,
        profit_factor=(net + lost) / lost if is_enough and lost else None,
        absent=absent,
    )


def _name(key: str | int | None, by: str) -> str:
    if key is None:
        return "none given"
    if by == "weekday":
        return WEEKDAYS[int(key) - 1]
    if by == "hour":
        return f"{int(key):02}:00 to {int(key):02}:59"
    return str(key).capitalize() if by in {"side", "session"} else str(key)


def _by_count(group: TradeGroup) -> tuple[int, str]:
    return -group.trades, str(group.key)


def _in_order(names: Iterable[str]) -> Callable[[TradeGroup], tuple[int, str]]:
    places = {name: place for place, name in enumerate(names)}
    return lambda group: (places[str(group.key)], "")


_ORDERS: dict[str, Callable[[TradeGroup], tuple[int, str]]] = {
    "side": _in_order(SIDES),
    "session": _in_order(SESSIONS),
    "weekday": lambda group: (int(group.key), ""),
    "hour": lambda group: (int(group.key), ""),
}
