"""Round trips: which entry each exit closed, first in, first out."""

import dataclasses
from collections import deque

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.accounting.lots import as_units, count_signed_lots
from hewston.pipeline.errors import ReconciliationError
from hewston.pipeline.schemas import TRADES_RT
from hewston.pipeline.spec import FillClock

type Floats = npt.NDArray[np.float64]
type Booleans = npt.NDArray[np.bool_]
type Integers = npt.NDArray[np.int64]


def match_trades(
    fills: pl.DataFrame,
    orders: pl.DataFrame,
    bars: pl.DataFrame,
    *,
    multiplier: float,
    fill_clock: FillClock,
    lot: float,
) -> pl.DataFrame:
    """Pair fills into round trips: FILLS, ORDERS and BARS to TRADES_RT, one row a lot.

    A fill first closes the oldest opposite lots, splitting the last; what remains opens one.
    Fees and slippage of a fill are shared out by quantity. ``gross_pnl`` is at reference
    prices, ``net_pnl`` is the float ``gross_pnl - slippage - fees``, ``return`` is net_pnl
    over ``|qty * entry_price * multiplier|`` (null where that is 0).

    A lot that is still open comes last, with null exits. It is marked at the last close and
    bears the costs of its entry only, so that net_pnl over all rows adds up to the change of
    equity; it is not a closed trade.

    ``bars_held`` is exit bar - entry bar; an open lot is held to the close of the last bar.
    ``mae_price`` and ``mfe_price`` are the furthest that price went against and for the trade
    from its entry price, over both fill prices (an open lot: the last close) and all bars
    that lie wholly inside the trade. Those begin at the entry bar when it was entered at its
    open, else at the bar after; they end at the exit bar when it was left at its close, else
    at the bar before. Money is that price times quantity and multiplier.

    Raises ReconciliationError for a fill whose order is unknown.
    """
    lots = _match_lots(count_signed_lots(fills, lot))
    qty = np.array([as_units(int(count), lot) for count in lots.count], dtype=np.float64)
    value = qty * multiplier
    last_close = bars["close"][-1] if bars.height else np.nan
    entry_price, exit_price = lots.both_ends(fills["price"], last_close)
    entry_reference, exit_reference = lots.both_ends(fills["reference_price"], last_close)
    gross = lots.direction * value * (exit_reference - entry_reference) + 0.0
    fees, slippage = lots.share(fills["fee"]), lots.share(fills["slippage"])
    net = gross - slippage - fees
    entry_value = np.abs(qty * entry_price * multiplier)
    returns = np.divide(net, entry_value, out=np.zeros_like(net), where=entry_value > 0)
    first, last, held = _count_bars(lots, fills, bars.height, fill_clock)
    low = np.minimum(entry_price, exit_price)
    high = np.maximum(entry_price, exit_price)
    _reduce_ranges(bars["low"].to_numpy(), first, last, np.minimum, out=low)
    _reduce_ranges(bars["high"].to_numpy(), first, last, np.maximum, out=high)
    is_long = lots.direction > 0
    worst = np.where(is_long, low - entry_price, entry_price - high) + 0.0
    best = np.where(is_long, high - entry_price, entry_price - low) + 0.0
    entry_rows = pl.Series(lots.entry)
    exit_rows = pl.Series(lots.exit).set(pl.Series(lots.is_open), None)
    reasons = _reasons(fills, orders)
    return pl.DataFrame(
        {
            "trade_id": np.arange(1, len(qty) + 1),
            "side": ["LONG" if long else "SHORT" for long in is_long],
            "entry_bar": fills["bar"].gather(entry_rows),
            "entry_ts": fills["ts"].gather(entry_rows),
            "entry_price": entry_price,
            "exit_bar": fills["bar"].gather(exit_rows),
            "exit_ts": fills["ts"].gather(exit_rows),
            "exit_price": fills["price"].gather(exit_rows),
            "qty": qty,
            "gross_pnl": gross,
            "fees": fees,
            "slippage": slippage,
            "net_pnl": net,
            "return": pl.Series(returns).set(pl.Series(entry_value == 0), None),
            "bars_held": held,
            "mae": worst * value,
            "mae_price": worst,
            "mfe": best * value,
            "mfe_price": best,
            "entry_reason": reasons.gather(entry_rows),
            "exit_reason": reasons.gather(exit_rows),
        },
        schema=TRADES_RT,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Lots:
    """Matched lots, one array element each: those that were closed by exit, then open ones."""

    entry: Integers  # row of the fill that opened it
    exit: Integers  # row of the fill that closed it; 0 while it is open
    is_open: Booleans
    count: Integers  # lots, > 0
    entry_count: Integers  # lots of the whole entry fill, > 0
    exit_count: Integers  # lots of the whole exit fill, > 0
    direction: Floats  # 1 long, -1 short

    def both_ends(self, column: pl.Series, while_open: float) -> tuple[Floats, Floats]:
        """Read a fills column at entry and at exit; ``while_open`` stands for a missing exit."""
        values = column.to_numpy()
        return values[self.entry], np.where(self.is_open, while_open, values[self.exit])

    def share(self, column: pl.Series) -> Floats:
        """Share out a fills column of money by quantity, entry and exit together."""
        values = column.to_numpy()
        at_entry = values[self.entry] * (self.count / self.entry_count)
        at_exit = values[self.exit] * (self.count / self.exit_count)
        return at_entry + np.where(self.is_open, 0.0, at_exit)


def _match_lots(signed_lots: list[int]) -> _Lots:
    """Close the oldest opposite lots first, in whole numbers."""
    rows: list[tuple[int, int, bool, int]] = []
    waiting: deque[tuple[int, int]] = deque()  # (fill, signed lots left), all of one side
    for fill, signed in enumerate(signed_lots):
        left = signed
        while left and waiting and (waiting[0][1] > 0) != (left > 0):
            entry, standing = waiting.popleft()
            matched = min(abs(standing), abs(left))
            rows.append((entry, fill, False, matched))
            closed = matched if standing > 0 else -matched
            left += closed
            if standing != closed:
                waiting.appendleft((entry, standing - closed))
        if left:
            waiting.append((fill, left))
    rows += [(entry, 0, True, abs(standing)) for entry, standing in waiting]
    entry_rows, exit_rows, is_open, count = np.array(rows, dtype=np.int64).reshape(-1, 4).T.copy()
    signed_counts = np.array(signed_lots, dtype=np.int64)
    return _Lots(
        entry=entry_rows,
        exit=exit_rows,
        is_open=is_open.astype(np.bool_),
        count=count,
        entry_count=np.abs(signed_counts[entry_rows]),
        exit_count=np.abs(signed_counts[exit_rows]),
        direction=np.sign(signed_counts[entry_rows]).astype(np.float64),
    )


def _count_bars(
    lots: _Lots, fills: pl.DataFrame, bar_count: int, fill_clock: FillClock
) -> tuple[Integers, Integers, Integers]:
    """Give the first and last bar wholly inside each trade, and the bars it was held."""
    bar = fills["bar"].to_numpy().astype(np.int64)
    intrabar = fills["intrabar"].to_numpy()
    at_open = ~intrabar & (fill_clock == "next_open")
    at_close = ~intrabar & (fill_clock == "close")
    entry_bar, exit_bar = bar[lots.entry], bar[lots.exit]
    first = entry_bar + ~at_open[lots.entry]
    last = np.where(lots.is_open, bar_count - 1, exit_bar - ~at_close[lots.exit])
    held_to = np.where(lots.is_open, bar_count - 1 + at_open[lots.entry], exit_bar)
    return first, last, held_to - entry_bar


def _reduce_ranges(
    values: Floats, first: Integers, last: Integers, reduce: np.ufunc, *, out: Floats
) -> None:
    """Reduce each ``out`` with ``values[first:last + 1]``, in O((values + ranges) log values).

    A range of length n is the union of its first and its last 2**k values with 2**k <= n; one
    pass over the levels k keeps only one level's table. An empty range changes nothing.
    """
    level = np.frexp((last - first + 1).clip(min=0).astype(np.float64))[1] - 1
    table = values
    for k in range(int(level.max(initial=-1)) + 1):
        rows = np.flatnonzero(level == k)
        span = reduce(table[first[rows]], table[last[rows] - (1 << k) + 1])
        out[rows] = reduce(out[rows], span)
        table = reduce(table[: -(1 << k)], table[1 << k :])


def _reasons(fills: pl.DataFrame, orders: pl.DataFrame) -> pl.Series:
    """Look up the reason of each fill's order."""
    of_order = dict(zip(orders["order_id"], orders["reason"], strict=True))
    unknown = sorted(set(fills["order_id"]) - of_order.keys())
    if unknown:
        raise ReconciliationError(
            f"A fill names the order {unknown[0]}, which was never sent. The run is not trusted."
        )
    return pl.Series([of_order[order] for order in fills["order_id"]], dtype=pl.String)
