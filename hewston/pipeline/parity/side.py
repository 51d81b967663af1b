"""One side of a comparison: what Pine said, or what was computed here, in one shape."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.schemas import CANDLES, LISTED_TRADES, UTC_NS

MISSING_FROM = 1e100  # Pine writes a missing value as 1e+100
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """What one side says. None is that it says nothing of it; an empty frame, that there is none.

    Raises InputError where two bars have one time, or a trade ends before it begins.
    """

    name: str  # as pages call it
    candles: pl.DataFrame | None = None  # CANDLES
    series: pl.DataFrame | None = None  # ts_open, and a Float64 column a title; null is missing
    trades: pl.DataFrame | None = None  # LISTED_TRADES
    interval_ns: int | None = None  # of a bar; None is found from the bars
    decimals: Mapping[str, int] = _NOTHING  # printed, by column: titles, open … volume, price, …
    warmup: int | None = None  # bars that it says it needs; None where it does not say
    measured_warmup: Mapping[str, int | None] = _NOTHING  # by title, as a check found; None: never
    fill_clock: str | None = None  # close or next_open
    multiplier: float = 1.0  # money a unit and point of price
    dates_only: bool = False  # its trades' times are dates alone
    calendar: str | None = None  # of the exchange, where it is known
    tz: str | None = None  # likewise
    facts: Mapping[str, Any] = _NOTHING  # what else is certified: run, dataset, artifact, …

    def __post_init__(self) -> None:
        """Bring frames into one form: sorted, missing is null."""
        for what, given in (("candles", self.candles), ("series", self.series)):
            if given is not None:
                object.__setattr__(self, what, _take_bars(given, what, self.name))
        if self.trades is not None:
            object.__setattr__(self, "trades", _take_trades(self.trades, self.name))
        if self.interval_ns is None:
            object.__setattr__(self, "interval_ns", _find_interval(self.times))

    @property
    def times(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """When its bars begin, in nanoseconds, sorted: those of candles and of series."""
        found = [
            frame["ts_open"].to_physical().to_numpy()
            for frame in (self.candles, self.series)
            if frame is not None
        ]
        if not found:
            return np.zeros(0, dtype=np.int64)
        if len(found) == 1 or np.array_equal(found[0], found[1]):
            return found[0]
        return np.union1d(*found)

    @property
    def titles(self) -> list[str]:
        """The titles of its series, in their order."""
        return [] if self.series is None else self.series.columns[1:]


def list_trades(trades: pl.DataFrame, starts: pl.Series) -> pl.DataFrame:
    """Give TRADES_RT as LISTED_TRADES: placed at the starts of their bars."""
    is_open = trades["exit_ts"].is_null()
    return trades.with_columns(
        entry_ts=starts.gather(trades["entry_bar"]),
        exit_ts=starts.gather(trades["exit_bar"]).set(is_open, None),
        net_pnl=trades["net_pnl"].set(is_open, None),
        exit_price=trades["exit_price"].set(is_open, None),
    ).select(list(LISTED_TRADES))


def _take_bars(given: pl.DataFrame, what: str, name: str) -> pl.DataFrame:
    """Sort bars, refuse two at one time, and make every missing value null."""
    if what == "candles":
        given = given.select(list(CANDLES))
    values = [title for title in given.columns if title != "ts_open"]
    frame = given.select(
        pl.col("ts_open").cast(UTC_NS), *(pl.col(title).cast(pl.Float64) for title in values)
    )
    if not frame["ts_open"].is_sorted():
        frame = frame.sort("ts_open")
    twice = frame["ts_open"].diff().to_physical() == 0
    if twice.any():
        at: dt.datetime = frame["ts_open"].filter(twice.fill_null(value=False))[0]
        raise InputError(
            f"{name} has two rows for {at:%Y-%m-%d %H:%M:%S} UTC in its {what}: which of them "
            "counts is not known. Leave one out.",
            field=what,
        )
    held = pl.col(values)
    is_missing = held.is_nan() | (held.abs() >= MISSING_FROM)
    return frame.with_columns(pl.when(is_missing).then(None).otherwise(held).name.keep())


def _take_trades(given: pl.DataFrame, name: str) -> pl.DataFrame:
    missing = {column: pl.lit(None) for column in LISTED_TRADES if column not in given.columns}
    trades = (
        given.with_columns(**missing)
        .select(list(LISTED_TRADES))
        .cast(pl.Schema(LISTED_TRADES))
        .with_columns(pl.col("qty").fill_null(1.0))
    )
    backwards = trades.filter(pl.col("exit_ts") < pl.col("entry_ts"))
    if backwards.height:
        raise InputError(
            f"Trade {backwards['trade_id'][0]} of {name} ends before it begins.", field="trades"
        )
    return trades.sort("entry_ts", "trade_id")


def _find_interval(times: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int | None:
    """Give the most frequent step between bars; None where there are fewer than two."""
    if len(times) < 2:  # noqa: PLR2004 (a step needs two)
        return None
    steps, counts = np.unique(np.diff(times), return_counts=True)
    return int(steps[counts.argmax()])
