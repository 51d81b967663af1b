"""What is known of a metric: its name, its formula in words, what it needs, its computation."""

import dataclasses
from collections.abc import Callable
from typing import Literal

from hewston.pipeline.metrics.sample import Kind, RunSample

LEAST_DAILY_RETURNS = 20

Unit = Literal["fraction", "money", "ratio", "count", "bars", "days"]
Better = Literal["higher", "lower", "none"]
Group = Literal["return", "risk", "trades", "costs"]
Annualised = Literal["no", "by daily returns a year", "by their square root", "by days that passed"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the registry.

    ``sample`` is what it is computed from, and ``least`` how many of it there must be. Money is
    in the instrument's currency; a fraction of 0.05 is 5 %.
    """

    key: str
    label: str
    group: Group
    formula: str
    unit: Unit
    better: Better
    sample: Kind
    least: int = 0
    annualised: Annualised = "no"
    compute: Callable[[RunSample], float | int] = dataclasses.field(repr=False)
