"""What the checks of a strategy say, in sentences and as JSON."""

import dataclasses
import datetime as dt
from typing import Any, Literal, get_args

from hewston.pipeline.checks.differences import Value

Verdict = Literal["clean", "looks ahead", "not deterministic", "fails on less data"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Cause = Literal["the end of the data", "another bar after it", "a second run"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """A series whose value at a bar is another one when later bars are not there, or are others.

    ``before`` is what it is on all the data; ``after`` what it is when they end at ``cut``, that
    bar included, or when the bar after ``cut`` is another one, by ``cause``. Rows count from 0 in
    the bars that were checked. ``cuts`` is at how many cuts the series differed.
    """

    series: str
    bar: int
    ts_open: dt.datetime
    before: Value
    after: Value
    cut: int
    cut_ts_open: dt.datetime
    cuts: int
    ulps: int | None
    cause: Cause
    absent_in: str | None = None
    hint: str | None = None

    def describe(self) -> str:
        """Say in one sentence what was seen."""
        where = f"{self.series} at {say_time(self.ts_open)} (row {self.bar:,})"
        if self.absent_in is not None:
            there, lacking = "on all the data", "when they end"
            if self.absent_in == "before":
                there, lacking = lacking, there
            return (
                f"The column {self.series} is there {there} and missing {lacking} at "
                f"{say_time(self.cut_ts_open)} (row {self.cut:,})."
            )
        if self.cause == "a second run":
            return (
                f"{where} is {say_value(self.before)} in one run and {say_value(self.after)} "
                "in the next, on the same bars."
            )
        end = f"the data end at {say_time(self.cut_ts_open)} (row {self.cut:,})"
        if self.cut == self.bar:
            end = "the data end with that bar"
        if self.cause == "another bar after it":
            end = f"only the price of the bar after {say_time(self.cut_ts_open)} is another one"
        return (
            f"{where} is {say_value(self.before)} on all the data and {say_value(self.after)} "
            f"when {end}."
        )

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values; times in ISO form, UTC."""
        times = {"ts_open": self.ts_open.isoformat(), "cut_ts_open": self.cut_ts_open.isoformat()}
        return dataclasses.asdict(self) | times | {"sentence": self.describe()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """A cut at which the strategy raised, though it answered on less data."""

    cut: int
    cut_ts_open: dt.datetime
    message: str

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return dataclasses.asdict(self) | {"cut_ts_open": self.cut_ts_open.isoformat()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LookAhead:
    """The verdict on look-ahead; ``findings`` begin with the earliest bar.

    ``cuts`` is at how many rows the data were ended, ``probed`` how many bars were changed.
    ``notes`` are sentences on what does not accuse.
    """

    verdict: Verdict
    sentence: str
    findings: tuple[Finding, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    cuts: int = 0
    probed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "findings": [finding.as_json() for finding in self.findings],
            "failures": [failure.as_json() for failure in self.failures],
            "notes": list(self.notes),
            "cuts": self.cuts,
            "probed": self.probed,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class WarmUp:
    """How many bars until answers agree whatever bar the data begin at; None is never.

    ``signals`` is that of the columns that trade, ``bars`` that of all, ``series`` of each.
    """

    sentence: str
    bars: int | None
    signals: int | None
    series: dict[str, int | None]
    starts: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return dataclasses.asdict(self) | {"notes": list(self.notes)}


def say_time(time: dt.datetime) -> str:
    """Write a time in UTC, seconds only where there are some."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time.second else f"{time:%Y-%m-%d %H:%M} UTC"


def say_value(value: Value) -> str:
    """Write a value with all its digits; None is missing."""
    return "missing" if value is None else str(value)
