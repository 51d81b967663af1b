"""A dataset that is ready to be stored, and what was left out of it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hewston.pipeline.spec import Instrument

Progress = Callable[[Mapping[str, object]], None]


def within(progress: Progress, first: float, last: float) -> Progress:
    """Report a step of the work, whose share goes from 0 to 1, as its part of the whole."""

    def tell(state: Mapping[str, object]) -> None:
        share = state["share"]
        done = share if isinstance(share, float) else 0.0
        progress({**state, "share": first + (last - first) * done})

    return tell


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A file, or some days of it, that gave nothing to any dataset, and why."""

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A source file by its name at the source and its content."""

    name: str
    sha256: str
    suffix: str  # .dbn or .dbn.zst, by content
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class DatasetDraft:
    """One symbol's bars, staged but not stored.

    ``from_date`` and ``to_date`` are exchange dates, both inclusive: those of the first and the
    last bar, or 1 January and 31 December when exactly that year was requested. ``options`` is
    what the user chose: with the raw files it decides the bars.
    """

    symbol: str
    instrument: Instrument
    is_defined: bool  # by definitions of the vendor or by the user, not by defaults
    interval: str = "1m"
    from_date: dt.date
    to_date: dt.date
    whole_year: bool
    products: tuple[str, ...]
    provider: str = "databento"
    venue_code: str
    adjustment: str = "raw"
    calendar: str
    calendar_version: str
    tz: str
    raw_files: tuple[RawFile, ...]
    bars: Path
    quality: dict[str, Any]
    bars_sha256: str
    rows: int
    options: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """Every dataset that the given files hold, by symbol, and what was left out."""

    drafts: tuple[DatasetDraft, ...]
    left_out: tuple[LeftOut, ...]
