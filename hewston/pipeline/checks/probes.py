"""Look-ahead that acts at a few bars only: found by changing one bar and looking before it.

A run in which single bars are changed, far enough apart for the strategy to forget each before the
next, tries as many cuts as bars were changed. It only points at bars: what was found there is
proven by a run in which that one bar is changed and nothing else.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.checks.answers import Columns, Runner
from hewston.pipeline.checks.differences import find_far, list_spells, measure_scale, settle
from hewston.pipeline.errors import InputError

type Flags = npt.NDArray[np.bool_]

_PRICES = (
    "open", "high", "low", "close", "vwap",
    "bid_mean", "ask_mean", "bid_open", "ask_open", "bid_close", "ask_close",
)  # fmt: skip
_AMOUNTS = ("volume", "buy_volume", "sell_volume")
_MOVE = 0.03  # beyond the close before, against where the bar had gone
_TRIALS = 8  # bars of the run that measures how long a change is remembered
_USUAL = 6  # of them in order of length: what remembers longer now and then is only suspected
_SHORTEST = 16  # bars between changes
_FORGETFUL = 16  # a series counts if it forgets within this part of the data


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suspicion:
    """Series that were other at ``bar`` when ``changed``, a later bar, was other."""

    bar: int
    changed: int


def change_bars(bars: pl.DataFrame, rows: Sequence[int]) -> pl.DataFrame:
    """Give BARS in which some went the other way: their prices moved together, volumes too."""
    close = bars["close"].to_numpy()
    factor, amount = np.ones(bars.height), np.ones(bars.height)
    for row in rows:
        before = close[max(row - 1, 0)]
        direction = -1.0 if close[row] >= before else 1.0
        factor[row] = before * (1 + direction * _MOVE) / close[row] if close[row] else 1.0
        amount[row] = 3.0 if row % 2 else 1 / 3
    return bars.with_columns(
        *(pl.col(name) * pl.Series(factor) for name in _PRICES),
        *(pl.col(name) * pl.Series(amount) for name in _AMOUNTS),
    )


def turn_prices(bars: pl.DataFrame) -> pl.DataFrame:
    """Give BARS whose prices all went the other way, and whose volumes come in reverse order."""
    close = bars["close"]
    factor = (close[0] / close) ** 2 if close[0] else close
    return bars.with_columns(
        *(pl.col(name) * factor for name in _PRICES),
        *(pl.col(name).reverse() for name in _AMOUNTS),
    )


class Probes:
    """Runs in which single bars are changed, planned by how long a strategy remembers one."""

    def __init__(self, runner: Runner, bars: pl.DataFrame, whole: Columns) -> None:
        self._runner = runner
        self._bars = bars
        self._scales = {name: measure_scale(column) for name, column in whole.items()}
        self._whole = whole
        self._memory: dict[str, int] = {}
        self.is_blind = False
        self.changed = 0

    def search(self, *, runs: int, first: Iterable[int]) -> list[Suspicion]:
        """Change bars in up to ``runs`` runs, those of ``first`` before all others.

        Returns what to prove, the plainest first: where the difference began nearest to its cause.
        """
        self._measure_memory()
        if not self._memory:
            return []
        memory = max(self._memory.values())
        found = []
        for rows in self._plan(runs, list(first), distance=max(2 * memory, _SHORTEST)):
            differs = self._list_differing(rows)
            if differs is not None:
                self.changed += len(rows)
                found += _suspect(_any(differs.values()), rows, memory)
        return sorted(found, key=lambda one: (one.changed - one.bar, one.bar))

    def _measure_memory(self) -> None:
        """See how many bars each series differs after one was changed; drop what forgets none."""
        height = self._bars.height
        rows = [round(height * (place + 1) / (_TRIALS + 1)) for place in range(_TRIALS)]
        differs = self._list_differing(rows)
        if differs is None:
            return
        self.is_blind = not any(flags.any() for flags in differs.values())
        for name, flags in differs.items():
            lengths = sorted(
                settle(np.flatnonzero(flags[row:end]))[0]
                for row, end in zip(rows, [*rows[1:], height], strict=True)
            )
            if (usual := lengths[_USUAL]) <= height // _FORGETFUL:
                self._memory[name] = usual

    def _plan(self, runs: int, first: list[int], *, distance: int) -> Iterable[list[int]]:
        """Spread changed bars over runs, each bar once; nearest of ``first`` before any other."""
        waiting = np.array(sorted({row for row in first if 0 < row < self._bars.height}), np.intp)
        for run in range(min(runs, distance)):
            rows, start = [], 1 + run * distance // min(runs, distance)
            taken = []
            while start < self._bars.height:
                place = int(np.searchsorted(waiting, start))
                row = start
                if place < waiting.size and waiting[place] < start + distance:
                    row = int(waiting[place])
                    taken.append(place)
                rows.append(row)
                start = row + distance
            waiting = np.delete(waiting, taken)
            yield rows

    def _list_differing(self, rows: Sequence[int]) -> Mapping[str, Flags] | None:
        """Tell for each series at which bars it differs; None where the strategy fails."""
        answer = self._runner.attempt(change_bars(self._bars, rows))
        if isinstance(answer, InputError) or answer.keys() != self._whole.keys():
            return None
        return {
            name: find_far(self._whole[name], answer[name], scale=self._scales[name])
            for name in self._memory or self._whole
        }


def _suspect(differs: Flags, rows: Sequence[int], memory: int) -> list[Suspicion]:
    """Find differences that began after one change was forgotten and before the next one."""
    found = []
    for before, row in zip([-memory, *rows], rows, strict=False):
        forgotten = max(before + memory, 0)
        spells = list_spells(np.flatnonzero(differs[max(before, 0) : row]) + max(before, 0))
        if spells and (start := int(spells[-1][0])) >= forgotten:
            found.append(Suspicion(bar=start, changed=row))
    return found


def _any(flags: Iterable[Flags]) -> Flags:
    return np.asarray(np.logical_or.reduce(list(flags)), dtype=np.bool_)
