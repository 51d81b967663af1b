"""Trades and quotes to one-minute bars, exact until the last division.

The rules are those of Databento's own ohlcv-1m: a record belongs to the minute of its
``ts_recv``; open, high, low and close are the first, highest, lowest and last print in file
order; a minute without a print has no bar.

A print is a record with action trade, a price and a size above 0. A TBBO record that is no
print gives no quote either: quotes are those "just before each trade". Crossed and one-sided
quotes are left out, locked ones stay.

Prices are integers of 1e-9 and sums of price times size are 128 bits wide, so that neither the
size of the chunks nor the order of summation can show in a bar.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.schemas import BARS, SESSION, UTC_NS, Schema
from hewston.pipeline.sources.dbn.records import PRICE_SCALE, UNDEF_PRICE, Rows

NS_PER_MINUTE = 60 * PRICE_SCALE
MINUTES_PER_DAY = 1440
BARS_ROW_GROUP = 131_072  # rows; the file's bytes depend on it
TRADE, BUY, SELL = ord("T"), ord("B"), ord("A")

_KEYS: Schema = {
    "instrument_id": pl.UInt32,
    "minute": pl.Int64,  # counted from 1970-01-01 UTC
}
PRINTS: Schema = _KEYS | {
    "open": pl.Int64,  # 1e-9, as all prices and sums here
    "high": pl.Int64,
    "low": pl.Int64,
    "close": pl.Int64,
    "volume": pl.Int64,
    "trade_count": pl.Int64,
    "notional": pl.Int128,  # sum of price * size
    "buy_volume": pl.Int64,
    "sell_volume": pl.Int64,
}
QUOTES: Schema = _KEYS | {
    "quote_count": pl.Int64,
    "bid_sum": pl.Int128,
    "ask_sum": pl.Int128,
    "bid_open": pl.Int64,
    "ask_open": pl.Int64,
    "bid_close": pl.Int64,
    "ask_close": pl.Int64,
}

_LABELS = ("instrument_id", "symbol", "day")
_FIRST, _LAST = ("open", "bid_open", "ask_open"), ("close", "bid_close", "ask_close")
_EXACT_AS_FLOAT = 2**53
_SAFE_PRODUCT = float(2**62)  # well inside Int64, so that a rounded bound still is one
_LOW_BITS = 20

Ints = npt.NDArray[np.int64]


def by_instrument(rows: Rows) -> Rows:
    """Put a chunk's rows together by instrument, each instrument's in file order."""
    ids = rows["instrument_id"]
    if len(rows) == 0 or (ids == ids[0]).all():
        return rows
    return rows[np.argsort(ids, kind="stable")]


def select(rows: Rows, wanted: npt.NDArray[np.bool_]) -> Rows:
    """Keep the rows that are wanted, without a copy when all are."""
    return rows if wanted.all() else rows[wanted]


def is_print(rows: Rows) -> npt.NDArray[np.bool_]:
    """Tell which records are prints: a trade with a price and a size above 0."""
    defined = rows["price"] != UNDEF_PRICE
    printed: npt.NDArray[np.bool_] = (rows["action"] == TRADE) & defined & (rows["size"] > 0)
    return printed


def is_two_sided(rows: Rows) -> npt.NDArray[np.bool_]:
    """Tell which TBBO records have both a bid and an ask."""
    both: npt.NDArray[np.bool_] = (rows["bid_px"] != UNDEF_PRICE) & (rows["ask_px"] != UNDEF_PRICE)
    return both


def aggregate_prints(rows: Rows) -> pl.DataFrame:
    """Aggregate rows that all are prints, put together by instrument, into columns of PRINTS.

    A minute may come in several rows, in file order; ``merge`` makes them one.
    """
    if len(rows) == 0:
        return pl.DataFrame(schema=PRINTS)
    starts, keys = _minutes(rows)
    ends = np.append(starts[1:], len(rows))
    price = np.ascontiguousarray(rows["price"])
    size = rows["size"].astype(np.int64)
    side = rows["side"]
    high, low = np.maximum.reduceat(price, starts), np.minimum.reduceat(price, starts)
    volume = np.add.reduceat(size, starts)
    farthest = np.maximum(np.abs(low.astype(np.float64)), np.abs(high.astype(np.float64)))
    return pl.DataFrame(
        keys
        | {
            "open": price[starts],
            "high": high,
            "low": low,
            "close": price[ends - 1],
            "volume": volume,
            "trade_count": ends - starts,
            "notional": _notional(price, size, starts, ends, bound=farthest * volume),
            "buy_volume": np.add.reduceat(np.where(side == BUY, size, 0), starts),
            "sell_volume": np.add.reduceat(np.where(side == SELL, size, 0), starts),
        },
        schema=PRINTS,
    )


def aggregate_quotes(rows: Rows) -> pl.DataFrame:
    """Aggregate the valid quotes of TBBO rows that all are prints into columns of QUOTES."""
    rows = select(rows, is_two_sided(rows) & (rows["bid_px"] <= rows["ask_px"]))
    if len(rows) == 0:
        return pl.DataFrame(schema=QUOTES)
    starts, keys = _minutes(rows)
    ends = np.append(starts[1:], len(rows))
    bid, ask = np.ascontiguousarray(rows["bid_px"]), np.ascontiguousarray(rows["ask_px"])
    return pl.DataFrame(
        keys
        | {
            "quote_count": ends - starts,
            "bid_sum": _exact_sums(bid, starts),
            "ask_sum": _exact_sums(ask, starts),
            "bid_open": bid[starts],
            "ask_open": ask[starts],
            "bid_close": bid[ends - 1],
            "ask_close": ask[ends - 1],
        },
        schema=QUOTES,
    )


def merge(parts: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """Make one row for each key out of parts of PRINTS or QUOTES, given in file order."""
    together = pl.concat(parts, rechunk=True)
    values = [name for name in together.columns if name not in keys]
    return together.group_by(*keys, maintain_order=True).agg(_merged(name) for name in values)


def to_bars(
    prints: pl.DataFrame, quotes: pl.DataFrame, *, calendar: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Finish one symbol's bars; both frames are merged, with one row a minute.

    Returns the bars in the schema BARS and the sessions from the first to the last exchange
    date of the bars. ``quotes`` may be empty: then all quote columns are null.
    """
    minutes = prints.join(quotes, on="minute", how="left", maintain_order="left").sort("minute")
    ts_open = (minutes["minute"] * NS_PER_MINUTE).cast(UTC_NS).alias("ts_open")
    dates = exchange_calendar.exchange_date(ts_open, calendar)
    sessions = exchange_calendar.schedule(calendar, dates[0], dates[-1])
    counts = minutes["quote_count"].to_list()
    bid_sum, ask_sum = minutes["bid_sum"].to_list(), minutes["ask_sum"].to_list()
    spread_sum = [
        None if ask is None else ask - bid for bid, ask in zip(bid_sum, ask_sum, strict=True)
    ]
    columns = {
        name: to_price(minutes[name])
        for name, dtype in (PRINTS | QUOTES).items()
        if dtype == pl.Int64 and name in _FIRST + _LAST + ("high", "low")
    }
    columns |= {
        name: minutes[name].cast(pl.Float64) for name in ("volume", "buy_volume", "sell_volume")
    }
    columns |= {
        "ts_open": ts_open,
        "trade_count": minutes["trade_count"].cast(pl.UInt32),
        "vwap": _ratios("vwap", minutes["notional"].to_list(), minutes["volume"].to_list()),
        "bid_mean": _ratios("bid_mean", bid_sum, counts),
        "ask_mean": _ratios("ask_mean", ask_sum, counts),
        "spread_mean": _ratios("spread_mean", spread_sum, counts),
        "session": exchange_calendar.label(ts_open, sessions).cast(SESSION),
    }
    bars = pl.DataFrame({name: columns[name] for name in BARS}).match_to_schema(pl.Schema(BARS))
    return bars, sessions


