"""Which listed trades a run made too: the same side, entry and exit, in time and price."""

import dataclasses

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.matching import pair, place_trades

SAME_PRICE = 1e-9  # relative

type Rows = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Matched:
    """How many of a list's trades a run made, and what it made besides, within the list's span.

    ``missing`` are rows of the list and ``surplus`` rows of the run without a partner,
    by their entry.
    """

    trades: int
    matched: int
    missing: pl.DataFrame
    surplus: pl.DataFrame

    @property
    def extra(self) -> int:
        """How many trades the run made that are not in the list."""
        return self.surplus.height

    @property
    def is_whole(self) -> bool:
        """Tell whether neither side has a trade that the other has not."""
        return not self.missing.height and not self.surplus.height

    @property
    def pct(self) -> float | None:
        """Percent of the list's trades, 0 to 100; None of an empty list."""
        return 100 * self.matched / self.trades if self.trades else None


def match_exactly(listed: pl.DataFrame, made: pl.DataFrame) -> Matched:
    """Match a list with what a run made one to one: both LISTED_TRADES, or of its columns' names.

    Prices may differ by a billionth of themselves. A listed trade that is still open is matched by
    its entry, whatever became of it later. Of the run count trades that were entered within the
    list's span, first to last time inclusive: what came before is not listed, and what came after
    the list was made cannot be.
    """
    made = within(listed, made)
    is_open = listed["exit_ts"].is_null()
    rows = pl.int_range(listed.height, eager=True)
    paired: list[tuple[Rows, Rows]] = []
    left = pl.int_range(made.height, eager=True)
    for chosen, by_entry in ((rows.filter(~is_open), False), (rows.filter(is_open), True)):
        at_listed, at_made = _pair(listed[chosen], made[left], by_entry=by_entry)
        found = chosen.to_numpy()[at_listed], left.to_numpy()[at_made]
        paired.append(found)
        left = left.filter(~left.is_in(found[1].tolist()))
    used = np.concatenate([found[0] for found in paired])
    return Matched(
        trades=listed.height,
        matched=len(used),
        missing=listed[np.setdiff1d(rows.to_numpy(), used)].sort("entry_ts"),
        surplus=made[left].sort("entry_ts"),
    )


def within(listed: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """Keep what a run entered within the span of a list."""
    first = listed["entry_ts"].min()
    last = listed.select(pl.max_horizontal(pl.col("entry_ts").max(), pl.col("exit_ts").max()))
    return made.filter(pl.col("entry_ts").is_between(first, last.item()))


def _pair(listed: pl.DataFrame, made: pl.DataFrame, *, by_entry: bool) -> tuple[Rows, Rows]:
    """Give the rows of those that are the same; what is open is paired with what is open alone."""
    if by_entry:
        made = made.with_columns(exit_ts=pl.lit(None, made["exit_ts"].dtype))
    at_listed, at_made = pair(_place(listed), _place(made), tolerance=0)
    same = _is_same(listed["entry_price"][at_listed], made["entry_price"][at_made])
    if not by_entry:
        same &= _is_same(listed["exit_price"][at_listed], made["exit_price"][at_made])
    return at_listed[same], at_made[same]


def _place(trades: pl.DataFrame) -> pl.DataFrame:
    return place_trades(trades, trades["entry_ts"].dt.epoch("ms"), trades["exit_ts"].dt.epoch("ms"))


def _is_same(one: pl.Series, other: pl.Series) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = np.isclose(
        one.to_numpy(), other.to_numpy(), rtol=SAME_PRICE, atol=0.0
    )
    return same
