"""Which trade of one list is which of another: exact ones first, then the nearest."""

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.schemas import PLACED_TRADES

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]
type Booleans = npt.NDArray[np.bool_]

_KEYS = ("side", "entry_at", "exit_at", "qty", "entry_price", "exit_price", "trade_id")
_ENTRY, _EXIT = 1, 2  # of _KEYS
_EXACT = (6, 4, 3)  # how many keys must be equal, step by step: of trades alike, by quantity
_OPEN = -1.0  # stands for the end of an open lot: no place is below 0


def place_trades(trades: pl.DataFrame, entry_at: pl.Series, exit_at: pl.Series) -> pl.DataFrame:
    """Give TRADES_RT as PLACED_TRADES: when each began and ended, in the unit of the caller.

    Places are at least 0. That of an open lot's end is left out, and so is the price it stands at.
    """
    is_open = trades["exit_ts"].is_null()
    return trades.select(
        "trade_id",
        "side",
        entry_at.alias("entry_at"),
        exit_at.cast(pl.Int64).set(is_open, None).alias("exit_at"),
        "qty",
        "entry_price",
        trades["exit_price"].set(is_open, None),
    ).cast(pl.Schema(PLACED_TRADES))


def pair(a: pl.DataFrame, b: pl.DataFrame, *, tolerance: int) -> tuple[Integers, Integers]:
    """Pair rows of two lists (PLACED_TRADES) of one side, both ends within ``tolerance``.

    An open lot is paired with an open one, by its entry. First those whose ends are equal, and
    of these those of equal quantity and prices. Then, of all ways to pair the others without
    changing their order, one with the most pairs, and of these one with the least distance in
    sum. The same trades give the same pairs in whatever order they come, and either way round.

    Returns the rows of each pair.
    """
    keys = _read_keys(a), _read_keys(b)
    rest = np.arange(len(keys[0])), np.arange(len(keys[1]))  # rows without a partner
    found = []
    for count in _EXACT:
        at = _find_equal(keys[0][rest[0]], keys[1][rest[1]], count)
        found.append((rest[0][at[0]], rest[1][at[1]]))
        rest = np.delete(rest[0], at[0]), np.delete(rest[1], at[1])
    for side in (0.0, 1.0):
        for is_open in (False, True):
            rows_a, rows_b = (
                _choose(one, left, side, is_open=is_open)
                for one, left in zip(keys, rest, strict=True)
            )
            at = _pair_nearest(keys[0][rows_a], keys[1][rows_b], tolerance)
            found.append((rows_a[at[0]], rows_b[at[1]]))
    return np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])


def _read_keys(trades: pl.DataFrame) -> Floats:
    """Give a row of numbers a trade, in the order of ``_KEYS``; all of them are exact."""
    return (
        trades.select(
            pl.col("side").to_physical(),
            "entry_at",
            pl.col("exit_at").fill_null(_OPEN),
            "qty",
            "entry_price",
            pl.col("exit_price").fill_null(0.0),
            "trade_id",
        )
        .to_numpy(order="c")
        .astype(np.float64)
    )


def _find_equal(a: Floats, b: Floats, count: int) -> tuple[Integers, Integers]:
    """Pair rows whose first keys are equal: the first of one list with the first of the other."""
    both = np.concatenate((a, b))
    order = np.lexsort(both.T[::-1])
    ordered = both[order]
    begins = np.ones(len(ordered), dtype=np.bool_)
    begins[1:] = (ordered[1:, :count] != ordered[:-1, :count]).any(axis=1)
    group = np.cumsum(begins)
    names, rows = [], []
    for own in (order < len(a), order >= len(a)):
        groups = group[own]
        rank = np.arange(len(groups)) - np.searchsorted(groups, groups)
        names.append(groups * (len(ordered) + 1) + rank)
        rows.append(order[own])
    _, at_a, at_b = np.intersect1d(names[0], names[1], assume_unique=True, return_indices=True)
    return rows[0][at_a], rows[1][at_b] - len(a)


