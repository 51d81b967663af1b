"""A run by exchange date: what a plot of years needs of its bars."""

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.calendar import dates_of_bars, exchange_date
from hewston.pipeline.schemas import UTC_NS, Schema

type Floats = npt.NDArray[np.float64]

DAYS: Schema = {
    "date": pl.Date,  # exchange date
    "ts_open": UTC_NS,  # of the date's last bar
    "equity": pl.Float64,  # at that bar's close
    "return": pl.Float64,  # over the equity of the date before; null where that is 0 or below
    "benchmark": pl.Float64,  # the starting cash in the instrument since the first close
    "drawdown": pl.Float64,  # the deepest of the date's bars
    "long": pl.Float64,  # mean exposure over the date's bars, those not long as 0
    "short": pl.Float64,  # likewise, >= 0
}


def summarise_days(
    equity: pl.DataFrame, *, starting_cash: float, calendar: str, tz: str
) -> pl.DataFrame:
    """Give EQUITY by exchange date (of ``ts_open`` in ``calendar`` and ``tz``): DAYS.

    The first return is over ``starting_cash``, as in the metrics. ``benchmark`` is buy and hold
    without costs, ``starting_cash * close / first close``; null where the first close is 0 or
    below. ``long`` and ``short`` are null where an equity of 0 or below leaves a position without
    a share of it.
    """
    firsts = _find_first_bars(equity["ts_open"], calendar, tz)
    lasts = np.append(firsts[1:], equity.height) - 1
    held = equity["position"].to_numpy()
    exposure = equity["exposure"].to_numpy()
    counts = (lasts - firsts + 1).astype(np.float64)
    closes = equity[lasts]
    before = closes["equity"].shift(1, fill_value=starting_cash)
    return pl.DataFrame(
        {
            "date": exchange_date(closes["ts_open"], calendar, tz),
            "ts_open": closes["ts_open"],
            "equity": closes["equity"],
            "return": pl.select(
                pl.when(before > 0).then((closes["equity"] - before) / before)
            ).to_series(),
            "benchmark": hold(closes["close"], equity["close"][0], starting_cash),
            "drawdown": np.maximum.reduceat(equity["drawdown"].to_numpy(), firsts),
            "long": _mean(np.where(held > 0, exposure, 0.0), firsts, counts),
            "short": _mean(np.where(held < 0, exposure, 0.0), firsts, counts),
        },
        schema=DAYS,
    )


def hold(close: pl.Series, first_close: float, starting_cash: float) -> pl.Series:
    """Give what the starting cash is worth in the instrument since a first close, without costs."""
    if first_close <= 0:
        return pl.repeat(None, len(close), dtype=pl.Float64, eager=True)
    return close / first_close * starting_cash


def _find_first_bars(ts_open: pl.Series, calendar: str, tz: str) -> npt.NDArray[np.int64]:
    """Give the row of each exchange date's first bar."""
    dates = dates_of_bars(ts_open, calendar, tz)
    return np.flatnonzero(dates.ne_missing(dates.shift()).to_numpy())


def _mean(values: Floats, firsts: npt.NDArray[np.int64], counts: Floats) -> pl.Series:
    means = np.add.reduceat(values, firsts) / counts
    return pl.Series(means).fill_nan(None)
