"""Buy and hold: the benchmark that every strategy is measured against."""

from typing import Any

import pandas as pd

PARAMS: dict[str, dict[str, Any]] = {}


def run_strategy(frame: pd.DataFrame, *, context: dict[str, Any]) -> pd.DataFrame:
    """Go long at the first bar that may be traded, and stay."""
    held = frame.index >= context["trade_from"]
    result = pd.DataFrame({"position": held.astype(float)}, index=frame.index)
    result["reason"] = pd.Series("buy and hold", index=frame.index, dtype="string")
    return result
