"""SMA crossover: long when the fast average crosses over the slow one, short when under."""

from typing import TYPE_CHECKING, Any

import numpy as np

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

_DIGITS = 12
_POWERS = 10.0 ** np.arange(1, _DIGITS)


def run_strategy(frame: "pd.DataFrame", *, params: dict[str, Any]) -> "pd.DataFrame":
    """Reverse at every crossover; flat before the first one.

    Averages are rounded to twelve digits of the highest price so far: where they are equal, the
    rounding of their sums must not look like a crossing.

    A crossover is: fast > slow now and fast ≤ slow on the bar before; a crossunder the opposite.
    """
    close = frame["close"]
    fast = _round(close.rolling(params["fast"]).mean(), close)
    slow = _round(close.rolling(params["slow"]).mean(), close)
    over = (fast > slow) & (fast.shift(1) <= slow.shift(1))
    under = (fast < slow) & (fast.shift(1) >= slow.shift(1))
    result = frame[[]].assign(fast=fast, slow=slow, position=float("nan"), reason=None)
    result["position"] = result["position"].mask(over, 1.0).mask(under, -1.0)
    result["reason"] = result["reason"].mask(over, "over").mask(under, "under")
    return result


def _round(averages: "pd.Series[float]", prices: "pd.Series[float]") -> "pd.Series[float]":
    before_point = 1 + np.searchsorted(_POWERS, prices.abs().cummax(), side="right")
    rounded = averages.copy()
    for count in np.unique(before_point):
        rows = before_point == count
        rounded[rows] = averages[rows].round(_DIGITS - int(count))
    return rounded
