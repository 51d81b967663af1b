"""Figures of performance computed again from the trades of the same file."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.parity.readers.properties import number_of
from hewston.pipeline.parity.readers.upload import Figure, Upload

type _Floats = npt.NDArray[np.float64]

_HALF = 0.5000001  # of the last printed digit; a little more, since halves are rounded either way
_COUNTS = {"total_trades", "open_trades", "winning_trades", "losing_trades", "even_trades"}
_OF_CAPITAL = {"net_profit", "gross_profit", "gross_loss", "commission_paid"}


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """A listed figure beside the same computed from the trades.

    ``tolerance``: by how much the two may differ since both the figure and each trade's profit
    are rounded as they are printed.
    """

    figure: Figure
    computed: float
    tolerance: float
    equal: bool


@dataclass(frozen=True, kw_only=True)
class _Side:
    """Closed trades of one side: profits, fees, and how many are open."""

    profits: _Floats
    fees: _Floats | None
    still_open: int
    unit: float  # half of the last printed digit of a profit

    @property
    def wins(self) -> _Floats:
        return self.profits[self.profits > 0]

    @property
    def losses(self) -> _Floats:
        return self.profits[self.profits < 0]


def reproduce(upload: Upload) -> list[Reproduced]:
    """Compute each figure of a report that follows from its trades, and say whether it is equal.

    Profits are sums over closed trades; a factor is gross profit over gross loss; percentages of
    money are of the initial capital. Figures that need bars or equity between trades are left
    out, so are those without a value (a factor without a loss).
    """
    if upload.trades is None:
        return []
    unit = _HALF * 10.0 ** -upload.decimals.get("net_pnl", 2)
    sides = {side: _take(upload.trades, side, unit) for side in ("all", "long", "short")}
    capital = number_of(upload.properties.get("initial_capital"), is_large=True)
    found = []
    for figure in upload.figures:
        computed = _compute(figure, sides[figure.side], capital)
        if computed is None or not math.isfinite(computed[0]):
            continue
        value, spread = computed
        tolerance = _HALF * 10.0 ** -_decimals(figure, upload) + spread + 1e-9 * abs(value)
        if figure.key in _COUNTS:
            tolerance = 0.0
        found.append(
            Reproduced(
                figure=figure,
                computed=value,
                tolerance=tolerance,
                equal=abs(value - figure.value) <= tolerance
                or (figure.key in _LOSSES and abs(abs(value) - abs(figure.value)) <= tolerance),
            )
        )
    return found


def _decimals(figure: Figure, upload: Upload) -> int:
    """Give how many decimals a figure is rounded to: a sheet shows 24.00 as 24."""
    least = 0 if figure.key in _RATIOS else upload.decimals.get("net_pnl", 2)
    return max(figure.decimals, _DECIMALS_OF_PERCENT if figure.unit == "%" else least)


_DECIMALS_OF_PERCENT = 2
_RATIOS = {"profit_factor", "avg_ratio"}
_LOSSES = {"gross_loss", "avg_losing_trade", "largest_losing_trade", "max_drawdown_closed"}


def _take(trades: pl.DataFrame, side: str, unit: float) -> _Side:
    own = trades if side == "all" else trades.filter(pl.col("side") == side.upper())
    closed = own.filter(pl.col("exit_ts").is_not_null() & pl.col("net_pnl").is_not_null())
    has_fees = closed["fees"].null_count() == 0
    return _Side(
        profits=closed["net_pnl"].to_numpy(),
        fees=closed["fees"].to_numpy() if has_fees else None,
        still_open=own.height - closed.height,
        unit=unit,
    )


def _compute(figure: Figure, side: _Side, capital: float | None) -> tuple[float, float] | None:
    """Give a figure and by how much the rounding of trades may move it."""
    if figure.key is None:
        return None
    if figure.unit == "%":
        return _percentage(figure.key, side, capital)
    formula = _FORMULAS.get(figure.key)
    return None if formula is None else formula(side)


def _percentage(key: str, side: _Side, capital: float | None) -> tuple[float, float] | None:
    if key == "percent_profitable":
        return (100 * len(side.wins) / len(side.profits), 0.0) if len(side.profits) else None
    if key not in _OF_CAPITAL or not capital:
        return None
    money = _FORMULAS[key](side)
    return None if money is None else (100 * money[0] / capital, 100 * money[1] / capital)


def _sum(values: _Floats, unit: float) -> tuple[float, float]:
    return math.fsum(values.tolist()), unit * len(values)


def _mean(values: _Floats, unit: float) -> tuple[float, float] | None:
    return (math.fsum(values.tolist()) / len(values), unit) if len(values) else None


def _commission(side: _Side) -> tuple[float, float] | None:
    return None if side.fees is None else _sum(side.fees, side.unit)


def _factor(side: _Side) -> tuple[float, float] | None:
    won, lost = math.fsum(side.wins.tolist()), -math.fsum(side.losses.tolist())
    if not lost:
        return None
    factor = won / lost
    return factor, side.unit * (len(side.wins) + factor * len(side.losses)) / lost


def _ratio(side: _Side) -> tuple[float, float] | None:
    win, loss = _mean(side.wins, side.unit), _mean(side.losses, side.unit)
    if win is None or loss is None:
        return None
    ratio = win[0] / -loss[0]
    return ratio, side.unit * (1 + ratio) / -loss[0]


def _drawdown(side: _Side) -> tuple[float, float] | None:
    if not len(side.profits):
        return None
    equity = np.concatenate([[0.0], np.cumsum(side.profits)])
    fall = float((np.maximum.accumulate(equity) - equity).max())
    return fall, side.unit * len(side.profits)


def _largest(
    values: _Floats, unit: float, pick: Callable[[_Floats], float]
) -> tuple[float, float] | None:
    return (float(pick(values)), unit) if len(values) else None


_FORMULAS: dict[str, Callable[[_Side], tuple[float, float] | None]] = {
    "net_profit": lambda side: _sum(side.profits, side.unit),
    "gross_profit": lambda side: _sum(side.wins, side.unit),
    "gross_loss": lambda side: _sum(side.losses, side.unit),
    "commission_paid": _commission,
    "total_trades": lambda side: (float(len(side.profits)), 0.0),
    "open_trades": lambda side: (float(side.still_open), 0.0),
    "winning_trades": lambda side: (float(len(side.wins)), 0.0),
    "losing_trades": lambda side: (float(len(side.losses)), 0.0),
    "even_trades": lambda side: (float((side.profits == 0).sum()), 0.0),
    "percent_profitable": lambda side: _percentage("percent_profitable", side, None),
    "avg_trade": lambda side: _mean(side.profits, side.unit),
    "avg_winning_trade": lambda side: _mean(side.wins, side.unit),
    "avg_losing_trade": lambda side: _mean(side.losses, side.unit),
    "avg_ratio": _ratio,
    "largest_winning_trade": lambda side: _largest(side.wins, side.unit, np.max),
    "largest_losing_trade": lambda side: _largest(side.losses, side.unit, np.min),
    "profit_factor": _factor,
    "max_drawdown_closed": _drawdown,
}
