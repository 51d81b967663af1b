"""Donchian breakout: follows a close beyond the extremes of many bars, until one of fewer bars."""

from typing import TYPE_CHECKING, Any

from hewston.pipeline.strategies.sides import SIDES, keep_sides

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {
    "entry": {
        "type": "int",
        "default": 20,
        "min": 1,
        "max": 5000,
        "help": "Bars before this one whose highest high or lowest low a close must pass.",
    },
    "exit": {
        "type": "int",
        "default": 10,
        "min": 1,
        "max": 5000,
        "help": "Bars whose extreme on the other side closes the position.",
    },
    "sides": SIDES,
}


def run_strategy(frame: "pd.DataFrame", *, params: dict[str, Any]) -> "pd.DataFrame":
    """Long above the highest high, short below the lowest low, of the bars before."""
    high, low, close = frame["high"].shift(1), frame["low"].shift(1), frame["close"]
    upper, lower = high.rolling(params["entry"]).max(), low.rolling(params["entry"]).min()
    exit_short = high.rolling(params["exit"]).max()
    exit_long = low.rolling(params["exit"]).min()
    result = frame[[]].assign(
        upper=upper,
        lower=lower,
        **{"exit high": exit_short, "exit low": exit_long},
        long_condition=close > upper,
        exit_long=close < exit_long,
        short_condition=close < lower,
        exit_short=close > exit_short,
    )
    return keep_sides(result, params["sides"])
