"""Opening range breakout: follows a close outside the day's first minutes, flat by the close."""

from typing import TYPE_CHECKING, Any

from hewston.pipeline.strategies.days import minutes_since_open, minutes_to_close, number_days
from hewston.pipeline.strategies.sides import SIDES, keep_sides

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {
    "range_minutes": {
        "type": "int",
        "default": 30,
        "min": 1,
        "max": 1440,
        "unit": "minutes",
        "help": "How long the opening range is, from the first bar of the exchange date.",
    },
    "exit_minutes": {
        "type": "int",
        "default": 5,
        "min": 0,
        "max": 1440,
        "unit": "minutes",
        "help": "How long before the session's close a position is left.",
    },
    "stop": {
        "type": "bool",
        "default": True,
        "help": "Whether the middle of the range stops a position.",
    },
    "sides": SIDES,
}


def run_strategy(
    frame: "pd.DataFrame", *, params: dict[str, Any], context: dict[str, Any]
) -> "pd.DataFrame":
    """Long above the range, short below it, from when it is whole until shortly before the end."""
    days, close = number_days(frame, context), frame["close"]
    since_open = minutes_since_open(frame, context)
    is_whole = since_open > params["range_minutes"]
    upper = frame["high"].mask(is_whole).groupby(days).cummax().groupby(days).ffill()
    lower = frame["low"].mask(is_whole).groupby(days).cummin().groupby(days).ffill()
    is_late = minutes_to_close(frame, context) <= params["exit_minutes"]
    may_enter = is_whole & ~is_late
    result = frame[[]].assign(
        upper=upper.where(is_whole),
        lower=lower.where(is_whole),
        long_condition=may_enter & (close > upper),
        exit_long=is_late,
        short_condition=may_enter & (close < lower),
        exit_short=is_late,
    )
    if params["stop"]:
        result["stop_loss"] = ((upper + lower) / 2).where(is_whole)
    return keep_sides(result, params["sides"])
