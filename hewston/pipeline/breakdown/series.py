"""A run's breakdown as columns for plots in the browser."""

import polars as pl

from hewston.pipeline.breakdown.rolling import WINDOW
from hewston.pipeline.breakdown.stored import FORMAT, Breakdown
from hewston.pipeline.playback.columns import encode_columns, seconds
from hewston.pipeline.spec import sha256_text


def address(content_hash: str) -> str:
    """Name a run's series by its results."""
    return sha256_text(f"series {FORMAT} {content_hash}")[:16]


def encode_series(broken: Breakdown) -> bytes:
    """Encode what is plotted of a run.

    One value for each kept bar (CURVE): time (s since 1970, UTC), equity, benchmark, drawdown. One
    for each exchange date (DAYS): day (s from 1970 to its midnight, as if that were UTC),
    day_equity, day_benchmark, day_drawdown, return, long, short, sharpe, volatility. The header has
    ``bars``, ``window`` (daily returns), and for each of the deepest ``drawdowns`` from, trough and
    to in seconds; ``to`` is null while there is no recovery.
    """
    curve, days = broken.curve, broken.days
    columns = {
        "time": seconds(curve["ts_open"]),
        **{name: curve[name] for name in ("equity", "benchmark", "drawdown")},
        "day": days["date"].cast(pl.Datetime("ms")).to_physical() / 1000,
        **{f"day_{name}": days[name] for name in ("equity", "benchmark", "drawdown")},
        **{name: days[name] for name in ("return", "long", "short", "sharpe", "volatility")},
    }
    marks = [
        {
            "from": one.start.timestamp(),
            "trough": one.trough.timestamp(),
            "to": None if one.recovery is None else one.recovery.timestamp(),
            "depth": one.depth,
        }
        for one in broken.drawdowns
    ]
    about = {"bars": broken.bars, "window": WINDOW, "drawdowns": marks}
    return encode_columns(columns, about=about)
