"""Whether a strategy's values change when later bars come.

A strategy that reads no later bar gives a bar the same values whether the data end there or go on.
So it runs on all the data and on the data up to a cut, again and again, and every column must be
equal on every bar up to the cut.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl

from hewston.pipeline.checks import cuts, hints
from hewston.pipeline.checks.answers import Columns, Runner
from hewston.pipeline.checks.differences import LAST_BITS, Difference, compare
from hewston.pipeline.checks.plan import Plan
from hewston.pipeline.checks.probes import Probes, change_bars, turn_prices
from hewston.pipeline.checks.result import Cause, Failure, Finding, LookAhead, Verdict, say_time
from hewston.pipeline.errors import InputError

_FEWEST = 20  # cuts that a verdict should rest on


class Search:
    """Where a strategy's answers differ, where it fails, and what else is to be said.

    ``whole`` is its answer on all of ``bars``.
    """

    def __init__(self, runner: Runner, bars: pl.DataFrame, whole: Columns, plan: Plan) -> None:
        self._runner, self._bars, self._whole, self._plan = runner, bars, whole, plan
        self._scale = float(np.nanmax(np.abs(bars["high"].to_numpy())))
        self._spots: dict[str, list[tuple[int, Difference]]] = {}
        self._cause: Cause = "the end of the data"
        self._last_bits: dict[str, list[Difference]] = {}
        self._failed: dict[int, str] = {}
        self._answered: list[int] = []
        self._notes: list[str] = []
        self._probed = 0

    def judge(self) -> LookAhead:
        """Run, compare and conclude; raises InputError where the strategy fails on all the data."""
        again = self._runner.run(self._bars)
        if unequal := compare(self._whole, again, rows=self._bars.height):
            return self._tell_random(unequal[0], self._bars.height - 1)
        events = cuts.list_events(self._whole)
        rows = set(cuts.choose_cuts(self._bars, spread=self._plan.spread, each=self._plan.each))
        rows |= set(cuts.choose_events(events, self._plan.events)) - {self._bars.height - 1}
        self._runner.expect(len(rows) + self._plan.probes + self._plan.starts)
        for row in sorted(rows):
            self._cut(row)
        for failure in self._list_failures()[: self._plan.proofs]:
            if not self._spots:
                self._change(failure.cut + 1)
        if not self._spots:
            self._probe({int(row) + 1 for kind in events for row in kind})
        return self._tell_random(*random) if (random := self._repeat()) else self._conclude()

    def _cut(self, row: int) -> None:
        answer = self._runner.attempt(self._bars[: row + 1])
        if isinstance(answer, InputError):
            self._failed[row] = answer.message
            return
        self._answered.append(row)
        self._sort(compare(self._whole, answer, rows=row + 1, scale=self._scale), row)

    def _sort(self, found: Iterable[Difference], cut: int) -> None:
        for difference in found:
            if difference.is_last_bits:
                self._last_bits.setdefault(difference.series, []).append(difference)
            else:
                self._spots.setdefault(difference.series, []).append((cut, difference))

    def _probe(self, first: set[int]) -> None:
        probes = Probes(self._runner, self._bars, self._whole)
        suspicions = probes.search(runs=self._plan.probes, first=first)
        self._probed = probes.changed
        for suspicion in suspicions[: self._plan.proofs]:
            self._prove(suspicion.changed)
            if self._spots:
                return
        if probes.is_blind and self._ignores_prices():
            self._notes.append(
                "No value depends on a price or a volume: the strategy decides by time alone. "
                "Whether its times were chosen with hindsight, no check can know."
            )

    def _prove(self, changed: int) -> None:
        """End the data before a bar, or change that bar alone: nothing before it may differ."""
        self._cut(changed - 1)
        if not self._spots:
            self._change(changed)

    def _change(self, row: int) -> None:
        answer = self._runner.attempt(change_bars(self._bars, [row]))
        if isinstance(answer, InputError):
            return
        self._sort(compare(self._whole, answer, rows=row, scale=self._scale), row - 1)
        if self._spots:
            self._cause = "another bar after it"

    def _ignores_prices(self) -> bool:
        answer = self._runner.attempt(turn_prices(self._bars))
        return not isinstance(answer, InputError) and not compare(
            self._whole, answer, rows=self._bars.height
        )

    def _repeat(self) -> tuple[Difference, int] | None:
        """Before accusing, see that all the data and the first cut still give what they gave."""
        if not self._spots:
            return None
        again = self._runner.run(self._bars)
        if unequal := compare(self._whole, again, rows=self._bars.height):
            return unequal[0], self._bars.height - 1
        return None

    def _tell_random(self, unequal: Difference, cut: int) -> LookAhead:
        finding = self._describe([(cut, unequal)], "a second run")
        return LookAhead(
            verdict="not deterministic",
            sentence=f"Two runs on the same bars differ: {finding.describe()} Nothing else can be "
            "checked before they agree. Give random numbers a fixed seed, and read no clock.",
            findings=(finding,),
        )

    def _conclude(self) -> LookAhead:
        ordered = sorted(self._spots.values(), key=_earliest)
        findings = tuple(
            self._describe(
                spots,
                self._cause,
                hint=hints.explain(self._runner, self._bars, self._whole, spots)
                if place < self._plan.explained and self._cause == "the end of the data"
                else None,
            )
            for place, spots in enumerate(ordered)
        )
        failures = self._list_failures()
        count = len(self._answered)
        verdict: Verdict
        if findings:
            verdict, sentence = "looks ahead", f"It looks ahead: {findings[0].describe()}"
        elif failures:
            verdict, sentence = "fails on less data", _describe_failures(failures)
        else:
            verdict = "clean"
            sentence = (
                f"No look-ahead found: at {count:,} cuts, every value of every bar is what it is "
                "on all the data."
            )
            if self._probed:
                sentence += f" Changing {self._probed:,} bars changed nothing before them."
        return LookAhead(
            verdict=verdict,
            sentence=sentence,
            findings=findings,
            failures=tuple(failures),
            notes=tuple(self._list_notes()),
            cuts=count,
            probed=self._probed,
        )

    def _describe(
        self, spots: list[tuple[int, Difference]], cause: Cause, hint: str | None = None
    ) -> Finding:
        cut, first = min(spots, key=lambda spot: (spot[1].bar, spot[0]))
        times = self._bars["ts_open"]
        return Finding(
            series=first.series,
            bar=first.bar,
            ts_open=times[first.bar],
            before=first.before,
            after=first.after,
            cut=cut,
            cut_ts_open=times[cut],
            cuts=len(spots),
            ulps=first.ulps,
            cause=cause,
            absent_in=first.absent_in,
            hint=hint,
        )

    def _list_failures(self) -> list[Failure]:
        """List the cuts that failed although a shorter one answered; or all where none did."""
        shortest = min(self._answered, default=-1)
        times = self._bars["ts_open"]
        return [
            Failure(cut=row, cut_ts_open=times[row], message=message)
            for row, message in sorted(self._failed.items())
            if row > shortest
        ]

    def _list_notes(self) -> Iterable[str]:
        yield from self._notes
        short = [row for row in self._failed if row < min(self._answered, default=-1)]
        if short:
            row = max(short)
            yield (
                f"It does not answer on {row + 1:,} or fewer bars: “{self._failed[row]}” "
                "That is no look-ahead."
            )
        if 0 < len(self._answered) < _FEWEST:
            yield f"Only {len(self._answered)} cuts could be looked at: more data tell more."
        for name, found in sorted(self._last_bits.items()):
            absent = next((one for one in found if one.absent_in), None)
            if absent:
                yield f"The column {name} is not there on less data; it says nothing there either."
                continue
            ulps = [one.ulps for one in found if one.ulps is not None]
            far = f"at most {max(ulps)} units of the last place" if ulps else ""
            if not ulps or max(ulps) > LAST_BITS:
                far = "less than the last bits of the prices"
            yield (
                f"{name} differs in its last bits at {len(found):,} cuts, by {far}: its sums are "
                "taken in another order. That is no look-ahead."
            )


def _earliest(spots: list[tuple[int, Difference]]) -> tuple[int, str]:
    return min(spot.bar for _, spot in spots), spots[0][1].series


def _describe_failures(failures: list[Failure]) -> str:
    first = failures[0]
    return (
        f"It fails when the data end at {say_time(first.cut_ts_open)} (row {first.cut:,}), though "
        f"it answers on all the data: {first.message} It could not have traded that bar."
    )
