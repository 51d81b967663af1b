"""Stage 8: where a result comes from: over time, by drawdown, by month, by kind of trade."""

from hewston.pipeline.breakdown.curve import CURVE, thin_curve
from hewston.pipeline.breakdown.days import DAYS, summarise_days
from hewston.pipeline.breakdown.distribution import Bin, histogram
from hewston.pipeline.breakdown.drawdowns import Drawdown, find_drawdowns
from hewston.pipeline.breakdown.months import YearOfReturns, monthly_returns
from hewston.pipeline.breakdown.rolling import WINDOW, roll
from hewston.pipeline.breakdown.series import address, encode_series
from hewston.pipeline.breakdown.stored import (
    Breakdown,
    StoredRun,
    make_breakdown,
    read_breakdown,
    read_places,
    read_trades,
)
from hewston.pipeline.breakdown.trades import (
    GROUPS,
    LEAST_TRADES,
    PLACED_TRADES,
    PLACES,
    RESULTS,
    SIDES,
    STATES,
    WEEKDAYS,
    TradeGroup,
    TradeSelection,
    frame_groups,
    group_trades,
    place_trades,
    sort_trades,
    total,
)

__all__ = [
    "CURVE",
    "DAYS",
    "GROUPS",
    "LEAST_TRADES",
    "PLACED_TRADES",
    "PLACES",
    "RESULTS",
    "SIDES",
    "STATES",
    "WEEKDAYS",
    "WINDOW",
    "Bin",
    "Breakdown",
    "Drawdown",
    "StoredRun",
    "TradeGroup",
    "TradeSelection",
    "YearOfReturns",
    "address",
    "encode_series",
    "find_drawdowns",
    "frame_groups",
    "group_trades",
    "histogram",
    "make_breakdown",
    "monthly_returns",
    "place_trades",
    "read_breakdown",
    "read_places",
    "read_trades",
    "roll",
    "sort_trades",
    "summarise_days",
    "thin_curve",
    "total",
]