def write_bars(bars: pl.DataFrame, path: Path) -> None:
    """Write bars to parquet so that equal bars are equal bytes."""
    bars.rechunk().write_parquet(path, compression="zstd", row_group_size=BARS_ROW_GROUP)


def _minutes(rows: Rows) -> tuple[npt.NDArray[np.intp], dict[str, npt.NDArray[np.generic]]]:
    """Find where a new minute or instrument starts, and its keys."""
    minute = (rows["ts_recv"] // np.uint64(NS_PER_MINUTE)).astype(np.int64)
    ids = rows["instrument_id"]
    changes = (minute[1:] != minute[:-1]) | (ids[1:] != ids[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    return starts, {"instrument_id": ids[starts], "minute": minute[starts]}


def _notional(
    price: Ints,
    size: Ints,
    starts: npt.NDArray[np.intp],
    ends: npt.NDArray[np.intp],
    *,
    bound: npt.NDArray[np.float64],
) -> pl.Series:
    """Sum price times size exactly; ``bound`` is what no partial sum of a group exceeds."""
    sums = np.add.reduceat(price * size, starts)
    unsafe = np.flatnonzero(bound >= _SAFE_PRODUCT)
    exact = pl.Series("notional", sums).cast(pl.Int128)
    if len(unsafe) == 0:
        return exact
    values = [
        sum(
            p * s
            for p, s in zip(
                price[starts[i] : ends[i]].tolist(), size[starts[i] : ends[i]].tolist(), strict=True
            )
        )
        for i in unsafe.tolist()
    ]
    return exact.scatter(unsafe, pl.Series(values, dtype=pl.Int128))


def _exact_sums(price: Ints, starts: npt.NDArray[np.intp]) -> pl.Series:
    """Sum prices exactly: high and low bits apart, as Int64 holds either sum of a chunk."""
    high = pl.lit(pl.Series(np.add.reduceat(price >> _LOW_BITS, starts)))
    low = pl.lit(pl.Series(np.add.reduceat(price & ((1 << _LOW_BITS) - 1), starts)))
    unit = pl.lit(1 << _LOW_BITS, pl.Int128)
    return pl.select(high.cast(pl.Int128) * unit + low.cast(pl.Int128)).to_series()


def _merged(name: str) -> pl.Expr:
    column = pl.col(name)
    if name in _FIRST + _LABELS:
        return column.first()
    if name in _LAST:
        return column.last()
    if name == "high":
        return column.max()
    if name == "low":
        return column.min()
    return column.sum()


def to_price(column: pl.Series) -> pl.Series:
    """Turn integers of 1e-9 into the nearest float; nulls stay null."""
    if (column.abs() < _EXACT_AS_FLOAT).all():
        # Not polars: it multiplies by the reciprocal, which is off in the last bit.
        prices = column.cast(pl.Float64).to_numpy() / PRICE_SCALE
        return pl.Series(column.name, prices, nan_to_null=True)
    return _ratios(column.name, column.to_list(), [1] * len(column))


def _ratios(name: str, sums: Iterable[int | None], counts: Iterable[int | None]) -> pl.Series:
    """Divide sums of 1e-9 by counts; Python rounds the quotient of two integers correctly."""
    values = [
        None if total is None or not count else total / (count * PRICE_SCALE)
        for total, count in zip(sums, counts, strict=True)
    ]
    return pl.Series(name, values, pl.Float64)
