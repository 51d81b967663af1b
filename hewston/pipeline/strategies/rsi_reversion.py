"""RSI reversion: buys what fell too far and sells what rose too far, until it has turned back."""

from typing import TYPE_CHECKING, Any

from hewston.pipeline.strategies.indicators import rsi
from hewston.pipeline.strategies.sides import SIDES, keep_sides

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {
    "length": {
        "type": "int",
        "default": 14,
        "min": 2,
        "max": 1000,
        "help": "Bars in the index.",
    },
    "oversold": {
        "type": "float",
        "default": 30.0,
        "min": 0,
        "max": 100,
        "less_than": "exit",
        "help": "Long where the index falls below it.",
    },
    "exit": {
        "type": "float",
        "default": 50.0,
        "min": 0,
        "max": 100,
        "less_than": "overbought",
        "help": "Where the index has turned back: a long closes above, a short below.",
    },
    "overbought": {
        "type": "float",
        "default": 70.0,
        "min": 0,
        "max": 100,
        "help": "Short where the index rises above it.",
    },
    "sides": SIDES,
}


def run_strategy(frame: "pd.DataFrame", *, params: dict[str, Any]) -> "pd.DataFrame":
    """Enter beyond a level, leave where the index is back."""
    index = rsi(frame["close"], params["length"])
    result = frame[[]].assign(
        rsi=index,
        long_condition=index < params["oversold"],
        exit_long=index > params["exit"],
        short_condition=index > params["overbought"],
        exit_short=index < params["exit"],
    )
    return keep_sides(result, params["sides"])
