"""Where a run and a list part first: the earliest trade that they do not share."""

import datetime as dt
from typing import Any

import polars as pl

from hewston.pipeline.parity.board.exact import SAME_PRICE, Matched

_ENDS = ("entry_price", "exit_ts", "exit_price")


def find_first_divergence(found: Matched) -> dict[str, Any] | None:
    """Find the first moment at which a run and a list are not the same; None where they are.

    Trades of one side that begin on one bar at one price part at the first of their exits, all
    others at their entry. Returns plain JSON values: ``ts`` (UTC), what the list has (``expected``)
    and the run (``actual``), null where it has no such trade, and a ``sentence``.
    """
    if found.is_whole:
        return None
    both = found.missing.select("side", "entry_ts", *_ENDS).join(
        found.surplus.select("side", "entry_ts", *_ENDS),
        on=["side", "entry_ts"],
        how="full",
        coalesce=True,
        suffix="_made",
    )
    same_entry = (pl.col("entry_price") - pl.col("entry_price_made")).abs() <= (
        SAME_PRICE * pl.col("entry_price").abs()
    )
    first_exit = pl.min_horizontal("exit_ts", "exit_ts_made")
    row = (
        both.with_columns(
            at_exit=same_entry.fill_null(value=False) & first_exit.is_not_null(),
            first_exit=first_exit,
        )
        .with_columns(ts=pl.when("at_exit").then("first_exit").otherwise("entry_ts"))
        .sort("ts", "side", maintain_order=True)
        .row(0, named=True)
    )
    expected, actual = _describe(row, ""), _describe(row, "_made")
    return {
        "ts": row["ts"].isoformat(),
        "end": "exit" if row["at_exit"] else "entry",
        "side": str(row["side"]),
        "expected": expected,
        "actual": actual,
        "sentence": _write(row, at_exit=row["at_exit"]),
    }


def _describe(row: dict[str, Any], suffix: str) -> dict[str, Any] | None:
    if row[f"entry_price{suffix}"] is None:
        return None
    end = row[f"exit_ts{suffix}"]
    return {
        "entry_ts": row["entry_ts"].isoformat(),
        "entry_price": row[f"entry_price{suffix}"],
        "exit_ts": None if end is None else end.isoformat(),
        "exit_price": None if end is None else row[f"exit_price{suffix}"],
    }


def _write(row: dict[str, Any], *, at_exit: bool) -> str:
    side = str(row["side"]).lower()
    if at_exit:
        ends = [
            _write_exit(row[f"exit_ts{suffix}"], row[f"exit_price{suffix}"])
            for suffix in ("", "_made")
        ]
        begun = _write_time(row["entry_ts"])
        return f"The {side} of {begun}: the list {ends[0]}, the run {ends[1]}."
    begun = f"{_write_time(row['entry_ts'])}: "
    listed, made = row["entry_price"], row["entry_price_made"]
    if made is None:
        return f"{begun}the list goes {side} at {listed!r}, the run does not."
    if listed is None:
        return f"{begun}the run goes {side} at {made!r}, the list does not."
    return f"{begun}the list goes {side} at {listed!r}, the run at {made!r}."


def _write_exit(at: dt.datetime | None, price: float | None) -> str:
    return "holds it" if at is None else f"leaves at {_write_time(at)} at {price!r}"


def _write_time(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
