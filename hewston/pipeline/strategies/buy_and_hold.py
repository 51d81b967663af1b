"""Buy and hold: the benchmark that every strategy is measured against."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PARAMS: dict[str, dict[str, Any]] = {}


def run_strategy(frame: "pd.DataFrame", *, context: dict[str, Any]) -> "pd.DataFrame":
    """Go long at the first bar that may be traded, and stay."""
    result = frame[[]].copy()
    result["position"] = (frame.index >= context["trade_from"]).astype(float)
    result["reason"] = "buy and hold"
    return result
