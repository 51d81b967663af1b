"""SMA crossover: long when the fast average crosses over the slow one, short when under."""

from typing import TYPE_CHECKING, Any

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
    """Reverse at every crossover; flat before the first one.

    Averages are rounded to twelve digits of the highest price: where they are equal, the rounding
    of their sums must not look like a crossing.

    A crossover is: fast > slow now and fast ≤ slow on the bar before; a crossunder the opposite.
    """
    close = frame["close"]
    places = 12 - len(str(int(close.abs().max())))
    fast = close.rolling(params["fast"]).mean().round(places)
    slow = close.rolling(params["slow"]).mean().round(places)
    over = (fast > slow) & (fast.shift(1) <= slow.shift(1))
    under = (fast < slow) & (fast.shift(1) >= slow.shift(1))
    result = frame[[]].assign(fast=fast, slow=slow, position=float("nan"), reason=None)
    result["position"] = result["position"].mask(over, 1.0).mask(under, -1.0)
    result["reason"] = result["reason"].mask(over, "over").mask(under, "under")
    return result
