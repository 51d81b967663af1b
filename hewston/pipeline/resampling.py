"""Longer bars from one-minute bars, without mixing sessions."""

import datetime as dt
import itertools
import math

import polars as pl

from hewston.pipeline import calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.schemas import BARS, UTC_NS

_EDGES = ("pre_open", "open", "close", "post_close")


def resample(
    bars: pl.DataFrame,
    interval: str,
    *,
    schedule: pl.DataFrame,
    tz: str = "America/New_York",
) -> pl.DataFrame:
    """Merge one-minute bars (schema ``BARS``, sorted) into bars of ``interval``; "1m" is a copy.

    Intervals count from the start of their session (pre_open, open, close or post_close of
    ``schedule``), and the last one of a session ends with it. "1d" is one bar for each session
    of an exchange date; ``tz`` is the zone of that date and matters to closed time alone.
    ``ts_open`` is the start of the interval, whether or not something traded in that minute.
    As with one-minute bars there is no record for an interval without one.

    - open and close are the first and the last, high and low the extremes.
    - volume, trade_count, buy_volume and sell_volume are sums; unknown (null) when a part is.
    - vwap is the sum of vwap x volume over the sum of volume; null when a part is unknown.
    - bid_mean, ask_mean and spread_mean weigh each bar's mean by its trade_count: there is one
      quote a trade, so this is the mean over all quotes, except that a bar with some quotes
      left out as crossed or one-sided keeps its full weight. Bars without a quote count not.
    - the quotes at open and close are the first and the last known ones.

    Float sums are rounded once, so no result depends on their order.

    Raises InputError for an unknown interval, and when ``schedule`` gives other sessions than
    the bars have, for instance because it does not reach over all of them.
    """
    bars = bars.match_to_schema(pl.Schema(BARS))
    if interval not in INTERVALS:
        raise InputError(
            f"There is no interval {interval!r}. Use one of {', '.join(INTERVALS)}.",
            field="interval",
            allowed=list(INTERVALS),
        )
    if interval == "1m" or bars.is_empty():
        return bars
    _check_sessions(bars, schedule)
    start = _starts(bars, interval, schedule, tz)
    return _merge(bars.with_columns(start=start)).match_to_schema(pl.Schema(BARS))


def _check_sessions(bars: pl.DataFrame, schedule: pl.DataFrame) -> None:
    other = bars.filter(calendar.label(bars["ts_open"], schedule) != bars["session"])
    if other.height:
        raise InputError(
            f"The bar at {other['ts_open'][0]} is marked {other['session'][0]}, but the calendar "
            "says otherwise. Give the calendar of these bars, for all of their dates.",
            field="calendar",
        )


def _starts(bars: pl.DataFrame, interval: str, schedule: pl.DataFrame, tz: str) -> pl.Series:
    """Give the start of the interval that each bar belongs to."""
    ts = bars["ts_open"]
    midnight = ts.dt.convert_time_zone(tz).dt.truncate("1d").dt.convert_time_zone("UTC")
    edges = schedule.select(pl.concat_list(_EDGES).explode(empty_as_null=True)).to_series()
    passed = edges.search_sorted(ts, side="right").cast(pl.Int64)
    # The session's start; before the first session there is none, so the date's start.
    anchors = pl.concat([pl.Series([None], dtype=UTC_NS), edges]).gather(passed)
    frame = bars.select("ts_open", "session", anchor=anchors.fill_null(midnight), midnight=midnight)
    if interval == "1d":
        closed_start = pl.max_horizontal("anchor", "midnight")  # closed time may span dates
        start = pl.when(pl.col("session") == "closed").then(closed_start).otherwise("anchor")
    else:
        since = (pl.col("ts_open") - pl.col("anchor")).cast(pl.Int64)
        length = INTERVALS[interval] // dt.timedelta(microseconds=1) * 1000
        start = pl.col("anchor") + (since // length * length).cast(pl.Duration("ns"))
    return frame.select(start.alias("start")).to_series()


def _merge(bars: pl.DataFrame) -> pl.DataFrame:
    """Merge neighbouring bars with the same ``start``."""
    traded = pl.col("volume") != 0  # what did not trade has no price or side to be unknown
    quoted = pl.col("bid_mean").is_not_null()
    weight = pl.col("trade_count").cast(pl.Float64)
    parts = bars.with_columns(
        number=pl.col("start").rle_id(),
        money=pl.when(traded).then(pl.col("vwap") * pl.col("volume")).otherwise(0.0),
        buy=pl.when(traded).then("buy_volume").otherwise(0.0),
        sell=pl.when(traded).then("sell_volume").otherwise(0.0),
        quotes=pl.when(quoted).then(weight).otherwise(0.0),
        **{
            f"{name}_total": pl.when(quoted).then(pl.col(f"{name}_mean") * weight).otherwise(0.0)
            for name in ("bid", "ask", "spread")
        },
    )
    merged = parts.group_by("number", maintain_order=True).agg(
        pl.len().alias("parts"),
        pl.col("start", "open", "session").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.when(pl.col("trade_count").null_count() == 0)
        .then(pl.col("trade_count").cast(pl.UInt64).sum())
        .cast(pl.UInt32)
        .alias("trade_count"),
        pl.col("bid_open", "ask_open").drop_nulls().first(),
        pl.col("bid_close", "ask_close").drop_nulls().last(),
        pl.col("vwap").filter(traded).min().alias("vwap_least"),
        pl.col("vwap").filter(traded).max().alias("vwap_most"),
        pl.col("bid_mean", "ask_mean", "spread_mean").min().name.suffix("_least"),
        pl.col("bid_mean", "ask_mean", "spread_mean").max().name.suffix("_most"),
    )
    sizes = merged["parts"].to_list()
    sums = {
        name: _sums(parts[name], sizes)
        for name in (
            *("volume", "money", "buy", "sell", "quotes"),
            *("bid_total", "ask_total", "spread_total"),
        )
    }
    means = {"vwap": _ratio(sums["money"], sums["volume"])} | {
        f"{name}_mean": _ratio(sums[f"{name}_total"], sums["quotes"])
        for name in ("bid", "ask", "spread")
    }
    return merged.with_columns(
        **{name: sums[name] for name in ("volume", "buy", "sell")}, **means
    ).select(
        pl.col("start").alias("ts_open"),
        *("open", "high", "low", "close", "volume", "trade_count"),
        # Rounding must not lead out of the values averaged: one alone stays as it is.
        *(pl.col(name).clip(f"{name}_least", f"{name}_most") for name in means),
        pl.col("buy").alias("buy_volume"),
        pl.col("sell").alias("sell_volume"),
        *("bid_open", "ask_open", "bid_close", "ask_close", "session"),
    )


def _ratio(total: pl.Series, weight: pl.Series) -> pl.Series:
    """Divide; null where a part is unknown or the weight is 0.

    In Python, because polars multiplies by the reciprocal when one side has a single value.
    """
    pairs = zip(total.to_list(), weight.to_list(), strict=True)
    return pl.Series([a / b if a is not None and b else None for a, b in pairs], dtype=pl.Float64)


def _sums(values: pl.Series, sizes: list[int]) -> pl.Series:
    """Sum each run of ``sizes`` values, rounded once; null where one of them is null."""
    if values.null_count() == len(values):
        return pl.repeat(None, len(sizes), dtype=pl.Float64, eager=True)
    left = iter(values.to_list())
    groups = (list(itertools.islice(left, size)) for size in sizes)
    totals = [None if None in group else math.fsum(group) for group in groups]
    return pl.Series(totals, dtype=pl.Float64)