def _choose(keys: Floats, rows: Integers, side: float, *, is_open: bool) -> Integers:
    """Choose of some rows those of a side that are open, or closed; in order."""
    of_rows = keys[rows]
    chosen = (of_rows[:, 0] == side) & ((of_rows[:, _EXIT] == _OPEN) == is_open)
    kept = of_rows[chosen]
    ordered: Integers = rows[chosen][np.lexsort(kept.T[::-1])]
    return ordered


def _pair_nearest(a: Floats, b: Floats, tolerance: int) -> tuple[Integers, Integers]:
    """Pair the trades of one side, sorted, none of which has an equal in the other list."""
    ends_a, ends_b = (keys[:, [_ENTRY, _EXIT]].astype(np.int64) for keys in (a, b))
    # Of two equally good ways the same is taken either way round.
    is_turned = (len(b), ends_b.tolist()) < (len(a), ends_a.tolist())
    if is_turned:
        second, first = _match_ends(ends_b, ends_a, tolerance)
    else:
        first, second = _match_ends(ends_a, ends_b, tolerance)
    return first, second


def _match_ends(a: Integers, b: Integers, tolerance: int) -> tuple[Integers, Integers]:
    """Pair rows of (entry, exit), sorted: at once where nobody else is near, else by ``_align``."""
    low, high = _find_near(a[:, 0], b[:, 0], tolerance)
    low_b, high_b = _find_near(b[:, 0], a[:, 0], tolerance)
    alone = np.flatnonzero(high - low == 1)
    alone = alone[(high_b - low_b)[low[alone]] == 1]
    other = low[alone]
    is_near = np.abs(a[alone, 1] - b[other, 1]) <= tolerance
    rest_a, rest_b = np.delete(np.arange(len(a)), alone), np.delete(np.arange(len(b)), other)
    pairs = np.array(_align(a[rest_a], b[rest_b], tolerance), dtype=np.int64).reshape(-1, 2)
    return (
        np.concatenate((alone[is_near], rest_a[pairs[:, 0]])),
        np.concatenate((other[is_near], rest_b[pairs[:, 1]])),
    )


def _find_near(own: Integers, others: Integers, tolerance: int) -> tuple[Integers, Integers]:
    """Give the first and the end of the others that are near, for each of one's own."""
    low = np.searchsorted(others, own - tolerance, side="left")
    return low, np.searchsorted(others, own + tolerance, side="right")


def _align(a: Integers, b: Integers, tolerance: int) -> list[tuple[int, int]]:
    """Find the best pairs that keep the order: rows of (entry, exit), sorted.

    As in the alignment of sequences: ``best[j]`` is the most that the rows of ``a`` so far and the
    first j rows of ``b`` come to. Only b's rows whose entry is near are looked at, and what lies
    beyond them is as good as the last of them.
    """
    low, high = _find_near(a[:, 0], b[:, 0], tolerance)
    a_pair = 2 * tolerance * (min(len(a), len(b)) + 1) + 1  # outweighs any sum of distances
    best = np.zeros(len(b) + 1, dtype=np.int64)
    steps: list[tuple[int, int, Booleans, Booleans]] = []
    reached = 0
    nothing = np.zeros(0, dtype=np.bool_)
    for row, (first, end) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        if end > reached:
            best[reached + 1 : end + 1] = best[reached]
            reached = end
        if first == end:
            steps.append((first, end, nothing, nothing))
            continue
        apart = np.abs(b[first:end] - a[row])
        paired = best[first:end] + a_pair - apart.sum(axis=1)
        paired[apart[:, 1] > tolerance] = -1
        without = best[first + 1 : end + 1].copy()
        most = np.maximum.accumulate(np.maximum(without, paired))
        best[first + 1 : end + 1] = most
        is_left_out = most == without
        steps.append((first, end, is_left_out, ~is_left_out & (most == paired)))
    return _trace(steps, len(b))


def _trace(
    steps: list[tuple[int, int, Booleans, Booleans]], end_of_b: int
) -> list[tuple[int, int]]:
    """Follow the best way back from the end."""
    found: list[tuple[int, int]] = []
    at = end_of_b
    for row in range(len(steps) - 1, -1, -1):
        first, end, is_left_out, is_pair = steps[row]
        at = min(at, end)
        while at > first and not is_left_out[at - first - 1]:
            at -= 1
            if is_pair[at - first]:
                found.append((row, at))
                break
    return found[::-1]
