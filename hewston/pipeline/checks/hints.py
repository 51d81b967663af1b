"""What kind of look-ahead a finding most likely is, where the data prove it."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from hewston.pipeline.checks.answers import Columns, Runner
from hewston.pipeline.checks.cuts import number_periods, pick_evenly, usual_step_ns
from hewston.pipeline.checks.differences import Difference, Numbers, compare, read_numbers
from hewston.pipeline.checks.result import say_time
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVAL_NS

_SPOTS = 5  # bars of one series: what holds at all of them is a rule
_LATER = (1, 2, 3, 5, 8, 13, 21, 34)  # bars after it: what is final stays
_EARLY = 0.75  # of the data
_FURTHEST = 60  # bars ahead
_SAMPLE, _LEAST, _SHARE = 200, 20, 0.999
_PERIODS: Mapping[str, str] = {
    "1w": "week",
    "1d": "day",
    "4h": "four hours",
    "1h": "hour",
    "30m": "half hour",
    "15m": "quarter of an hour",
    "5m": "five minutes",
}


def explain(
    runner: Runner, bars: pl.DataFrame, whole: Columns, spots: Sequence[tuple[int, Difference]]
) -> str | None:
    """Say what the look-ahead of one series is; None where the data do not tell.

    ``spots`` are the cuts at which it differed, with how.
    """
    name = spots[0][1].series
    if spots[0][1].absent_in is not None:
        return "Whether the strategy returns this column depends on later bars."
    if match := _match_later(name, whole, bars):
        return match
    chosen = _choose_spots(spots, bars.height)
    settled = [_settle(runner, bars, {name: whole[name]}, spot) for spot in chosen]
    known = [(bar, end) for (_, bar), end in zip(chosen, settled, strict=True) if end is not None]
    if not known:
        return (
            "Its value still changes with the last bar of all: it is computed over all the data, "
            "like a mean, an extreme or a rank of the whole sample."
        )
    is_last_row = all(spot.bar == cut for cut, spot in spots)
    return _describe(bars, known, is_last_row=is_last_row) if len(known) == len(settled) else None


def _choose_spots(spots: Sequence[tuple[int, Difference]], height: int) -> list[tuple[int, int]]:
    """Choose cuts with different bars, away from the end, where nothing would come to settle."""
    by_bar: dict[int, int] = {}
    for cut, spot in spots:
        by_bar.setdefault(spot.bar, cut)
        by_bar.setdefault(spot.last, cut)
    pairs = sorted((cut, bar) for bar, cut in by_bar.items())
    early = [pair for pair in pairs if pair[0] < _EARLY * height] or pairs
    return [early[place] for place in pick_evenly(np.arange(len(early)), _SPOTS)]


def _describe(
    bars: pl.DataFrame, known: Sequence[tuple[int, int]], *, is_last_row: bool
) -> str | None:
    """Say when values were final, from bars and the rows with which they became so."""
    ahead = sorted({end - bar for bar, end in known})
    if len(known) < _SPOTS - 1:
        return None
    if len(ahead) == 1:
        kind = f"as with shift(-{ahead[0]}) or a centred window"
        if is_last_row and ahead[0] == 1:
            kind = "as with shift(-1), or with another rule for the last row of the frame"
        later = "the bar after it" if ahead[0] == 1 else f"{ahead[0]:,} more bars"
        return f"Its value is final only with {later}: {kind}."
    ends = {end for _, end in known}
    if len(ends) == 1:
        time = say_time(bars["ts_open"][min(ends)])
        return (
            f"Values before {time} all wait for that bar: they are filled back from it, or it "
            "is an extreme of all the data."
        )
    if period := _find_period(bars, known):
        return (
            f"Its value is final only at the end of its {period}, by UTC: an aggregate of a longer "
            "interval that is not shifted."
        )
    return (
        f"Where it was looked at, its value is final only {ahead[0]:,} to {ahead[-1]:,} bars later."
    )


def _find_period(bars: pl.DataFrame, known: Sequence[tuple[int, int]]) -> str | None:
    """Name the longest period with whose last bar values become final.

    One may do so earlier in its period: its last values may be alike.
    """
    step = usual_step_ns(bars)
    for name, word in _PERIODS.items():
        numbers = number_periods(bars, name)
        inside = all(numbers[bar] == numbers[end] for bar, end in known)
        at_end = sum(numbers[end] != numbers[end + 1] for _, end in known)
        if INTERVAL_NS[name] > step and inside and at_end >= len(known) - 1:
            return word
    return None


def _settle(
    runner: Runner, bars: pl.DataFrame, series: Columns, spot: tuple[int, int]
) -> int | None:
    """Find the row with which the value of one series at a bar becomes that on all the data.

    ``spot`` is a cut at which it was not, and the bar. None where it still changes at the end.
    """
    cut, bar = spot
    value = {name: column[bar : bar + 1] for name, column in series.items()}

    @functools.cache
    def is_equal(row: int) -> bool:
        answer = runner.attempt(bars[: row + 1])
        if isinstance(answer, InputError):
            return False
        again = {name: answer[name][bar : bar + 1] for name in series if name in answer}
        return all(found.is_last_bits for found in compare(value, again, rows=1))

    last = bars.height - 2
    if not is_equal(last):
        return None
    low = cut
    while True:
        high = _find_first(is_equal, low, last)
        later = [row for row in (high + offset for offset in _LATER) if row < last]
        unequal = next((row for row in later if not is_equal(row)), None)
        if unequal is None:
            return high
        low = unequal  # it was equal by chance: prices come again


def _find_first(is_equal: Callable[[int], bool], low: int, last: int) -> int:
    """Find a row after ``low`` from which values are equal, near before far; ``last`` is one."""
    step = 1
    while low + step < last and not is_equal(low + step):
        low, step = low + step, step * 2
    high = min(low + step, last)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_equal(middle) else (middle, high)
    return high


def _match_later(name: str, whole: Columns, bars: pl.DataFrame) -> str | None:
    """Say of which later values a series consists, where it does."""
    if not _is_number(whole[name]):
        return None
    values = read_numbers(whole[name])
    named = {
        column: read_numbers(bars[column]) for column in bars.columns if _is_number(bars[column])
    }
    named |= {
        column: read_numbers(series)
        for column, series in whole.items()
        if column != name and _is_number(series)
    }
    for ahead in range(1, min(_FURTHEST + 1, len(values) - _LEAST)):
        for column, later in named.items():
            for what, candidate in _list_uses(column, later, ahead):
                if _consists_of(values[:-ahead], candidate):
                    noun = "bar" if ahead == 1 else "bars"
                    return f"Its values are {what} {ahead} {noun} later, as with shift(-{ahead})."
    return None


def _list_uses(column: str, later: Numbers, ahead: int) -> Iterator[tuple[str, Numbers]]:
    """List what may be made of later values: they themselves, and of closes what changes."""
    yield f"those of {column}", later[ahead:]
    if column == "close":
        change = later[ahead:] - later[:-ahead]
        yield "the change to the close", change
        with np.errstate(divide="ignore", invalid="ignore"):
            yield "the return to the close", change / later[:-ahead]


def _consists_of(values: Numbers, candidate: Numbers) -> bool:
    """Tell whether nearly all values are those of a candidate, and are not all alike."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size < _LEAST:
        return False
    for rows in (np.array(pick_evenly(known, _SAMPLE), np.intp), known):
        same = np.isclose(values[rows], candidate[rows], rtol=1e-12, atol=1e-15)
        if same.mean() < _SHARE:
            return False
    return np.unique(values[known]).size > _LEAST


def _is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric()
