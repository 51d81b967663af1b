"""Built-in strategies as sources that need nothing of ours."""

import re
from pathlib import Path

from hewston.pipeline.strategies import indicators, sides
from hewston.pipeline.strategies.catalogue import BUILT_IN

# In plain pandas what strategies/days.py does by the exchange's calendar: for whole days alone.
DAYS = """
import pandas as pd

MINUTE_NS = 60 * 10**9


def number_days(frame, context):
    local = frame.index.tz_convert(context["tz"]).tz_localize(None).normalize()
    return pd.Series(local.as_unit("ns").asi8 // (1440 * MINUTE_NS), index=frame.index)


def minutes_since_open(frame, context):
    starts = pd.Series(frame.index.as_unit("ns").asi8, index=frame.index)
    first = starts.groupby(number_days(frame, context)).transform("first")
    return (starts - first + MINUTE_NS) / MINUTE_NS


def minutes_to_close(frame, context):
    local = frame.index.tz_convert(context["tz"])
    closes = (local.normalize() + pd.Timedelta(hours=16)).tz_convert("UTC").as_unit("ns").asi8
    left = closes - frame.index.as_unit("ns").asi8 - MINUTE_NS
    return pd.Series(left, index=frame.index) / MINUTE_NS
"""
_OURS = re.compile(r"^from hewston\S* import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)


def whole_source(name: str) -> str:
    """A built-in strategy's source with what it imports of ours written before it."""
    files = [str(module.__file__) for module in (indicators, sides, BUILT_IN[name])]
    return _OURS.sub("", "\n".join([DAYS, *(Path(file).read_text() for file in files)]))
