"""The two rows of each trade as one."""

from collections.abc import Mapping

import polars as pl

from hewston.pipeline.parity.readers.sides import Meaning
from hewston.pipeline.parity.readers.table import Table
from hewston.pipeline.parity.readers.words import is_open_word
from hewston.pipeline.schemas import LISTED_TRADES, Schema

_SHARED = ("qty", "pnl", "commission", "mfe", "mae", "cumulative")


def pair_rows(
    table: Table, rows: pl.DataFrame, meanings: Mapping[str, Meaning]
) -> tuple[pl.DataFrame, list[str]]:
    """Make LISTED_TRADES of rows, with their own times, in the order of numbers; also warnings.

    A trade is open where the Signal of its exit says so in any language, where its exit has no
    price, or where its exit is the list's last moment and the cumulative profit leaves it out.
    """
    told = rows.with_columns(
        end=pl.col("type").replace_strict({text: one.end for text, one in meanings.items()}),
        side=pl.col("type").replace_strict({text: one.side for text, one in meanings.items()}),
    )
    _refuse_doubles(table, told)
    keys = ("number", "side", "line", "time", "price", "signal")
    entries = told.filter(pl.col("end") == "entry").select(*keys, *_SHARED)
    exits = told.filter(pl.col("end") == "exit").select(*keys, *_SHARED)
    whole = entries.join(exits, on="number", how="full", coalesce=True, suffix="_x").sort("number")
    _refuse_halves(table, whole)
    whole = whole.with_columns(is_open=_find_open(whole))
    _refuse_gaps(table, whole)
    warnings = _warn(whole)
    is_closed = ~pl.col("is_open")
    trades = whole.select(
        trade_id="number",
        side="side",
        entry_ts="time",
        entry_price="price",
        exit_ts=pl.when(is_closed).then("time_x"),
        exit_price=pl.when(is_closed).then("price_x"),
        qty=pl.coalesce("qty", "qty_x").abs(),
        fees=pl.coalesce("commission", "commission_x").abs(),
        net_pnl=pl.when(is_closed).then(pl.coalesce("pnl_x", "pnl")),
        mfe=pl.coalesce("mfe", "mfe_x"),
        mae=-pl.coalesce("mae", "mae_x").abs(),
        entry_reason="signal",
        exit_reason=pl.when(is_closed).then("signal_x"),
    )
    stamp = whole["time"].dtype
    schema: Schema = {**LISTED_TRADES, "entry_ts": stamp, "exit_ts": stamp}
    return trades.cast(pl.Schema(schema)), warnings


def _refuse_doubles(table: Table, told: pl.DataFrame) -> None:
    doubled = told.filter(pl.struct("number", "end").is_duplicated()).sort("number", "end", "line")
    if doubled.height:
        number, end = doubled["number"][0], doubled["end"][0]
        first, second = (int(line) for line in doubled["line"][:2])
        raise table.refuse(
            f"rows {first:,} and {second:,} are both the {end} of trade {number:,}. A trade has "
            "one row for its entry and one for its exit.",
            line=second,
        )


def _refuse_halves(table: Table, whole: pl.DataFrame) -> None:
    lonely = whole.filter(pl.col("line").is_null())
    if lonely.height:
        line = int(lonely["line_x"][0])
        raise table.refuse(
            f"row {line:,} is the exit of trade {lonely['number'][0]:,}, whose entry is not in "
            "the list. Is the file cut?",
            line=line,
        )
    mixed = whole.filter(pl.col("side") != pl.col("side_x"))
    if mixed.height:
        line = int(mixed["line_x"][0])
        raise table.refuse(
            f"row {line:,}: trade {mixed['number'][0]:,} is entered on one side and left on the "
            "other.",
            line=line,
        )
    unended = whole.filter(pl.col("line_x").is_null())
    later = whole.filter(pl.col("line_x").is_not_null())["time_x"].max()
    early = unended.filter(pl.col("time") < later) if later is not None else unended.head(0)
    if early.height:
        line = int(early["line"][0])
        raise table.refuse(
            f"row {line:,} is the entry of trade {early['number'][0]:,}, which has no exit, and "
            "others follow. Is the file cut?",
            line=line,
        )


def _find_open(whole: pl.DataFrame) -> pl.Series:
    last = pl.max_horizontal(whole["time"].max(), whole["time_x"].max())
    said = pl.Series([is_open_word(text) for text in whole["signal_x"].to_list()], dtype=pl.Boolean)
    at_end = whole.select(pl.col("time_x").is_null() | (pl.col("time_x") == last)).to_series()
    return said & at_end | whole["price_x"].is_null() | _is_left_out(whole, at_end)


def _is_left_out(whole: pl.DataFrame, at_end: pl.Series) -> pl.Series:
    """Mark the last trade where the cumulative profit is that of the one before."""
    marks = [False] * whole.height
    if whole.height > 1 and at_end[-1]:
        (before, after), pnl = whole["cumulative"][-2:].to_list(), whole["pnl"][-1]
        marks[-1] = pnl not in {None, 0} and before is not None and before == after
    return pl.Series(marks, dtype=pl.Boolean)


def _refuse_gaps(table: Table, whole: pl.DataFrame) -> None:
    """Refuse rows whose time, price or quantity is missing."""
    for name, what, shown in (
        ("time", "time", "line"),
        ("price", "price", "line"),
        ("qty", "quantity", "line"),
    ):
        bad = whole.filter(pl.col(name).is_null())
        if bad.height:
            raise table.refuse(
                f"row {bad[shown][0]:,} has no {what}.", line=int(bad[shown][0]), column=name
            )
    bad = whole.filter(~pl.col("is_open") & pl.col("time_x").is_null())
    if bad.height:
        line = int(bad["line_x"][0])
        raise table.refuse(f"row {line:,} has no time.", line=line, column="time")


def _warn(whole: pl.DataFrame) -> list[str]:
    warnings = []
    back = whole.filter(~pl.col("is_open") & (pl.col("time_x") < pl.col("time")))
    if back.height:
        warnings.append(
            f"{back.height:,} trades end before they begin, the first of them trade "
            f"{back['number'][0]:,}: dates may be read in the wrong order, or clocks were set back."
        )
    numbers = whole["number"].cast(pl.Int64)
    missing = int(numbers[-1]) - int(numbers[0]) + 1 - len(numbers)
    if missing or int(numbers[0]) > 1:
        warnings.append(
            f"The list goes from trade {numbers[0]:,} to {numbers[-1]:,} and has {len(numbers):,} "
            "of them: others were left out of the export."
        )
    open_count = int(whole["is_open"].sum())
    if open_count:
        warnings.append(
            f"{open_count:,} {'trade was' if open_count == 1 else 'trades were'} still open when "
            "the list was exported; only the entry is kept."
        )
    calls = int(
        whole["signal_x"].fill_null("").str.to_lowercase().str.contains("margin call").sum()
    )
    if calls:
        warnings.append(f"{calls:,} trades were closed by a margin call.")
    return warnings
