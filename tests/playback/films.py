"""Films of a few bars, and what their frames add up to."""

import datetime as dt

import numpy as np
import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.playback.film import Film, Happenings

OPEN = dt.datetime(2023, 3, 1, 14, 30, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
DAY = 390  # bars


def make_rows(schema, bars):
    """Rows of orders or fills, one for each of these bars."""
    ids = range(1, len(bars) + 1)
    values = {
        name: pl.Series([None] * len(bars), dtype=dtype) for name, dtype in schema.items()
    } | {
        "bar": pl.Series(bars, dtype=pl.UInt32),
        "ts": pl.Series([OPEN + bar * MINUTE for bar in bars], dtype=schemas.UTC_NS),
        "order_id": pl.Series(ids, dtype=pl.UInt32),
        "qty": pl.Series([float("nan")] * len(bars), dtype=pl.Float64),
    }
    if "fill_id" in schema:
        values["fill_id"] = values["order_id"]
    else:
        values["status"] = pl.Series(["FILLED"] * len(bars), dtype=schemas.ORDER_STATUS)
        values["known_at"] = pl.Series([bar + 1 for bar in bars], dtype=pl.UInt32)
    return pl.DataFrame(values)


def make_film(bars, *, orders=(), fills=()):
    """A film whose bar i closes at i + 0.5 with volume 1, in sessions of ``DAY`` bars."""
    steps = np.arange(bars, dtype=float)
    start = int(OPEN.timestamp()) * 10**9
    return Film(
        ts_open=start + np.arange(bars, dtype=np.int64) * 60 * 10**9,
        prices={
            "open": steps,
            "high": steps + 1,
            "low": steps - 1,
            "close": steps + 0.5,
            "volume": np.ones(bars),
        },
        account={"equity": 1000 + steps, "position": steps * 0, "cash": np.full(bars, np.nan)},
        orders=Happenings(make_rows(schemas.ORDERS, sorted(orders)), bars),
        fills=Happenings(make_rows(schemas.FILLS, sorted(fills)), bars),
        sessions=np.arange(0, bars, DAY),
        calendar="XNYS",
        tz="America/New_York",
        trades=len(fills) // 2,
    )


def frames_of(messages):
    return [message for message in messages if message["t"] == "frame"]


def happened(messages):
    """Ids of all orders and of all fills, in the order in which they were sent."""
    frames = frames_of(messages)
    orders = [order["order_id"] for frame in frames for order in frame["orders"]]
    return orders, [fill["fill_id"] for frame in frames for fill in frame["fills"]]
