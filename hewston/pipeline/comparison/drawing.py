"""Where the bars of a waterfall stand, in a drawing that is 100 wide."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, pairwise

type Bar = tuple[str, str, Decimal, int | None]  # key, label, amount of money, trades


def draw_waterfall(
    start: Decimal, bars: Sequence[Bar], end: Decimal, *, labels: tuple[str, str]
) -> list[dict[str, object]]:
    """Place each bar between the totals of both sides, whose ``labels`` stand beside them.

    A row has ``label``, ``x``, ``width`` and ``zero`` (percent of the width); a total has
    ``total``, another bar ``key``, ``amount`` and ``trades``.
    """
    levels = list(accumulate((amount for _, _, amount, _ in bars), initial=start))
    seen = [Decimal(0), end, *levels]
    low, high = float(min(seen)), float(max(seen))
    width = high - low or 1.0

    def draw(label: str, before: Decimal, after: Decimal, **more: object) -> dict[str, object]:
        left, right = sorted(((float(before) - low) / width, (float(after) - low) / width))
        return {
            "label": label,
            "x": f"{100 * left:.3f}",
            "width": f"{100 * (right - left):.3f}",
            "zero": f"{-100 * low / width:.3f}",
            **more,
        }

    rows = [draw(labels[0], Decimal(0), start, total=start)]
    rows += [
        draw(label, before, after, key=key, amount=amount, trades=trades)
        for (key, label, amount, trades), (before, after) in zip(
            bars, pairwise(levels), strict=True
        )
    ]
    return [*rows, draw(labels[1], Decimal(0), end, total=end)]
