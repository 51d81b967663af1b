"""Counts of odd records by instrument id and UTC day."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.bars import TRADE, is_two_sided
from hewston.pipeline.schemas import Schema
from hewston.pipeline.sources.dbn.records import (
    F_BAD_TS_RECV,
    NS_PER_DAY,
    PRICE_SCALE,
    UNDEF_PRICE,
    Rows,
)

TALLY: Schema = {
    "instrument_id": pl.UInt32,
    "day": pl.Int64,  # counted from 1970-01-01 UTC
    "kind": pl.String,
    "count": pl.Int64,
}
CENT_DECIMALS = 2
PUBLISHER = "publisher_"  # and its number: a venue, or a feed of one
_MOST_DECIMALS = 9
_DAY_BITS = 24
_PENDING = 64

_Counts = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]


class Tally:
    """Counts by kind, instrument id and day; memory grows with these, not with the records."""

    def __init__(self) -> None:
        self._counts: dict[str, list[_Counts]] = defaultdict(list)

    def add(
        self, kind: str, rows: Rows, weight: int = 1, *, also: str | None = None
    ) -> npt.NDArray[np.uint64]:
        """Count the rows under ``kind``, and ``also``; returns their keys, sorted and unique."""
        keys = day_keys(rows)
        edges = np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1, [len(keys)]))
        counts = self._counts[kind]
        counts.append(_summed(keys[edges[:-1]], np.diff(edges) * weight))
        added = counts[-1]
        if also is not None:
            self._counts[also].append(added)
        for pending in (self._counts[kind], self._counts[also or kind]):
            if len(pending) > _PENDING:
                pending[:] = [_joined(pending)]
        return added[0]

    def frame(self) -> pl.DataFrame:
        """Give all counts in the schema TALLY, sorted."""
        parts = [pl.DataFrame(schema=TALLY)]
        for kind, counts in sorted(self._counts.items()):
            keys, values = _joined(counts)
            ids, days = split_keys(keys)
            columns = {"instrument_id": ids, "day": days, "count": values}
            parts.append(
                pl.DataFrame(columns)
                .with_columns(kind=pl.lit(kind))
                .match_to_schema(pl.Schema(TALLY), integer_cast="upcast")
            )
        return pl.concat(parts)


def day_keys(rows: Rows) -> npt.NDArray[np.uint64]:
    """Give each record's instrument id and UTC day as one sortable number."""
    day = rows["ts_recv"] // np.uint64(NS_PER_DAY)
    return (rows["instrument_id"].astype(np.uint64) << np.uint64(_DAY_BITS)) | day


def split_keys(
    keys: npt.NDArray[np.uint64],
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Split keys into instrument ids and days."""
    ids = (keys >> np.uint64(_DAY_BITS)).astype(np.uint32)
    return ids, (keys & np.uint64((1 << _DAY_BITS) - 1)).astype(np.int64)


def count_records(
    rows: Rows, printed: npt.NDArray[np.bool_], tally: Tally
) -> npt.NDArray[np.uint64]:
    """Count a chunk's records and the odd ones among them; returns the keys of all of them.

    ``printed`` tells which rows are prints.
    """
    publishers = rows["publisher_id"]
    if (publishers == publishers[0]).all():
        keys = tally.add("records", rows, also=f"{PUBLISHER}{publishers[0]}")
    else:
        keys = tally.add("records", rows)
        for publisher in np.unique(publishers):
            _count(tally, f"{PUBLISHER}{publisher}", rows, publishers == publisher)
    _count(tally, "unreliable_time", rows, (rows["flags"] & F_BAD_TS_RECV) != 0)
    trade = rows["action"] == TRADE
    priced = rows["price"] != UNDEF_PRICE
    _count(tally, "other_action", rows, ~trade)
    _count(tally, "without_price", rows, trade & ~priced)
    _count(tally, "without_size", rows, trade & priced & (rows["size"] == 0))
    _count(tally, "negative_price", rows, printed & (rows["price"] < 0))
    _count_decimals(tally, rows, printed)
    if "bid_px" in (rows.dtype.names or ()):
        _count_quotes(tally, rows, printed)
    return keys


def _count_quotes(tally: Tally, rows: Rows, printed: npt.NDArray[np.bool_]) -> None:
    two_sided = printed & is_two_sided(rows)
    bid, ask = rows["bid_px"], rows["ask_px"]
    _count(tally, "one_sided_quote", rows, printed & ~two_sided)
    _count(tally, "crossed_quote", rows, two_sided & (bid > ask))
    _count(tally, "locked_quote", rows, two_sided & (bid == ask))


def _count_decimals(tally: Tally, rows: Rows, printed: npt.NDArray[np.bool_]) -> None:
    """Count prints with more than two decimals by how many they have."""
    finer = rows["price"] % (PRICE_SCALE // 10**CENT_DECIMALS) != 0
    left = np.flatnonzero(printed & finer)
    for decimals in range(CENT_DECIMALS + 1, _MOST_DECIMALS + 1):
        if len(left) == 0:
            return
        finer = rows["price"][left] % (PRICE_SCALE // 10**decimals) != 0
        if not finer.all():
            tally.add(f"decimals_{decimals}", rows[left[~finer]])
        left = left[finer]


def _count(tally: Tally, kind: str, rows: Rows, found: npt.NDArray[np.bool_]) -> None:
    if found.any():
        tally.add(kind, rows[found])


def _summed(keys: npt.NDArray[np.uint64], counts: npt.NDArray[np.int64]) -> _Counts:
    unique, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(unique), np.int64)
    np.add.at(sums, place, counts)
    return unique, sums


def _joined(counts: list[_Counts]) -> _Counts:
    return _summed(
        np.concatenate([keys for keys, _ in counts]), np.concatenate([n for _, n in counts])
    )
