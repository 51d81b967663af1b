"""Lines over a run's bars as a drawing that needs no script."""

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720.0, 64.0, 8.0, 8.0, 18.0
_TICKS = 6
_DATES = 6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drawing:
    """An SVG's parts: a path for each line by its name, and ticks as (place, text)."""

    height: float
    paths: list[tuple[str, str]]
    rows: list[tuple[str, str]]  # from the top
    dates: list[tuple[str, str]]  # from the left

    width = f"{WIDTH:g}"
    left = f"{LEFT:g}"
    right = f"{WIDTH - RIGHT:g}"

    @property
    def bottom(self) -> str:
        """Where the plot ends and the dates begin."""
        return f"{self.height - BOTTOM:g}"


def draw_lines(
    bars: Sequence[int],
    dates: Sequence[dt.date],
    lines: Mapping[str, Sequence[float | None]],
    *,
    height: float,
    write: Callable[[float, int], str],
) -> Drawing:
    """Draw lines over bars, which have even steps.

    ``write`` gives the text of a tick, from its value and the decimals that tell it from the next.

    ``bars`` rises, has at least one, and is as long as ``dates`` and every line. Where a line has
    no value it is broken.
    """
    known = [value for line in lines.values() for value in line if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if high <= low:
        low, high = low - (abs(low) or 1.0) * 0.01, high + (abs(high) or 1.0) * 0.01
    across, down = WIDTH - LEFT - RIGHT, height - TOP - BOTTOM
    span = max(bars[-1] - bars[0], 1)

    def place_x(bar: int) -> str:
        return f"{LEFT + (bar - bars[0]) / span * across:.1f}"

    def place_y(value: float) -> str:
        return f"{TOP + (high - value) / (high - low) * down:.1f}"

    paths = [
        (name, _trace([(x, y) for x, y in zip(bars, line, strict=True)], place_x, place_y))
        for name, line in lines.items()
    ]
    ticks, places = _list_ticks(low, high)
    step = max(len(bars) // _DATES, 1)
    chosen = range(step // 2, len(bars), step)
    return Drawing(
        height=height,
        paths=paths,
        rows=[(place_y(value), write(value, places)) for value in ticks],
        dates=[(place_x(bars[index]), dates[index].isoformat()) for index in chosen],
    )


def _trace(
    points: Sequence[tuple[int, float | None]],
    place_x: Callable[[int], str],
    place_y: Callable[[float], str],
) -> str:
    words, is_down = [], False
    for x, y in points:
        if y is None:
            is_down = False
            continue
        words.append(f"{'L' if is_down else 'M'}{place_x(x)} {place_y(y)}")
        is_down = True
    return "".join(words)


def _list_ticks(low: float, high: float) -> tuple[list[float], int]:
    """List round values between two others, 1, 2 or 5 times a power of ten apart; and decimals."""
    rough = (high - low) / _TICKS
    exponent = math.floor(math.log10(rough))
    power = 10.0**exponent
    factor = next(factor for factor in (1, 2, 5, 10) if rough <= factor * power * 1.000001)
    step, places = factor * power, -exponent - (factor == 10)  # noqa: PLR2004 (ten)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)], max(places, 0)
