"""The signals as the follower reads them: rows to act at, and the target that each one asks for."""

import bisect

import numpy as np
import polars as pl

from hewston.pipeline.strategies.conditions import Conditions


class Signals:
    """Targets, or conditions whose targets depend on what fills."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._conditions = Conditions.of_signals(frame)
        self._targets = frame["target"].to_numpy()
        self._reasons = frame["reason"]
        self._changed: list[int] = np.flatnonzero(frame["changed"].to_numpy()).tolist()
        self._followed: list[tuple[int, int]] = []  # of conditions: from which row on, which side

    def all_targets(self) -> list[float]:
        """List every target that may be asked for."""
        if self._conditions is not None:
            return [1.0]
        return [float(target) for target in self._targets[self._changed]]

    def next_row(self, side: int, start: int) -> int | None:
        """Find the first row from ``start`` on at which a position of a side may change."""
        if self._conditions is not None:
            return self._conditions.next_row(side, start)
        place = bisect.bisect_left(self._changed, start)
        return self._changed[place] if place < len(self._changed) else None

    def decide(self, side: int, row: int) -> float | None:
        """Say which target a row asks for; None when it asks for no change."""
        if self._conditions is None:
            place = bisect.bisect_left(self._changed, row)
            is_one = place < len(self._changed) and self._changed[place] == row
            return float(self._targets[row]) if is_one else None
        wanted = self._conditions.decide(side, row)
        if wanted == side:
            return None
        self._followed.append((row, wanted))
        return float(wanted)

    def fell_to(self, row: int, side: int) -> None:
        """Note that from a row on a side is held that no condition asked for."""
        if self._conditions is not None:
            self._followed.append((row, side))

    def reason(self, row: int) -> str | None:
        """Give the strategy's reason at a row."""
        text = self._reasons[row]
        return None if text is None else str(text)

    def contradictions(self) -> list[int]:
        """List the rows at which both entries rise."""
        return [] if self._conditions is None else self._conditions.contradictions

    def targets(self) -> pl.Series:
        """Give the target of each row as it was followed."""
        if self._conditions is None:
            return pl.Series("target", self._targets)
        sides = dict(self._followed)  # of two at a row, the later one holds
        rows = sorted(row for row in sides if row < len(self._targets))
        target = np.zeros(len(self._targets))
        for row, following in zip(rows, [*rows, None][1:], strict=True):
            target[row:following] = sides[row]
        return pl.Series("target", target)
