"""When equity was under water: each spell from its highest point to its recovery."""

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

type Integers = npt.NDArray[np.int64]
type Story = dict[str, str | float | int | None]

_NANOSECONDS_PER_DAY = 86_400_000_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spells:
    """Spells of drawdown as rows of EQUITY, one array element each, in order of time.

    A spell starts at the last bar on the highest equity before it: at the first bar where the
    starting cash was never reached. It ends at the first bar that reaches that equity again, or
    at the last bar.
    """

    start: Integers
    end: Integers
    deepest: int | None  # the spell of the deepest trough, the first of equal ones
    trough: int  # its row
    recovered: bool  # whether the last spell did
    bars: int  # all bars with a drawdown
    days: npt.NDArray[np.float64]  # of each spell, from start to end, with fractions

    @property
    def deepest_days(self) -> float:
        """Days that the deepest lasted; 0 without any."""
        return 0.0 if self.deepest is None else float(self.days[self.deepest])

    @property
    def longest_days(self) -> float:
        """Days that the longest lasted; 0 without any."""
        return float(self.days.max(initial=0.0))

    def describe_deepest(self, times: pl.Series) -> Story:
        """Tell of the deepest by the ISO times of its bars; all None without any."""
        if self.deepest is None:
            return dict.fromkeys(("start", "trough", "recovery", "duration_days", "duration_bars"))
        start, end = int(self.start[self.deepest]), int(self.end[self.deepest])
        is_over = self.recovered or self.deepest < len(self.start) - 1
        return {
            "start": _as_iso(times[start]),
            "trough": _as_iso(times[self.trough]),
            "recovery": _as_iso(times[end]) if is_over else None,
            "duration_days": self.deepest_days,
            "duration_bars": end - start,
        }


def find_spells(equity: pl.DataFrame) -> Spells:
    """Find the spells of drawdown in EQUITY, which has a row or more."""
    depth = equity["drawdown"].to_numpy()
    under = depth > 0
    edges = np.diff(under.astype(np.int8), prepend=0, append=0)
    first, after = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    start, end = np.maximum(first - 1, 0), np.minimum(after, len(depth) - 1)
    trough = int(depth.argmax())
    times = equity["ts_open"].to_physical().to_numpy()
    return Spells(
        start=start,
        end=end,
        deepest=int(np.searchsorted(first, trough, side="right")) - 1 if under[trough] else None,
        trough=trough,
        recovered=not under[-1],
        bars=int(under.sum()),
        days=(times[end] - times[start]) / _NANOSECONDS_PER_DAY,
    )


def _as_iso(time: dt.datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
