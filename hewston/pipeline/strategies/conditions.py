"""The state machine of conditions: which target holds after each bar's close."""

import bisect
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

type Booleans = npt.NDArray[np.bool_]

LONG, FLAT, SHORT = 1, 0, -1


class Conditions:
    """What opens and closes each side, a value a row; a side is LONG, FLAT or SHORT."""

    def __init__(
        self,
        *,
        opens_long: Booleans,
        closes_long: Booleans,
        opens_short: Booleans,
        closes_short: Booleans,
    ) -> None:
        both = opens_long & opens_short
        self.contradictions: list[int] = np.flatnonzero(both).tolist()
        self._opens = {LONG: opens_long & ~both, SHORT: opens_short & ~both}
        self._closes = {LONG: closes_long, SHORT: closes_short}
        acting = {
            FLAT: self._opens[LONG] | self._opens[SHORT],
            LONG: closes_long | self._opens[SHORT],
            SHORT: closes_short | self._opens[LONG],
        }
        self._rows: dict[int, list[int]] = {
            side: np.flatnonzero(rows).tolist() for side, rows in acting.items()
        }

    @classmethod
    def of_signals(cls, signals: pl.DataFrame) -> Self | None:
        """Read them from signals; None where the strategy gave a position instead."""
        if "opens_long" not in signals.columns:
            return None
        names = ("opens_long", "closes_long", "opens_short", "closes_short")
        return cls(**{name: signals[name].to_numpy() for name in names})

    def next_row(self, side: int, start: int) -> int | None:
        """Find the first row from ``start`` on at which something may change for a side."""
        rows = self._rows[side]
        place = bisect.bisect_left(rows, start)
        return rows[place] if place < len(rows) else None

    def decide(self, side: int, row: int) -> int:
        """Say which side holds after a row: first exits act, then entries that rise.

        Where both entries rise, neither acts.
        """
        if side != FLAT and self._closes[side][row]:
            side = FLAT
        if self._opens[LONG][row]:
            return LONG
        return SHORT if self._opens[SHORT][row] else side

    def plan(self, rows: int) -> npt.NDArray[np.float64]:
        """Give the target of every row if all orders fill and no stop or limit closes anything."""
        target = np.zeros(rows)
        side, row = FLAT, self.next_row(FLAT, 0)
        while row is not None:
            side = self.decide(side, row)
            following = self.next_row(side, row + 1)
            target[row:following] = side
            row = following
        return target


def find_rises(condition: Booleans) -> Booleans:
    """Tell where a condition holds that did not hold on the row before; the first may rise."""
    rises = condition.copy()
    rises[1:] &= ~condition[:-1]
    return rises
