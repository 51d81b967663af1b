"""VWAP reversion: trades back to the day's average price when a close is far from it."""

from typing import TYPE_CHECKING, Any

from hewston.pipeline.strategies.days import minutes_to_close, number_days
from hewston.pipeline.strategies.indicators import vwap
from hewston.pipeline.strategies.sides import SIDES, keep_sides

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {
    "width": {
        "type": "float",
        "default": 2.0,
        "above": 0,
        "max": 20,
        "unit": "deviations",
        "help": "How far from the average a close must be.",
    },
    "exit_minutes": {
        "type": "int",
        "default": 5,
        "min": 0,
        "max": 1440,
        "unit": "minutes",
        "help": "How long before the session's close a position is left.",
    },
    "sides": SIDES,
}


def run_strategy(
    frame: "pd.DataFrame", *, params: dict[str, Any], context: dict[str, Any]
) -> "pd.DataFrame":
    """Long below the lower band, short above the upper one, flat at the average.

    The average weighs (high + low + close) / 3 by volume, from the start of each exchange date;
    the deviation is that of the same prices around it.
    """
    close = frame["close"]
    typical = (frame["high"] + frame["low"] + close) / 3
    average, spread = vwap(typical, frame["volume"], number_days(frame, context))
    lower, upper = average - params["width"] * spread, average + params["width"] * spread
    is_late = minutes_to_close(frame, context) <= params["exit_minutes"]
    result = frame[[]].assign(
        vwap=average,
        upper=upper,
        lower=lower,
        long_condition=~is_late & (close < lower),
        exit_long=is_late | (close >= average),
        short_condition=~is_late & (close > upper),
        exit_short=is_late | (close <= average),
    )
    return keep_sides(result, params["sides"])
