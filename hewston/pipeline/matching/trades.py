"""Every trade of two lists in one table: what it is matched with, and what differs."""

import numpy as np
import polars as pl

from hewston.pipeline.matching.pairs import Integers, pair
from hewston.pipeline.schemas import MATCH, MATCHES

KINDS: tuple[str, ...] = tuple(MATCH.categories)
_MONEY = ("gross_pnl", "slippage", "fees", "net_pnl")
_SHOWN = (
    "trade_id",
    "entry_bar",
    "entry_ts",
    "entry_price",
    "exit_bar",
    "exit_ts",
    "exit_price",
    "qty",
    *_MONEY,
    "entry_reason",
    "exit_reason",
)


def match_trades(
    a: pl.DataFrame,
    b: pl.DataFrame,
    *,
    placed_a: pl.DataFrame,
    placed_b: pl.DataFrame,
    tolerance: int,
) -> pl.DataFrame:
    """Match two lists of trades (TRADES_RT) one to one, as ``pairs.pair`` says: MATCHES.

    ``placed_a`` and ``placed_b`` say of the same rows when they began and ended, in one unit, in
    which ``tolerance`` is given too. The first kind that applies is a trade's: ``moved`` where an
    end differs, ``other price`` where a fill's price does, ``other quantity``, else ``matched``.
    Sorted by entry.
    """
    rows = _list_rows(*pair(placed_a, placed_b, tolerance=tolerance), a.height, b.height)
    ends = rows.select(
        **{f"{name}_a": placed_a[name].gather(rows["a"]) for name in placed_a.columns},
        **{f"{name}_b": placed_b[name].gather(rows["b"]) for name in placed_b.columns},
    )
    sides = [
        side.select(pl.col(_SHOWN).name.prefix(f"{name}_"))[rows[name]]
        for name, side in (("a", a), ("b", b))
    ]
    return (
        pl.concat([rows, ends.select(_describe()), *sides], how="horizontal")
        .with_columns(
            difference=pl.col("b_net_pnl").fill_null(0.0) - pl.col("a_net_pnl").fill_null(0.0)
        )
        .with_columns(_begin=pl.min_horizontal("a_entry_ts", "b_entry_ts"))
        .sort("_begin", "side", "a_trade_id", "b_trade_id", nulls_last=True)
        .select(list(MATCHES))
        .cast(pl.Schema(MATCHES))
    )


def _list_rows(paired_a: Integers, paired_b: Integers, count_a: int, count_b: int) -> pl.DataFrame:
    """List pairs of rows, then those that one list alone has; null where there is none."""
    alone_a = np.setdiff1d(np.arange(count_a), paired_a)
    alone_b = np.setdiff1d(np.arange(count_b), paired_b)
    return pl.DataFrame(
        {
            "a": [*paired_a.tolist(), *alone_a.tolist(), *[None] * len(alone_b)],
            "b": [*paired_b.tolist(), *[None] * len(alone_a), *alone_b.tolist()],
        },
        schema={"a": pl.UInt32, "b": pl.UInt32},
    )


def _describe() -> list[pl.Expr]:
    """Say of each row what kind it is, whether it is open, and how far it moved."""
    has_a, has_b = pl.col("trade_id_a").is_not_null(), pl.col("trade_id_b").is_not_null()
    moved = [(pl.col(f"{end}_at_b") - pl.col(f"{end}_at_a")) for end in ("entry", "exit")]
    is_moved = pl.any_horizontal((one != 0).fill_null(value=False) for one in moved)
    prices = [
        pl.col(f"{name}_a").ne_missing(pl.col(f"{name}_b"))
        for name in ("entry_price", "exit_price")
    ]
    kind = (
        pl.when(~has_b)
        .then(pl.lit("only in A"))
        .when(~has_a)
        .then(pl.lit("only in B"))
        .when(is_moved)
        .then(pl.lit("moved"))
        .when(pl.any_horizontal(prices))
        .then(pl.lit("other price"))
        .when(pl.col("qty_a") != pl.col("qty_b"))
        .then(pl.lit("other quantity"))
        .otherwise(pl.lit("matched"))
    )
    is_open = (has_a & pl.col("exit_at_a").is_null()) | (has_b & pl.col("exit_at_b").is_null())
    return [
        kind.cast(MATCH).alias("kind"),
        pl.coalesce("side_a", "side_b").alias("side"),
        is_open.alias("is_open"),
        moved[0].alias("entry_moved"),
        moved[1].alias("exit_moved"),
    ]
