"""The parameter that lets a strategy trade one side only."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SIDES: dict[str, Any] = {
    "type": "str",
    "default": "both",
    "choices": ("both", "long", "short"),
    "help": "The sides that are traded.",
}


def keep_sides(result: "pd.DataFrame", sides: str) -> "pd.DataFrame":
    """Take out the entries of the side that is not traded."""
    for side in ("long", "short"):
        if sides not in {"both", side}:
            result[f"{side}_condition"] = False
    return result
