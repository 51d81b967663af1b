"""How many bars a strategy needs until its answers no longer depend on where the data began."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from hewston.pipeline.checks.answers import Columns, Runner
from hewston.pipeline.checks.cuts import choose_starts, usual_step_ns
from hewston.pipeline.checks.differences import MEANINGFUL, Flags, find_far, measure_scale, settle
from hewston.pipeline.checks.result import WarmUp
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVAL_NS

_SETTLED = 0.1  # of the bars that both have must agree at the end, or agreement is chance
_MOST_SINGLE = 0.005  # of the bars
_MINUTE_NS = INTERVAL_NS["1m"]


def measure_warmup(runner: Runner, bars: pl.DataFrame, whole: Columns, *, starts: int) -> WarmUp:
    """Begin the data at several bars and see from which bar on every value is as on all the data.

    ``whole`` is the answer on all of BARS.
    """
    needed: dict[str, int | None] = dict.fromkeys(sorted(whole), 0)
    scales = {name: measure_scale(column) for name, column in whole.items()}
    single: dict[str, int] = {}
    failed: list[str] = []
    answered = 0
    for start in choose_starts(bars, starts):
        answer = runner.attempt(bars[start:])
        if isinstance(answer, InputError):
            failed.append(answer.message)
            continue
        answered += 1
        for name, so_far in needed.items():
            here, few = (None, 0)
            if name in answer:
                here, few = _count(find_far(whole[name][start:], answer[name], scale=scales[name]))
            needed[name] = None if here is None or so_far is None else max(so_far, here)
            single[name] = max(single.get(name, 0), few)
    notes = [f"It failed on data that begin later: {failed[0]}"] if failed else []
    notes += [
        f"{name} differs at single bars too, {count:,} at most: there it hangs on the rounding of "
        "its numbers, as where two averages are equal."
        for name, count in single.items()
        if count and needed[name] is not None
    ]
    if not answered:
        return WarmUp(
            sentence="The warm-up is not known: the strategy answers on no shorter data.",
            bars=None,
            signals=None,
            series={},
            starts=0,
            notes=tuple(notes),
        )
    signals = {name: count for name, count in needed.items() if name in MEANINGFUL}
    step_ns = usual_step_ns(bars)
    return WarmUp(
        sentence=_describe(needed, signals, step_ns),
        bars=_longest(needed),
        signals=_longest(signals),
        series=needed,
        starts=answered,
        notes=tuple(notes),
    )


def say_bars(bars: int | None, step_ns: int) -> str:
    """Write a number of bars, and how long they are."""
    if bars is None:
        return "never within the data"
    minutes = bars * step_ns / _MINUTE_NS
    length = f"{minutes:,.0f} minutes"
    for name, word in (("1d", "days"), ("1h", "hours")):
        if minutes * _MINUTE_NS >= 2 * INTERVAL_NS[name]:
            length = f"{minutes * _MINUTE_NS / INTERVAL_NS[name]:,.1f} {word}"
            break
    return f"{bars:,} bars (≈ {length} of bars)" if bars != 1 else f"1 bar (≈ {length} of bars)"


def _describe(
    needed: Mapping[str, int | None], signals: Mapping[str, int | None], step_ns: int
) -> str:
    longest = _longest(needed)
    if longest is not None:
        if not longest:
            return "It needs no warm-up: its values are the same whatever bar the data begin at."
        return f"Whatever bar the data begin at, values agree after {say_bars(longest, step_ns)}."
    never = [name for name, count in needed.items() if count is None]
    text = (
        f"{', '.join(never)} {'depends' if len(never) == 1 else 'depend'} on where the data begin"
    )
    text = f"{text}, to their end"
    if signals and (of_signals := _longest(signals)) is not None:
        return f"{text}. What trades agrees after {say_bars(of_signals, step_ns)}."
    return f"{text}: results are those of one beginning only."


def _longest(needed: Mapping[str, int | None]) -> int | None:
    counts = [count for count in needed.values() if count is not None]
    return max(counts, default=0) if len(counts) == len(needed) else None


def _count(differs: Flags) -> tuple[int | None, int]:
    """Count the bars until a series agrees to the end, None where it does not; and single bars."""
    rows = np.flatnonzero(differs)
    needed, single = settle(rows)
    if single > _MOST_SINGLE * differs.size:
        needed, single = int(rows[-1]) + 1, 0
    return (needed if differs.size - needed >= _SETTLED * differs.size else None), single
