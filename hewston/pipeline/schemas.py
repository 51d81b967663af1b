"""Column contracts of every frame that crosses a module's edge, with units.

Times are UTC. Prices and money are Float64 in the instrument's currency; quantities are in
units of the instrument. ``bar`` columns are row numbers of the run's bars, counted from 0.
"""

from collections.abc import Iterable

import polars as pl

UTC_NS = pl.Datetime("ns", "UTC")
SESSIONS = ("pre", "regular", "post", "closed")
SESSION = pl.Enum(SESSIONS)
SIDE = pl.Enum(("BUY", "SELL"))
TRADE_SIDE = pl.Enum(("LONG", "SHORT"))
ORDER_STATUS = pl.Enum(("FILLED", "REJECTED", "CANCELLED", "OPEN"))
ORDER_TYPE = pl.Enum(("MARKET", "LIMIT", "STOP"))
DIFFERENCE = pl.Enum(("differs", "only ours", "only theirs"))
MATCH = pl.Enum(("matched", "moved", "other price", "other quantity", "only in A", "only in B"))
TIME_IN_FORCE = pl.Enum(("GTC", "DAY", "IOC"))

Schema = dict[str, pl.DataType | type[pl.DataType]]

BARS: Schema = {
    "ts_open": UTC_NS,  # start of the interval, inclusive
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,  # units
    "trade_count": pl.UInt32,  # prints; null where the source has none
    "vwap": pl.Float64,  # sum(price * size) / sum(size); null where unknown
    "buy_volume": pl.Float64,  # units, buyer was the aggressor; null where the source does not tell
    "sell_volume": pl.Float64,  # units, seller was the aggressor; null likewise
    "bid_mean": pl.Float64,  # mean over the interval's valid quotes before each trade; null without
    "ask_mean": pl.Float64,
    "spread_mean": pl.Float64,  # price units
    "bid_open": pl.Float64,  # first valid quote of the interval
    "ask_open": pl.Float64,
    "bid_close": pl.Float64,  # last valid quote of the interval
    "ask_close": pl.Float64,
    "session": SESSION,  # by ts_open
}

# CONDITIONS and EXITS follow where the strategy gave them, and every indicator as a Float64 column
# of its own name.
SIGNALS: Schema = {
    "ts_open": UTC_NS,
    "target": pl.Float64,  # net position wanted after this bar's close, in units of the run's size
    "reason": pl.String,  # null where the strategy gave none
}

# What a strategy said of exits inside the bar: stored with the signals where it said so.
# Prices and distances are in price units, the others fractions of the entry fill's price.
EXITS: Schema = {
    "stop_loss": pl.Float64,  # price; row t rules inside bar t + 1, null is no stop there
    "take_profit": pl.Float64,
    "stop_offset": pl.Float64,  # from the entry fill, read at the row whose target opened it
    "target_offset": pl.Float64,
    "stop_pct": pl.Float64,
    "target_pct": pl.Float64,
}

# Likewise its conditions, as it gave them; a missing value is false.
CONDITIONS: Schema = {
    "long_condition": pl.Boolean,
    "exit_long": pl.Boolean,
    "short_condition": pl.Boolean,
    "exit_short": pl.Boolean,
}

# What the engine acts on, beside the signals and not stored: ``changed`` always, the next four
# where the strategy gave conditions, the last where it gave distances.
RULES: Schema = {
    "changed": pl.Boolean,  # the target differs from the row before
    "opens_long": pl.Boolean,  # long_condition rises
    "closes_long": pl.Boolean,
    "opens_short": pl.Boolean,
    "closes_short": pl.Boolean,
    "in_entry_bar": pl.Boolean,  # distances read at this row hold inside the entry bar already
}

ORDERS: Schema = {
    "bar": pl.UInt32,  # the bar at whose close the order was sent
    "ts": UTC_NS,  # that close
    "order_id": pl.UInt32,  # counted from 1
    "side": SIDE,
    "qty": pl.Float64,
    "type": ORDER_TYPE,
    "time_in_force": TIME_IN_FORCE,
    "price": pl.Float64,  # null for a market order; of a stop or limit that moved, the last one
    "status": ORDER_STATUS,
    "reason": pl.String,
}

# What the engine reports of each fill. Accounting adds slippage, position and cash: FILLS.
EXECUTIONS: Schema = {
    "bar": pl.UInt32,  # as in FILLS
    "ts": UTC_NS,
    "intrabar": pl.Boolean,
    "order_id": pl.UInt32,
    "fill_id": pl.UInt32,
    "side": SIDE,
    "qty": pl.Float64,
    "price": pl.Float64,
    "reference_price": pl.Float64,
    "fee": pl.Float64,
}

