"""What is known of a metric: its name, its formula in words, what it needs, its computation."""

import dataclasses
from collections.abc import Callable
from typing import Literal

from hewston.pipeline.metrics.sample import RunSample

LEAST_DAILY_RETURNS = 20

Unit = Literal["fraction", "money", "ratio", "count", "bars"]
Better = Literal["higher", "lower", "none"]
Group = Literal["return", "risk", "trades", "costs"]
Sample = Literal["", "bar", "closed trade", "daily return", "day"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the registry.

    ``least`` is how many of ``sample`` there must be; an empty ``sample`` needs nothing.
    Money is in the instrument's currency; a fraction of 0.05 is 5 %.
    """

    key: str
    label: str
    group: Group
    formula: str
    unit: Unit
    better: Better
    sample: Sample = ""
    least: int = 0
    compute: Callable[[RunSample], float | int] = dataclasses.field(repr=False)
