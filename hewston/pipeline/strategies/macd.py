"""MACD: long when the line crosses over its signal, short when it crosses under."""

from typing import TYPE_CHECKING, Any

from hewston.pipeline.strategies.indicators import crosses_over, crosses_under, ema

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {
    "fast": {
        "type": "int",
        "default": 12,
        "min": 1,
        "max": 5000,
        "less_than": "slow",
        "help": "Bars in the fast average.",
    },
    "slow": {
        "type": "int",
        "default": 26,
        "min": 2,
        "max": 5000,
        "help": "Bars in the slow average.",
    },
    "smoothing": {
        "type": "int",
        "default": 9,
        "min": 1,
        "max": 1000,
        "help": "Bars in the average of the line, which is its signal.",
    },
}


def run_strategy(frame: "pd.DataFrame", *, params: dict[str, Any]) -> "pd.DataFrame":
    """Reverse at every crossing of the line and its signal; flat before the first one."""
    close = frame["close"]
    line = ema(close, params["fast"]) - ema(close, params["slow"])
    signal = ema(line, params["smoothing"])
    over, under = crosses_over(line, signal), crosses_under(line, signal)
    result = frame[[]].assign(
        line=line,
        signal=signal,
        histogram=line - signal,
        long_condition=over,
        short_condition=under,
        reason=None,
    )
    result["reason"] = result["reason"].mask(over, "over").mask(under, "under")
    return result
