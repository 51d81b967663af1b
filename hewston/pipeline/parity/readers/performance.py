"""Figures of performance computed again from the trades of the same file."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hewston.pipeline.parity.readers.closed import Closed, take
from hewston.pipeline.parity.readers.formulas import Value, list_formulas
from hewston.pipeline.parity.readers.properties import number_of
from hewston.pipeline.parity.readers.upload import Figure, Upload

_HALF = 0.5000001  # of the last printed digit; a little more, since halves are rounded either way
_MOST_DECIMALS = 2  # of money and percentages, unless a sheet has more: it shows 24.00 as 24
_PERCENT_DECIMALS = 2  # that lists print


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """A listed figure beside the same computed from the trades.

    ``tolerance``: by how much the two may differ since both the figure and what each trade lists
    are rounded as they are printed. ``computed`` and ``equal`` are None of a figure that does not
    follow from the trades: nothing is claimed of it.
    """

    figure: Figure
    computed: float | None = None
    tolerance: float = 0.0
    equal: bool | None = None


def reproduce(upload: Upload) -> list[Reproduced]:
    """Compute each figure of a report that follows from its trades, and say whether it is equal.

    Profits are sums over closed trades; a factor is gross profit over gross loss; percentages of
    sums are of the initial capital, those of averages and of the largest trades are of the trades'
    own percentages. Figures that need bars or equity between trades are given without a claim,
    so are those without a value (a factor without a loss). Losses may be listed without a sign.
    """
    if upload.trades is None:
        return []
    listed = upload.decimals.get("net_pnl", _MOST_DECIMALS)
    sides = {
        side: take(
            upload,
            side,
            unit=_HALF * 10.0**-listed,
            pct_unit=_HALF * 10.0**-_PERCENT_DECIMALS,
            capital=_find_capital(upload),
        )
        for side in ("all", "long", "short")
    }
    printed = _count_decimals(upload, min(listed, _MOST_DECIMALS))
    return [
        _set_beside(figure, sides[figure.side], printed[_place(figure)])
        for figure in upload.figures
    ]


def _find_capital(upload: Upload) -> float | None:
    said = number_of(upload.properties.get("initial_capital"), is_large=True)
    shown = [one.value for one in upload.figures if one.key == "initial_capital"]
    return said or (shown[0] if shown else None)


def _place(figure: Figure) -> tuple[str, bool, str | None]:
    """Tell figures that are printed alike: those of one sheet, money, percent, or a ratio."""
    is_other = figure.key in _COUNTS | _RATIOS | _BARS
    return figure.sheet, figure.unit == "%", figure.key if is_other else None


def _count_decimals(upload: Upload, least: int) -> Mapping[tuple[str, bool, str | None], int]:
    """Count the decimals of figures that are printed alike: the most of one of them."""
    found: dict[tuple[str, bool, str | None], int] = defaultdict(int)
    for figure in upload.figures:
        place = _place(figure)
        _, is_percent, key = place
        lowest = _PERCENT_DECIMALS if is_percent else 0 if key else least
        found[place] = max(found[place], figure.decimals, lowest)
    return found


def _set_beside(figure: Figure, side: Closed, decimals: int) -> Reproduced:
    values = [
        value
        for formula in list_formulas(figure.key or "", percent=figure.unit == "%")
        if (value := formula(side)) is not None and math.isfinite(value[0])
    ]
    if not values:
        return Reproduced(figure=figure)
    apart = [_distance(figure, value) for value in values]
    best = int(np.argmin(apart))
    computed, spread = values[best]
    tolerance = _HALF * 10.0**-decimals + spread + 1e-9 * abs(computed)
    if figure.key in _COUNTS:
        tolerance = 0.0
    return Reproduced(
        figure=figure, computed=computed, tolerance=tolerance, equal=apart[best] <= tolerance
    )


def _distance(figure: Figure, value: Value) -> float:
    if figure.key in _LOSSES:
        return abs(abs(value[0]) - abs(figure.value))
    return abs(value[0] - figure.value)


_COUNTS = {
    *("total_trades", "open_trades", "winning_trades", "losing_trades", "even_trades"),
    "margin_calls",
}
_RATIOS = {"profit_factor", "avg_ratio", "max_contracts"}
_BARS = {"avg_bars", "avg_bars_winning", "avg_bars_losing"}
_LOSSES = {
    *("gross_loss", "avg_losing_trade", "largest_losing_trade", "largest_losing_pct"),
    *("loser_share", "max_drawdown_closed"),
}
