"""A cost ladder, drawn."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import template

from apps.permissions.templatetags.figures import money
from hewston.pipeline.ladder import CLOCK_WORDS, FACTORS, Step

register = template.Library()

_TOP, _BOTTOM = 12.0, 188.0  # px: where the highest and the lowest tick lie
_LEFT, _RIGHT = 3.0, 97.0  # percent of the width: the first and the last factor
_MOST_TICKS = 5


@register.filter
def clock_words(clock: str) -> str:
    """Say a fill clock in words."""
    return CLOCK_WORDS.get(clock, clock)


@register.filter
def at_clock(by_clock: Mapping[str, object], clock: str) -> object:
    """Take what belongs to a clock."""
    return by_clock.get(clock)


@register.inclusion_tag("runs/ladder_plot.html")
def ladder_plot(
    steps: Mapping[str, Sequence[Step]], conclusion: str, currency: str
) -> dict[str, Any]:
    """Draw net profit by cost factor, a line a clock, in px down and percent across."""
    values = [step.net_profit for some in steps.values() for step in some]
    ticks = _choose_ticks(min([*values, 0.0]), max([*values, 0.0]))
    low, high = ticks[0], ticks[-1]

    def down(value: float) -> str:
        return f"{_BOTTOM - (value - low) / (high - low) * (_BOTTOM - _TOP):.1f}"

    def across(factor: float) -> str:
        return f"{_LEFT + factor / FACTORS[-1] * (_RIGHT - _LEFT):.2f}%"

    lines = []
    for clock, some in steps.items():
        ordered = sorted(some, key=lambda step: step.cost_factor)
        points = [
            {
                "x": across(step.cost_factor),
                "y": down(step.net_profit),
                "title": f"{step.cost_factor:g}x costs, filled at {CLOCK_WORDS[clock]}: "
                f"{money(step.net_profit, currency)}",
            }
            for step in ordered
        ]
        pairs = [
            {"x1": one["x"], "y1": one["y"], "x2": two["x"], "y2": two["y"]}
            for one, two in itertools.pairwise(points)
        ]
        lines.append({"clock": clock, "points": points, "segments": pairs})
    return {
        "lines": lines,
        "zero": down(0.0),
        "ticks": [{"y": down(tick), "label": money(tick, currency)} for tick in ticks],
        "factors": [{"x": across(factor), "label": f"{factor:g}x"} for factor in FACTORS],
        "conclusion": conclusion,
    }


def _choose_ticks(low: float, high: float) -> list[float]:
    """Choose round numbers that reach from at most ``low`` to at least ``high``."""
    span = (high - low) or 1.0
    size = 10.0 ** math.floor(math.log10(span))
    step = next(one for one in _steps(size / 10) if span / one < _MOST_TICKS - 1)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def _steps(size: float) -> Iterator[float]:
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10
