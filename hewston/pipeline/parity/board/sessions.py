"""Sessions that bars have and TradingView's chart may not: what may explain that trades differ."""

import polars as pl

from hewston.pipeline.intervals import is_daily
from hewston.pipeline.schemas import BARS
from hewston.pipeline.spec import RunSpec

_OTHERS = ("pre", "post")
_FEW = 10  # fills, which may all be in regular hours by chance


def has_other_hours(bars: pl.DataFrame) -> bool:
    """Tell whether stored BARS have hours before or after the regular ones."""
    return bool(bars["session"].cast(pl.String).is_in(_OTHERS).any())


def hint_at_session(listed: pl.DataFrame, frame: pl.DataFrame, spec: RunSpec) -> str | None:
    """Say that bars with other hours than the regular ones may be what TradingView had not.

    ``frame`` is BARS of the run, of data that has such hours, ``listed`` LISTED_TRADES on them.
    None where the run has regular hours alone, or the list has fills in others.
    """
    if spec.session == "regular":
        return None
    if is_daily(spec.interval):
        return (
            "Days of stocks have regular hours alone in TradingView; these have those before and "
            "after too. Choose the session regular."
        )
    times = pl.concat([listed[name].rename("ts_open") for name in ("entry_ts", "exit_ts")])
    bars = frame.select("ts_open", pl.col("session").cast(pl.String))
    fills = times.drop_nulls().cast(BARS["ts_open"]).to_frame().join(bars, on="ts_open", how="left")
    if fills.height < _FEW or not (fills["session"] == "regular").fill_null(value=False).all():
        return None
    return (
        "Every fill of the list is in regular hours, and the bars here have others too. If the "
        "chart shows regular hours alone, choose the session regular."
    )
