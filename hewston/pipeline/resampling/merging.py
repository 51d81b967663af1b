"""The columns of longer bars."""

import numpy as np
import polars as pl

from hewston.pipeline.intervals import is_daily
from hewston.pipeline.resampling.buckets import Buckets, check_interval, find_buckets
from hewston.pipeline.resampling.sums import Floats, Rows, sum_runs
from hewston.pipeline.schemas import BARS, SESSION, UTC_NS

_REGULAR = pl.Series(["regular"], dtype=SESSION)
_MEANS = ("bid_mean", "ask_mean", "spread_mean")
_FIRST, _LAST = ("bid_open", "ask_open"), ("bid_close", "ask_close")


def resample(
    bars: pl.DataFrame,
    interval: str,
    *,
    schedule: pl.DataFrame,
    calendar: str,
    tz: str | None = None,
    stored: str = "1m",
) -> pl.DataFrame:
    """Merge bars (schema ``BARS``, sorted) of the length ``stored`` into bars of ``interval``.

    ``schedule`` lists the sessions (``SCHEDULE``) of ``calendar`` that the bars are in; ``tz`` is
    the zone of their dates where it is not the calendar's, as in ``exchange_date``.

    Below a day, sessions are never mixed. Intervals count from the start of their part of a
    session (pre_open, open, the end of a break, close, post_close; in closed time the start of the
    exchange date when that is later), and the last one of a part ends with it. ``ts_open`` is the
    start of the interval, whether or not something traded then.

    From a day on, one bar holds all the given bars of an exchange date, of a week of them from
    Monday to Sunday, or of a month, and its session is regular: leave out first what it should
    not hold. It starts where the part of a session starts that its first bar is in (``open``
    when only regular bars are given); of bars that are days already, with the first of them.

    As with one-minute bars there is no record for an interval without one.

    - open and close are the first and the last, high and low the extremes.
    - volume, trade_count, buy_volume and sell_volume are sums; unknown (null) when a part is.
    - vwap is the sum of vwap x volume over the sum of volume; null when a part is unknown.
    - bid_mean, ask_mean and spread_mean weigh each bar's mean by its trade_count: there is one
      quote a trade, so this is the mean over all quotes, except that a bar with some quotes
      left out as crossed or one-sided keeps its full weight. Bars without a quote count not.
    - the quotes at open and close are the first and the last known ones.

    Float sums are rounded once, so no result depends on their order.

    Raises InputError for an interval that these bars cannot be merged to, and when ``schedule``
    gives other sessions than the bars have, for instance because it does not reach over all of
    them.
    """
    bars = bars.match_to_schema(pl.Schema(BARS))
    check_interval(interval, stored)
    if interval == stored or bars.is_empty():
        return bars
    buckets = find_buckets(
        bars.rechunk(), interval, stored=stored, schedule=schedule, calendar=calendar, tz=tz
    )
    return _merge(bars, buckets, daily=is_daily(interval)).match_to_schema(pl.Schema(BARS))


def merge_at(bars: pl.DataFrame, starts: pl.Series) -> pl.DataFrame:
    """Merge bars (schema ``BARS``, sorted) that follow each other and have the same start.

    ``starts`` gives each bar the UTC time at which its longer one begins, whatever the sessions;
    a longer bar has the session of its parts, or null where they have several. Columns that are
    not given are null. All else is merged as ``resample`` says.
    """
    bars = bars.match_to_schema(pl.Schema(BARS), missing_columns="insert")
    if bars.is_empty():
        return bars
    ns = starts.to_physical().to_numpy()
    rows = np.flatnonzero(np.append(True, ns[1:] != ns[:-1]))
    merged = _merge(bars.rechunk(), Buckets(starts=ns[rows], rows=rows), daily=False)
    sessions = bars["session"].to_physical().to_numpy()
    is_one = np.maximum.reduceat(sessions, rows) == np.minimum.reduceat(sessions, rows)
    return merged.with_columns(pl.when(pl.Series(is_one)).then("session"))


