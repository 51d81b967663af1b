"""What a revision's folder says of it: its manifest and its quality."""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from hewston.pipeline.intervals import is_daily
from hewston.pipeline.quality.completeness import Period, count_sessions, list_periods
from hewston.pipeline.store import Stamp, read_json, stamp_file

_WIDTH = 10  # of a period, in the strip's own units; its height is 100
_BAR = 8.5
_COUNTED = {"1w": "week", "1mo": "month"}
_MOST_SHORT = 85.0  # so that a single missing bar can be seen


def read_reports(folder: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Read a revision's manifest and quality report."""
    manifest, quality = folder / "manifest.json", folder / "quality.json"
    return _read(manifest, stamp_file(manifest)), _read(quality, stamp_file(quality))


def draw_completeness(folder: Path, number: int, interval: str) -> SafeString:
    """Draw the strip of how much of each session revision ``number`` has, with its table.

    ``interval`` is that of its bars.
    """
    quality = folder / "quality.json"
    return _draw(quality, stamp_file(quality), number, interval)


@functools.lru_cache(maxsize=32)
def _read(path: Path, stamp: Stamp) -> Mapping[str, Any]:
    """Read a report: again only where another file has taken its place."""
    del stamp
    return read_json(path)


@functools.lru_cache(maxsize=16)
def _draw(quality: Path, stamp: Stamp, number: int, interval: str) -> SafeString:
    sessions = _read(quality, stamp)["sessions"]
    unit, periods = list_periods(sessions, interval)
    shown = {
        "unit": unit,
        "periods": periods,
        "last": periods[-1] if periods else None,
        "number": number,
        "width": _WIDTH * len(periods),
        "bar": _BAR,
        "counts": count_sessions(sessions),
        "counted": name_counted(interval),
        "is_daily": is_daily(interval),
        "paths": {
            "track": _path((index, 100.0) for index in range(len(periods))),
            "whole": _path((n, 100.0) for n, one in enumerate(periods) if not one.missing),
            "part": _path(
                (n, _MOST_SHORT * one.present) for n, one in enumerate(periods) if _is_part(one)
            ),
        },
    }
    return render_to_string("datasets/completeness.html", shown)


def name_counted(interval: str) -> str:
    """Name what should have bars of an interval."""
    return _COUNTED.get(interval, "session")


def _is_part(period: Period) -> bool:
    return period.missing > 0 and period.present > 0


def _path(bars: Iterable[tuple[int, float]]) -> str:
    """Draw bars, each a period's number and its height, from the foot of the strip."""
    return "".join(f"M{_WIDTH * n} 100v-{height:.1f}h{_BAR}V100z" for n, height in bars)
