"""What a run decided, sent, filled and closed, as columns for the film in the browser."""

from collections.abc import Iterable

import polars as pl

from hewston.pipeline.playback.columns import encode_columns
from hewston.pipeline.schemas import FILLS, ORDERS, TRADES_RT


def encode_decisions(
    *,
    signals: pl.LazyFrame,
    equity: pl.LazyFrame,
    orders: pl.DataFrame,
    fills: pl.DataFrame,
    trades: pl.DataFrame,
) -> bytes:
    """Encode a run's artifacts.

    One value for each of the run's bars: target, reason, cash. One for each order: order_bar,
    order_id, order_side (1 buy, -1 sell), order_qty, order_price, order_type, order_status,
    order_reason. For each fill: fill_bar, fill_id, fill_order, fill_side, fill_qty, fill_price,
    fill_reference, fill_slippage, fill_fee. For each trade: trade_id, trade_side (1 long,
    -1 short), trade_entry_bar, trade_exit_bar, trade_qty, trade_entry_price, trade_net_pnl;
    those that were closed come first, by exit.

    Texts are numbers of the list ``texts`` in the header.
    """
    told = (
        equity.select("ts_open", "cash")
        .join(
            signals.select("ts_open", "target", "reason"),
            on="ts_open",
            how="left",
            maintain_order="left",
        )
        .collect()
    )
    orders = orders.match_to_schema(pl.Schema(ORDERS))
    fills = fills.match_to_schema(pl.Schema(FILLS))
    trades = trades.match_to_schema(pl.Schema(TRADES_RT))
    words = pl.Enum(
        _list_texts((told["reason"], orders["type"], orders["status"], orders["reason"]))
    )
    columns = {
        "target": told["target"],
        "reason": _number(told["reason"], words),
        "cash": told["cash"],
        "order_bar": orders["bar"],
        "order_id": orders["order_id"],
        "order_side": _sign(orders["side"], "BUY"),
        "order_qty": orders["qty"],
        "order_price": orders["price"],
        "order_type": _number(orders["type"], words),
        "order_status": _number(orders["status"], words),
        "order_reason": _number(orders["reason"], words),
        "fill_bar": fills["bar"],
        "fill_id": fills["fill_id"],
        "fill_order": fills["order_id"],
        "fill_side": _sign(fills["side"], "BUY"),
        "fill_qty": fills["qty"],
        "fill_price": fills["price"],
        "fill_reference": fills["reference_price"],
        "fill_slippage": fills["slippage"],
        "fill_fee": fills["fee"],
        "trade_id": trades["trade_id"],
        "trade_side": _sign(trades["side"], "LONG"),
        "trade_entry_bar": trades["entry_bar"],
        "trade_exit_bar": trades["exit_bar"],
        "trade_qty": trades["qty"],
        "trade_entry_price": trades["entry_price"],
        "trade_net_pnl": trades["net_pnl"],
    }
    return encode_columns(columns, about={"texts": words.categories.to_list()})


def _list_texts(columns: Iterable[pl.Series]) -> pl.Series:
    return pl.concat([column.cast(pl.String) for column in columns]).drop_nulls().unique().sort()


def _number(texts: pl.Series, words: pl.Enum) -> pl.Series:
    return texts.cast(pl.String).cast(words).to_physical()


def _sign(sides: pl.Series, positive: str) -> pl.Series:
    return (sides == positive).cast(pl.Int8) * 2 - 1
