"""EMA crossover: long when the fast exponential average crosses over the slow one, else short."""

from typing import TYPE_CHECKING, Any

from hewston.pipeline.strategies.indicators import crosses_over, crosses_under, ema

if TYPE_CHECKING:
    import pandas as pd

PARAMS = {
    "fast": {
        "type": "int",
        "default": 20,
        "min": 1,
        "max": 5000,
        "less_than": "slow",
        "help": "Bars in the fast average.",
    },
    "slow": {
        "type": "int",
        "default": 50,
        "min": 2,
        "max": 5000,
        "help": "Bars in the slow average.",
    },
}


def run_strategy(frame: "pd.DataFrame", *, params: dict[str, Any]) -> "pd.DataFrame":
    """Reverse at every crossover; flat before the first one."""
    fast, slow = ema(frame["close"], params["fast"]), ema(frame["close"], params["slow"])
    over, under = crosses_over(fast, slow), crosses_under(fast, slow)
    result = frame[[]].assign(
        fast=fast, slow=slow, long_condition=over, short_condition=under, reason=None
    )
    result["reason"] = result["reason"].mask(over, "over").mask(under, "under")
    return result
