"""How much of each session there is, by day, week or month: what fits on a strip."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hewston.pipeline.intervals import INTERVALS

MOST_PERIODS = 530  # two years of sessions, ten of weeks


@dataclass(frozen=True, kw_only=True)
class Period:
    """Bars of one exchange date, week or month.

    ``bars`` are those of all hours; of the regular ones ``expected`` should be there and
    ``missing`` are not. ``opens`` and ``closes`` (s since 1970) are the first and the last edge.
    """

    name: str
    bars: int
    expected: int
    missing: int
    opens: int
    closes: int

    @property
    def present(self) -> float:
        """The share of the expected bars that is there; 1 where none is expected."""
        return 1 - self.missing / self.expected if self.expected else 1.0


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """How many sessions should have regular bars; of weeks and months one stands for all."""

    expected: int
    complete: int  # nothing is missing
    empty: int  # no regular bar is there


def count_sessions(sessions: Sequence[Mapping[str, Any]]) -> Completeness:
    """Count the sessions of quality.json."""
    counted = [one for one in sessions if _expected(one)]
    return Completeness(
        expected=len(counted),
        complete=_count(counted, lambda one: not one["missing"]),
        empty=_count(counted, lambda one: one["missing"] == _expected(one)),
    )


def list_periods(sessions: Sequence[Mapping[str, Any]], interval: str) -> tuple[str, list[Period]]:
    """Put the sessions of quality.json together: by "day", "week" or "month", as many as fit.

    None of these is shorter than ``interval``, that of the bars.
    """
    for unit, name_of in _UNITS.items():
        if INTERVALS[interval] > INTERVALS[_AT_MOST[unit]]:
            continue
        periods = _group(sessions, name_of)
        if len(periods) <= MOST_PERIODS:
            return unit, periods
    return "month", _group(sessions, _month)


def _group(sessions: Sequence[Mapping[str, Any]], name_of: Callable[[str], str]) -> list[Period]:
    groups = itertools.groupby(sessions, lambda session: name_of(session["date"]))
    return [_merge(name, list(group)) for name, group in groups]


def _day(date: str) -> str:
    return date


def _week(date: str) -> str:
    day = dt.date.fromisoformat(date)
    return f"week of {day - dt.timedelta(days=day.weekday())}"


def _month(date: str) -> str:
    return date[:7]


_UNITS = {"day": _day, "week": _week}
_AT_MOST = {"day": "1d", "week": "1w"}  # the bars that they hold


def _merge(name: str, group: Sequence[Mapping[str, Any]]) -> Period:
    return Period(
        name=name,
        bars=_count(group, lambda one: one["bars"]),
        expected=_count(group, _expected),
        missing=_count(group, lambda one: one["missing"]),
        opens=_seconds(group[0]["open"]),
        closes=_seconds(group[-1]["close"]),
    )


def _expected(session: Mapping[str, Any]) -> int:
    """Older reports leave it out: every regular minute has a bar or is missing."""
    return int(session.get("expected", session["regular_bars"] + session["missing"]))


def _count(group: Iterable[Mapping[str, Any]], number: Callable[[Mapping[str, Any]], int]) -> int:
    return sum(int(number(one)) for one in group)


def _seconds(moment: str) -> int:
    return int(dt.datetime.fromisoformat(moment).timestamp())
