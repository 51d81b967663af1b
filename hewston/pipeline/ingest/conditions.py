"""What the vendor says of its data's condition, by UTC date: the condition.json of a download."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.files import Given

CONDITION_FILE = "condition.json"
# From what needs no attention to what needs it most: of two words for a day the later one holds.
_WORDS = ("available", "intraday", "pending", "degraded", "missing")
_MOST_BYTES = 1 << 24


def read_conditions(given: Iterable[Given]) -> dict[Path, dict[str, str]]:
    """Read the conditions beside the files, by folder, then date.

    A file of that name that says something else is no condition of the vendor's.
    """
    found: dict[Path, dict[str, str]] = {}
    for one in given:
        if one.path.name == CONDITION_FILE and not one.alone and one.path.is_file():
            found[one.path.parent] = _conditions(one)
    return found


def merge_conditions(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Put the conditions of several folders together: of each date the one to heed, sorted."""
    merged: dict[str, str] = {}
    for part in parts:
        for date, word in part.items():
            merged[date] = max(word, merged.get(date, word), key=_WORDS.index)
    return dict(sorted(merged.items()))


def _conditions(given: Given) -> dict[str, str]:
    try:
        with given.path.open("rb") as source:
            entries = json.loads(source.read(_MOST_BYTES))
        return {
            dt.date.fromisoformat(entry["date"]).isoformat(): entry["condition"]
            for entry in entries
            if entry["condition"] in _WORDS
        }
    except OSError as problem:
        raise InputError(
            f"{given.name} cannot be read: {problem.strerror or problem}.", file=given.name
        ) from problem
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
