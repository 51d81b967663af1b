"""The bars that regular sessions would have if something traded in every interval."""

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS, INTERVALS, is_daily
from hewston.pipeline.schemas import UTC_NS

_Numbers = npt.NDArray[np.int64]


class Grid:
    """Counts the intervals of regular sessions from the first session's open on.

    ``schedule`` has the columns of SCHEDULE. Intraday intervals count from each open and from the
    end of a break, and the last one before a break or a close ends with it; "1d" is one a session.
    Longer ones have no grid: it is empty, as it is without sessions.
    """

    def __init__(self, schedule: pl.DataFrame, interval: str) -> None:
        sessions = schedule.clear() if INTERVALS[interval] > INTERVALS["1d"] else schedule
        if not is_daily(interval):
            sessions = _part_at_breaks(sessions)
        self._opens = _nanoseconds(sessions["open"])
        self._closes = _nanoseconds(sessions["close"])
        lengths = self._closes - self._opens
        self._step = INTERVAL_NS[interval]
        self._is_daily = is_daily(interval)
        counts = np.ones_like(lengths) if self._is_daily else -(-lengths // self._step)
        self._firsts = np.concatenate(([0], np.cumsum(counts)))  # of each session, and the end

    @property
    def size(self) -> int:
        """The intervals of all sessions."""
        return int(self._firsts[-1])

    def positions(self, ts: pl.Series, sessions: pl.Series) -> pl.Series:
        """Give the interval that each bar is; null for one that is in no regular session."""
        times = _nanoseconds(ts)
        if not self.size:
            return pl.repeat(None, len(ts), dtype=pl.Int64, eager=True)
        if self._is_daily:  # a day's bar may start before its session opens
            index = np.searchsorted(self._closes, times, side="right")
        else:
            index = np.searchsorted(self._opens, times, side="right") - 1
        is_known = (index >= 0) & (index < len(self._opens))
        inside = (sessions == "regular").to_numpy() & is_known
        index = np.clip(index, 0, len(self._opens) - 1)
        steps = 0 if self._is_daily else (times - self._opens[index]) // self._step
        found = np.minimum(self._firsts[index] + steps, self._firsts[index + 1] - 1)
        return pl.select(
            pl.when(pl.Series(inside)).then(pl.Series(found, dtype=pl.Int64))
        ).to_series()

    def gaps(self, ts: pl.Series, sessions: pl.Series, *, reached: int, end: bool) -> pl.DataFrame:
        """List where intervals have no bar: row (of the bar after), from, to (exclusive), missing.

        The bars are in order; ``reached`` intervals of the grid are before them, and with ``end``
        none of the dataset come after: what is missing behind the last has the row after it.
        """
        found = pl.DataFrame({"position": self.positions(ts, sessions)}).with_row_index("row")
        if end:
            found = found.vstack(
                pl.DataFrame(
                    {"row": [len(ts)], "position": [self.size]}, schema=found.collect_schema()
                )
            )
        known = found.drop_nulls().with_columns(
            first=pl.col("position").shift(fill_value=reached - 1) + 1
        )
        gaps = known.filter(pl.col("position") > pl.col("first"))
        return gaps.select(
            "row",
            self._starts(gaps["first"]).alias("from"),
            self._ends(gaps["position"] - 1).alias("to"),
            (pl.col("position") - pl.col("first")).alias("missing"),
        )

    def _starts(self, positions: pl.Series) -> pl.Series:
        index, steps = self._locate(positions)
        return pl.Series(self._opens[index] + steps * self._step, dtype=UTC_NS)

    def _ends(self, positions: pl.Series) -> pl.Series:
        index, steps = self._locate(positions)
        whole = self._opens[index] + (steps + 1) * self._step
        return pl.Series(np.minimum(whole, self._closes[index]), dtype=UTC_NS)

    def _locate(self, positions: pl.Series) -> tuple[_Numbers, _Numbers]:
        """Give each interval's session and its number in it."""
        numbers = positions.to_numpy()
        index = np.searchsorted(self._firsts, numbers, side="right") - 1
        return index, numbers - self._firsts[index]


def _part_at_breaks(sessions: pl.DataFrame) -> pl.DataFrame:
    """Give what a break divides as two sessions, before it and after it."""
    parted = sessions.filter(pl.col("break_start").is_not_null())
    return pl.concat(
        [
            sessions.select("open", close=pl.coalesce("break_start", "close")),
            parted.select(open="break_end", close="close"),
        ]
    ).sort("open")


def _nanoseconds(ts: pl.Series) -> _Numbers:
    return ts.cast(pl.Int64).to_numpy()