def _merge(bars: pl.DataFrame, buckets: Buckets, *, daily: bool) -> pl.DataFrame:
    rows = buckets.rows
    last = np.append(rows[1:], bars.height) - 1
    merged = {
        "high": np.maximum.reduceat(bars["high"].to_numpy(), rows),
        "low": np.minimum.reduceat(bars["low"].to_numpy(), rows),
        **_merge_trades(bars, rows),
        **_merge_means(bars, rows),
        **{name: _find_first(bars, name, rows, last) for name in _FIRST},
        **{name: _find_last(bars, name, rows, last) for name in _LAST},
    }
    columns = {
        "ts_open": pl.Series(buckets.starts).cast(UTC_NS),
        "open": bars["open"].gather(rows),
        "close": bars["close"].gather(last),
        "session": _REGULAR.new_from_index(0, len(rows)) if daily else bars["session"].gather(rows),
        **{name: _series(values, len(rows)) for name, values in merged.items()},
    }
    return pl.DataFrame({name: columns[name].cast(kind) for name, kind in BARS.items()})


def _merge_trades(bars: pl.DataFrame, rows: Rows) -> dict[str, Floats | None]:
    """Merge what was traded; what did not trade has no price or side to be unknown."""
    volume, vwap = _read(bars, "volume"), _read(bars, "vwap")
    merged = {name: _sum(_read(bars, name), rows) for name in ("volume", "trade_count")}
    traded = np.ones(bars.height, bool) if volume is None else volume != 0
    for name in ("buy_volume", "sell_volume"):
        side = _read(bars, name)
        merged[name] = None if side is None else sum_runs(np.where(traded, side, 0.0), rows)
    if volume is None or vwap is None:
        return {**merged, "vwap": None}
    money = sum_runs(np.where(traded, vwap * volume, 0.0), rows)
    mean = _divide(money, merged["volume"])
    return {**merged, "vwap": _clip(mean, np.where(traded, vwap, np.nan), rows)}


def _merge_means(bars: pl.DataFrame, rows: Rows) -> dict[str, Floats | None]:
    """Merge the means of quotes."""
    means = {name: _read(bars, name) for name in _MEANS}
    bid, count = means["bid_mean"], _read(bars, "trade_count")
    if bid is None or count is None:
        return dict.fromkeys(_MEANS)
    is_quoted = ~np.isnan(bid)
    weights = sum_runs(np.where(is_quoted, count, 0.0), rows)
    return {
        name: None
        if mean is None
        else _clip(
            _divide(sum_runs(np.where(is_quoted, mean * count, 0.0), rows), weights), mean, rows
        )
        for name, mean in means.items()
    }


def _read(bars: pl.DataFrame, name: str) -> Floats | None:
    """Read a column with NaN for null; None when it is unknown in every bar."""
    column = bars[name]
    if column.null_count() == len(column):
        return None
    return column.cast(pl.Float64).to_numpy()


def _series(values: Floats | None, length: int) -> pl.Series:
    if values is None:
        return pl.repeat(None, length, dtype=pl.Float64, eager=True)
    return pl.Series(values, nan_to_null=True)


def _sum(values: Floats | None, rows: Rows) -> Floats | None:
    return None if values is None else sum_runs(values, rows)


def _divide(total: Floats, weight: Floats | None) -> Floats:
    """Divide; NaN where a part is unknown or the weight is 0."""
    nothing = np.full(len(total), np.nan)
    return nothing if weight is None else np.divide(total, weight, out=nothing, where=weight != 0)


def _clip(mean: Floats, values: Floats, rows: Rows) -> Floats:
    """Keep a mean among the values averaged: rounding must not lead out, one alone stays as it is.

    NaN stays NaN, and no value that is NaN counts.
    """
    least, most = np.fmin.reduceat(values, rows), np.fmax.reduceat(values, rows)
    return np.minimum(np.maximum(mean, least), most)


def _find_first(bars: pl.DataFrame, name: str, rows: Rows, last: Rows) -> Floats | None:
    """Find the first known value of each longer bar, whose bars are ``rows`` to ``last``."""
    values = _read(bars, name)
    if values is None:
        return None
    known = np.flatnonzero(~np.isnan(values))
    found = known[np.minimum(np.searchsorted(known, rows), len(known) - 1)]
    return np.where((rows <= found) & (found <= last), values[found], np.nan)


def _find_last(bars: pl.DataFrame, name: str, rows: Rows, last: Rows) -> Floats | None:
    """Find the last known value of each longer bar."""
    values = _read(bars, name)
    if values is None:
        return None
    known = np.flatnonzero(~np.isnan(values))
    found = known[np.maximum(np.searchsorted(known, last, side="right") - 1, 0)]
    return np.where((rows <= found) & (found <= last), values[found], np.nan)
