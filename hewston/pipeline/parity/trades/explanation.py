"""The first layer at which two lists of trades differ, and why."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import polars as pl

from hewston.pipeline.parity.trades.alignment import explain_alignment
from hewston.pipeline.parity.trades.fees import find_fees, find_numeric
from hewston.pipeline.parity.trades.fills import (
    find_fill_clock,
    find_intrabar,
    find_other_prices,
)
from hewston.pipeline.parity.trades.finding import TradeFinding
from hewston.pipeline.parity.trades.lists import Bars, Listed, Lists
from hewston.pipeline.parity.trades.orders import (
    find_margin_call,
    find_other_levels,
    find_other_parts,
)
from hewston.pipeline.parity.trades.pairs import Paired, pair_lists
from hewston.pipeline.parity.trades.shifts import find_lag
from hewston.pipeline.parity.trades.signals import (
    find_anything,
    find_gap,
    find_late,
    find_other_signals,
    find_warmup,
)
from hewston.pipeline.parity.trades.size import find_sizing
from hewston.pipeline.schemas import CANDLES

_RULES: tuple[Callable[[Paired], TradeFinding | None], ...] = (
    find_gap,
    find_late,
    find_warmup,
    find_other_signals,
    find_margin_call,
    find_other_parts,
    find_other_levels,
    find_fill_clock,
    find_intrabar,
    find_other_prices,
    find_anything,
    find_sizing,
    find_fees,
    find_numeric,
)


def explain_trades(
    pine: pl.DataFrame,
    python: pl.DataFrame,
    *,
    candles: pl.DataFrame,
    interval_ms: int,
    multiplier: float = 1.0,
    decimals: Mapping[str, int] = MappingProxyType({}),
    knows_fees: bool = True,
    same_candles: bool = False,
) -> TradeFinding | None:
    """Say why trades differ (LISTED_TRADES of both).

    ``candles`` are CANDLES of Python, whose times and those of trades are bars' starts (UTC).
    ``decimals`` says by column how Pine's numbers are printed: what is equal then is the same.
    ``knows_fees`` is False where Pine's profits are of prices alone, as those of events are.
    ``same_candles`` says that candles of both sides were compared and agree: no feed is another.
    None where every trade of either side is one of the other, at the same times, prices,
    quantities and fees, as far as these can be compared. The layers are gone through from candles
    to fees, and the first rule that holds is taken, as docs/parity-comparison.md has them.
    """
    lists = Lists(
        pine=Listed.read(pine),
        python=Listed.read(python),
        bars=Bars.read(candles.select(list(CANDLES)), interval_ms),
        decimals=decimals,
        multiplier=multiplier,
        knows_fees=knows_fees,
    )
    if not len(lists.pine) and not len(lists.python):
        return None
    found = explain_alignment(lists)
    if found is not None and not (same_candles and found.cause == "feed"):
        return found
    paired = pair_lists(lists, find_lag(lists))
    return next((found for rule in _RULES if (found := rule(paired)) is not None), None)
