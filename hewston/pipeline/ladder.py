"""A cost ladder: one run at several multiples of its costs and at both fill clocks."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import get_args

from hewston.pipeline.spec import COST_FIELDS, FillClock, SlippageFees

FACTORS = (0.0, 0.5, 1.0, 2.0)  # none, half, as they are, twice
CLOCKS: tuple[FillClock, ...] = get_args(FillClock)
CLOCK_WORDS: Mapping[str, str] = {"close": "the close", "next_open": "the next open"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """What a run earns at a multiple of its costs; net profit in the instrument's currency."""

    cost_factor: float
    net_profit: float


def is_free(costs: SlippageFees) -> bool:
    """Tell whether there is no cost to scale."""
    return not any(getattr(costs, name) for name in COST_FIELDS)


def scale_costs(costs: SlippageFees, factor: float) -> SlippageFees:
    """Multiply every cost. The assumed spread stays: a cost is a share of it."""
    return dataclasses.replace(
        costs, **{name: getattr(costs, name) * factor for name in COST_FIELDS}
    )


def find_even_factor(steps: Sequence[Step]) -> float | None:
    """Give the multiple of the costs at which net profit is gone, or None where it never is.

    That is where a straight line between two neighbours first comes to 0; 0.0 where there is no
    profit even without costs.
    """
    ordered = sorted(steps, key=lambda step: step.cost_factor)
    if ordered and ordered[0].net_profit <= 0:
        return 0.0
    for before, after in itertools.pairwise(ordered):
        if after.net_profit <= 0:
            share = before.net_profit / (before.net_profit - after.net_profit)
            return before.cost_factor + share * (after.cost_factor - before.cost_factor)
    return None


def conclude(steps: Mapping[str, Sequence[Step]]) -> str:
    """Say in one sentence what the ladder shows: for each fill clock where the profit is gone.

    ``steps`` are by fill clock. A clock of which a rung is missing is said to be incomplete.
    """
    said = {clock: _describe(steps.get(clock, ())) for clock in CLOCKS}
    if len(set(said.values())) == 1:
        return f"Filled at {' or at '.join(CLOCK_WORDS.values())}, {said[CLOCKS[0]]}."
    clauses = (f"filled at {CLOCK_WORDS[clock]}, {phrase}" for clock, phrase in said.items())
    sentence = "; ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _describe(steps: Sequence[Step]) -> str:
    if {step.cost_factor for step in steps} != set(FACTORS):
        return "it is not known yet, since not every run is done"
    even = find_even_factor(steps)
    if even is None:
        return f"it still earns at {max(FACTORS):g} times its costs"
    if even == 0:
        return "it earns nothing even without costs"
    return f"the profit is gone at {even:.2f} times its costs"
