"""The fifth layer: how much is traded."""

import numpy as np

from hewston.pipeline.parity.trades.finding import MS_NS, TradeFinding, write_count
from hewston.pipeline.parity.trades.lists import LOOSE, Floats, Ints, Listed
from hewston.pipeline.parity.trades.pairs import Paired

_LEAST = 8  # trades, of which a rule of sizes is read
_STRAIGHT = 0.99  # of the variance, that a line explains
_ROUNDED = 0.01  # relative: what rounding to lots leaves of one amount of money


def find_sizing(paired: Paired) -> TradeFinding | None:
    """Times and prices are the same, quantities are not."""
    if not paired.is_whole or paired.lag:
        return None
    other = paired.differs("qty")
    if not other.any():
        return None
    rows = paired.same[0][other]
    said = f"{write_count(int(other.sum()))} {'has' if other.sum() == 1 else 'have'} another "
    return TradeFinding(
        class_name="python_implementation",
        cause="sizing",
        layer="size",
        at=int(paired.lists.pine.entry[rows].min()) * MS_NS,
        sentence=f"{said}quantity; times and prices are the same. {_describe(paired)}".strip(),
    )


def _describe(paired: Paired) -> str:
    """Say how sizes differ: by a factor, or by the rule that each side follows."""
    own, here = paired.read("qty")
    ratio = here[own > 0] / own[own > 0]
    if len(ratio) and np.ptp(ratio) <= LOOSE * ratio[0]:
        return f"Each is {ratio[0]:g} times that of Pine."
    rules = [
        _find_rule(trades, rows, paired.lists.multiplier)
        for trades, rows in zip((paired.lists.pine, paired.lists.python), paired.same, strict=True)
    ]
    if rules[0] == rules[1]:
        return "" if rules[0] is None else f"Both trade {rules[0]}, and not the same."
    words = [rule or "by no rule that shows" for rule in rules]
    return f"Pine trades {words[0]}; here it is {words[1]}."


def _find_rule(trades: Listed, rows: Ints, multiplier: float) -> str | None:
    """Tell one quantity, one amount of money, or a share of an equity that grows."""
    if len(rows) < _LEAST:
        return None
    qty, price = trades.qty[rows], trades.entry_price[rows]
    if np.ptp(qty) <= LOOSE * qty.mean():
        return "one quantity"
    value = qty * price
    if np.ptp(value) <= 2 * _ROUNDED * value.mean():
        return "for one amount of money"
    earned = _add_up(trades, multiplier, trades.entry[rows])
    if _is_straight(earned, value):
        return "for a share of the equity, which grows with it"
    if _is_straight(earned, qty):
        return "a quantity that grows with the equity"
    return None


def _add_up(trades: Listed, multiplier: float, times: Ints) -> Floats:
    """Give the profit of what was closed by each time."""
    gross = trades.sign * (trades.exit_price - trades.entry_price) * trades.qty * multiplier
    profit = np.nan_to_num(np.where(np.isnan(trades.net), gross, trades.net))
    order = np.argsort(trades.exit, kind="stable")
    sums = np.concatenate(([0.0], np.cumsum(profit[order])))
    found: Floats = sums[np.searchsorted(trades.exit[order], times, side="right")]
    return found


def _is_straight(earned: Floats, sizes: Floats) -> bool:
    if np.ptp(earned) == 0:
        return False
    together = float(np.corrcoef(earned, sizes)[0, 1])
    return together > 0 and together**2 >= _STRAIGHT
