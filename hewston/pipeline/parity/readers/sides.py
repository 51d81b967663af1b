"""What each text of Type means: by its words, else by what the rows themselves say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.parity.readers.table import Table
from hewston.pipeline.parity.readers.words import read_end, read_side

_SURE = 0.8  # share of trades, or of their profits, that must agree
_TWO = 2
_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """An end (``entry`` or ``exit``) and a side (``LONG`` or ``SHORT``)."""

    end: str
    side: str


def read_types(table: Table, rows: pl.DataFrame) -> dict[str, Meaning]:
    """Say what each Type means. ``rows``: number, type, time, price, pnl of each row.

    Words that are not known are told by the rows: of a trade's two the earlier is its entry, and
    a long one gains where its price rises. Raises InputError where that does not tell either.
    """
    texts = rows["type"].unique(maintain_order=True).to_list()
    known = {text: (read_end(text), read_side(text)) for text in texts}
    if all(end and side for end, side in known.values()):
        return {text: Meaning(end=str(end), side=str(side)) for text, (end, side) in known.items()}
    pairs = _pairs(rows)
    ends = _ends_by_time(pairs, {text: end for text, (end, _) in known.items()})
    found: dict[str, Meaning] = {}
    for first, second in {(a, b) for a, b in pairs.select("type", "type_2").iter_rows()}:
        one, other = ends.get(first), ends.get(second)
        both = pairs.filter((pl.col("type") == first) & (pl.col("type_2") == second))
        side = known[first][1] or known[second][1] or _side_by_profit(both, ends)
        if one and other and one != other and side:
            found[first] = Meaning(end=one, side=side)
            found[second] = Meaning(end=other, side=side)
    for text, (end, side) in known.items():
        if end and side:
            found[text] = Meaning(end=end, side=side)
    _check(table, texts, found)
    return found


def _check(table: Table, texts: Sequence[str], found: Mapping[str, Meaning]) -> None:
    unknown = [text for text in texts if text not in found]
    if unknown:
        shown = ", ".join(repr(text[:40]) for text in unknown[:_SHOWN])
        raise table.refuse(
            f"the Type {shown} is not understood: which rows are entries and exits, long and "
            "short, cannot be told. Export the list with TradingView in English.",
            column="Type",
        )


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """Put the two rows of each trade beside each other, in the order of their texts."""
    ordered = rows.sort("number", "type", maintain_order=True)
    whole = ordered.group_by("number", maintain_order=True).agg(pl.all())
    whole = whole.filter(pl.col("type").list.len() == _TWO)
    return whole.select(
        *(pl.col(name).list.get(0).alias(name) for name in ("type", "time", "price", "pnl")),
        *(pl.col(name).list.get(1).alias(f"{name}_2") for name in ("type", "time", "price")),
    ).filter(pl.col("type") != pl.col("type_2"))


def _ends_by_time(pairs: pl.DataFrame, known: Mapping[str, str | None]) -> dict[str, str]:
    ends = {text: end for text, end in known.items() if end}
    for (first, second), group in pairs.group_by("type", "type_2", maintain_order=True):
        one, other = str(first), str(second)
        step = (group["time_2"] - group["time"]).dt.total_milliseconds().drop_nulls()
        later, earlier = int((step > 0).sum()), int((step < 0).sum())
        if later and later >= _SURE * (later + earlier):
            ends.setdefault(one, "entry")
            ends.setdefault(other, "exit")
        elif earlier and earlier >= _SURE * (later + earlier):
            ends.setdefault(one, "exit")
            ends.setdefault(other, "entry")
    return ends


def _side_by_profit(pairs: pl.DataFrame, ends: Mapping[str, str]) -> str | None:
    """Weigh profits by their size: fees turn the sign of small ones only."""
    if pairs.is_empty():
        return None
    rise = (pairs["price_2"] - pairs["price"]).fill_null(0.0)
    if ends.get(str(pairs["type"][0])) == "exit":
        rise = -rise
    weight = pairs["pnl"].fill_null(0.0) * rise.sign()
    total = float(weight.abs().sum())
    if not total or abs(float(weight.sum())) < (2 * _SURE - 1) * total:
        return None
    return "LONG" if float(weight.sum()) > 0 else "SHORT"
