"""Bollinger breakout: follows a close outside the bands until it is back at their middle."""

from typing import TYPE_CHECKING, Any

from hewston.pipeline.strategies.indicators import deviation, sma
from hewston.pipeline.strategies.sides import SIDES, keep_sides

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {
    "length": {
        "type": "int",
        "default": 20,
        "min": 2,
        "max": 5000,
        "help": "Bars in the middle band, an average of closes.",
    },
    "width": {
        "type": "float",
        "default": 2.0,
        "above": 0,
        "max": 20,
        "unit": "deviations",
        "help": "How far the bands are from the middle.",
    },
    "sides": SIDES,
}


def run_strategy(frame: "pd.DataFrame", *, params: dict[str, Any]) -> "pd.DataFrame":
    """Long above the upper band, short below the lower one, flat behind the middle."""
    close = frame["close"]
    middle = sma(close, params["length"])
    width = params["width"] * deviation(close, params["length"])
    result = frame[[]].assign(
        middle=middle,
        upper=middle + width,
        lower=middle - width,
        long_condition=close > middle + width,
        exit_long=close < middle,
        short_condition=close < middle - width,
        exit_short=close > middle,
    )
    return keep_sides(result, params["sides"])
