"""A strategy as the checks see it: bars in, columns out, as often as they ask."""

from collections.abc import Callable, Mapping

import polars as pl

from hewston.pipeline.errors import InputError

type Columns = Mapping[str, pl.Series]
type Answer = Callable[[pl.DataFrame], Columns]


class Runner:
    """Runs one strategy again and again, and tells how far along the check is.

    ``answer`` gets BARS and returns every column of the strategy's answer by name, a value a bar,
    with null apart from NaN; it raises InputError where the strategy fails. ``progress`` gets the
    share of expected runs that are done, never less than before; it may raise to cancel.
    """

    def __init__(self, answer: Answer, *, progress: Callable[[float], None]) -> None:
        self._answer = answer
        self._progress = progress
        self._share = 0.0
        self._planned = 0  # not known yet
        self.runs = 0

    def expect(self, runs: int) -> None:
        """Say how many more runs there will be, about."""
        self._planned = self.runs + runs

    def run(self, bars: pl.DataFrame) -> dict[str, pl.Series]:
        """Give the columns of one run; raises InputError where the strategy fails."""
        if self._planned:
            self._share = min(max(self._share, self.runs / self._planned), 1.0)
        self._progress(self._share)
        self.runs += 1
        columns = {str(name): column for name, column in self._answer(bars).items()}
        for name, column in columns.items():
            if len(column) != bars.height:
                raise InputError(
                    f"The column {name} has {len(column):,} values for {bars.height:,} bars.",
                    field=name,
                )
        return columns

    def attempt(self, bars: pl.DataFrame) -> dict[str, pl.Series] | InputError:
        """Give the columns of one run, or why the strategy failed."""
        try:
            return self.run(bars)
        except InputError as problem:
            return problem