FILLS: Schema = {
    "bar": pl.UInt32,  # close: the bar that closed; next_open and intrabar: the bar it happened in
    "ts": UTC_NS,  # market time
    "intrabar": pl.Boolean,
    "order_id": pl.UInt32,
    "fill_id": pl.UInt32,  # counted from 1
    "side": SIDE,
    "qty": pl.Float64,
    "price": pl.Float64,
    "reference_price": pl.Float64,  # the print: that close or open, or the trigger price
    "slippage": pl.Float64,  # money, a cost is positive
    "fee": pl.Float64,  # money
    "position_after": pl.Float64,
    "cash_after": pl.Float64,
}

TRADES_RT: Schema = {
    "trade_id": pl.UInt32,  # counted from 1
    "side": TRADE_SIDE,
    "entry_bar": pl.UInt32,
    "entry_ts": UTC_NS,
    "entry_price": pl.Float64,
    "exit_bar": pl.UInt32,  # all exits null while the lot is open
    "exit_ts": UTC_NS,
    "exit_price": pl.Float64,
    "qty": pl.Float64,
    "gross_pnl": pl.Float64,  # money, at reference prices
    "fees": pl.Float64,  # money
    "slippage": pl.Float64,  # money
    "net_pnl": pl.Float64,  # gross_pnl - slippage - fees
    "return": pl.Float64,  # net_pnl over entry value, a fraction
    "bars_held": pl.UInt32,
    "mae": pl.Float64,  # money, <= 0
    "mae_price": pl.Float64,  # price units, <= 0
    "mfe": pl.Float64,  # money, >= 0
    "mfe_price": pl.Float64,  # price units, >= 0
    "entry_reason": pl.String,
    "exit_reason": pl.String,
}

EQUITY: Schema = {
    "ts_open": UTC_NS,
    "cash": pl.Float64,
    "position": pl.Float64,  # units, after the bar's close
    "close": pl.Float64,
    "equity": pl.Float64,  # cash + position * close * multiplier
    "drawdown": pl.Float64,  # fraction below the highest equity so far, >= 0
    "exposure": pl.Float64,  # |position| * close * multiplier / equity
}

# Where a dataset's bars and somebody else's are not the same: a row a value, or a bar without a
# counterpart.
DIFFERENCES: Schema = {
    "ts_open": UTC_NS,
    "session": SESSION,  # null where a bar mixes sessions
    "kind": DIFFERENCE,
    "column": pl.String,  # of BARS; null for a bar that one side alone has
    "ours": pl.Float64,
    "theirs": pl.Float64,
}

# A trade as it is matched with another list's: its ends in one unit, bars or milliseconds.
PLACED_TRADES: Schema = {
    "trade_id": pl.UInt32,
    "side": TRADE_SIDE,
    "entry_at": pl.Int64,
    "exit_at": pl.Int64,  # null while the lot is open
    "qty": pl.Float64,
    "entry_price": pl.Float64,
    "exit_price": pl.Float64,  # null while the lot is open
}

# The trades of A and B as they belong together: a row a pair, or a trade that one alone has. The
# columns of TRADES_RT are there twice, and null where that side has no trade.
MATCHES: Schema = {
    "kind": MATCH,
    "side": TRADE_SIDE,
    "is_open": pl.Boolean,  # whether a lot of it is still open
    "entry_moved": pl.Int64,  # of B from A, in the unit of the places; null without a pair
    "exit_moved": pl.Int64,  # null likewise, and while a lot is open
    "difference": pl.Float64,  # money: net_pnl of B - net_pnl of A, 0 where there is no trade
    **{
        f"{side}_{name}": TRADES_RT[name]
        for side in ("a", "b")
        for name in (
            "trade_id",
            "entry_bar",
            "entry_ts",
            "entry_price",
            "exit_bar",
            "exit_ts",
            "exit_price",
            "qty",
            "gross_pnl",
            "slippage",
            "fees",
            "net_pnl",
            "entry_reason",
            "exit_reason",
        )
    },
}

# Bars that another program made, as far as it says them.
CANDLES: Schema = {
    "ts_open": UTC_NS,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,  # null where the source has none
}

# Trades as another program lists them: a row a trade, in the order of its numbers.
LISTED_TRADES: Schema = {
    "trade_id": pl.UInt32,  # its number in the list
    "side": TRADE_SIDE,
    "entry_ts": UTC_NS,
    "entry_price": pl.Float64,
    "exit_ts": UTC_NS,  # null while the trade is open
    "exit_price": pl.Float64,  # null likewise
    "qty": pl.Float64,
    "fees": pl.Float64,  # null where the list does not say
    "net_pnl": pl.Float64,  # of the account's currency; null while the trade is open
    "mfe": pl.Float64,  # null where not listed
    "mae": pl.Float64,  # <= 0; null where not listed
    "entry_reason": pl.String,
    "exit_reason": pl.String,
}


def list_indicators(signals: Iterable[str]) -> list[str]:
    """List the columns of stored signals that are indicators, in their order."""
    return [name for name in signals if name not in {*SIGNALS, *CONDITIONS, *EXITS}]
