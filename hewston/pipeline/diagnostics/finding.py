"""What a check says when it finds something, and when it cannot look."""

import dataclasses
from typing import Literal

Severity = Literal["error", "warning", "info"]
Unit = Literal[
    "fraction",
    "money",
    "price",
    "ratio",
    "bps",
    "units",
    "count",
    "bars",
    "minutes",
    "date",
    "text",
]


class UncheckedError(Exception):
    """A check cannot be made on this run. The message is the reason, for a person."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """A labelled number behind a finding.

    A fraction of 0.05 is 5 %; money and price are in the instrument's currency; a date is an
    exchange date in ISO form. Where a number does not exist the value is the reason, as text.
    """

    label: str
    value: float | int | str
    unit: Unit


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Something odd in a run: one sentence, the numbers behind it, what to do.

    ``bar`` is a row of the run's bars where it can be seen; None where it is nowhere in particular.
    """

    key: str
    severity: Severity
    message: str
    evidence: tuple[Evidence, ...]
    advice: str
    bar: int | None = None
