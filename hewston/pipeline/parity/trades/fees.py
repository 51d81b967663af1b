"""The last layer: what trading costs."""

import numpy as np

from hewston.pipeline.parity.trades.finding import MS_NS, TradeFinding, write_count
from hewston.pipeline.parity.trades.lists import SAME, Flags, Floats, Ints, Listed
from hewston.pipeline.parity.trades.pairs import Paired

HALF_CENT = 0.005 * (1 + SAME)  # money: what printing leaves open where nobody says how it prints
CONVERTED = 0.0022  # of a trade's profit: what another currency's rate moves it
_PRINTED = 1e-6  # of the fees: computed otherwise
_MOST = 0.1  # of what is bought and sold: dearer is another multiplier or currency
_NO_FEE = 0.02  # of trades, whose fees may come out below nothing


def find_fees(paired: Paired) -> TradeFinding | None:
    """Times, prices and quantities of all trades agree, and fees do not, where they are known."""
    lists = paired.lists
    if not paired.is_whole or paired.lag or not lists.knows_fees:
        return None
    closed = ~(lists.pine.is_open[paired.same[0]] | lists.python.is_open[paired.same[1]])
    rows = paired.same[0][closed], paired.same[1][closed]
    there, slack = _find_fees(paired, lists.pine, rows[0], is_printed=True)
    here, slack_here = _find_fees(paired, lists.python, rows[1], is_printed=False)
    if not len(rows[0]) or not (_is_sound(paired, there, slack) and _is_sound(paired, here, slack)):
        return None
    apart = np.abs(there - here)
    other = apart > slack + slack_here + _PRINTED * np.maximum(np.abs(there), np.abs(here))
    if not other.any():
        return None
    if (np.abs(there) <= slack).all():
        there = np.zeros_like(there)  # what rounding and a rate leave is no fee
    return TradeFinding(
        class_name="python_implementation",
        cause="fees",
        layer="fees",
        at=int(lists.pine.exit[rows[0][other]].min()) * MS_NS,
        sentence=f"Pine's fees come to {there.sum():,.2f}, and those here to {here.sum():,.2f}; "
        f"they differ for {write_count(int(other.sum()))}. Times, prices and quantities are the "
        "same.",
    )


def _find_fees(
    paired: Paired, trades: Listed, rows: Ints, *, is_printed: bool
) -> tuple[Floats, Floats]:
    """Give fees as they are listed, else what net profits leave, and how exact either is."""
    lists = paired.lists
    change = trades.exit_price[rows] - trades.entry_price[rows]
    gross = trades.sign[rows] * change * trades.qty[rows] * lists.multiplier
    listed = trades.fees[rows]
    is_listed = ~np.isnan(listed)
    half = [
        (lists.half_unit(name) or HALF_CENT) if is_printed else 0.0 for name in ("fees", "net_pnl")
    ]
    slack = np.where(is_listed, half[0], half[1] + CONVERTED * np.abs(gross))
    return np.where(is_listed, listed, gross - trades.net[rows]), slack


def _is_sound(paired: Paired, fees: Floats, slack: Floats) -> bool:
    """Tell fees from what another multiplier or currency makes of the same trades.

    Those make fees out of profits: below nothing where a trade won or where it lost, or more than
    anybody takes.
    """
    lists = paired.lists
    value = np.abs(lists.pine.entry_price * lists.pine.qty)[paired.same[0]].sum()
    known = ~np.isnan(fees)
    if not known.all():
        return False
    below: Flags = fees < -slack
    return bool(below.mean() <= _NO_FEE) and fees.sum() <= _MOST * 2 * value * lists.multiplier


def find_numeric(paired: Paired) -> TradeFinding | None:
    """Prices and quantities differ by no more than the loose tolerance."""
    if not paired.is_whole or paired.lag:
        return None
    names = ("entry_price", "exit_price", "qty")
    other = {name: paired.differs(name, SAME) for name in names}
    any_other = np.logical_or.reduce(list(other.values()))
    if not any_other.any():
        return None
    row = int(np.argmax(any_other))
    pine = paired.lists.pine
    own = int(paired.same[0][row])
    at = pine.exit if other["exit_price"][row] and not other["entry_price"][row] else pine.entry
    is_size = not (other["entry_price"] | other["exit_price"]).any()
    return TradeFinding(
        class_name="numeric_tolerance",
        cause="unknown",
        layer="size" if is_size else "fills",
        at=int(at[own]) * MS_NS,
        sentence="All trades are the same within a millionth of their prices and quantities.",
    )
