"""Bars of a dataset for other programs."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.datasets.models import Dataset, Revision
from hewston import children
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.export import KINDS, Selection
from hewston.pipeline.fields import Rule
from hewston.pipeline.intervals import INTERVALS, coarser
from hewston.pipeline.market import SESSION_FILTERS

EXPORT = "hewston.pipeline.export:export_bars"
_WAIT_S = 300.0

REVISION_FIELDS: dict[str, Rule] = {
    "revision": {"type": "int", "default": None, "min": 1, "max": 10**9, "help": "else the newest"}
}
SELECTION_FIELDS: dict[str, Rule] = {
    "from": {"type": "date", "default": None, "help": "first exchange date, inclusive"},
    "to": {"type": "date", "default": None, "help": "last exchange date, inclusive"},
    "interval": {"type": "str", "default": None, "choices": tuple(INTERVALS)},
    "session": {"type": "str", "default": "regular", "choices": tuple(SESSION_FILTERS)},
    **REVISION_FIELDS,
}
EXPORT_FIELDS: dict[str, Rule] = {
    **SELECTION_FIELDS,
    "format": {"type": "str", "default": "csv", "choices": KINDS},
}


def choose_revision(*, dataset: Dataset, number: int | None) -> Revision:
    """Give a revision by its number, the newest for None. Raises HewstonError (NOT_FOUND)."""
    revisions = list(dataset.revisions.all())
    found = [one for one in revisions if number is None or one.number == number]
    if not found:
        raise HewstonError(
            f"Dataset {dataset.pk} has no such revision.",
            code="NOT_FOUND",
            field="revision",
            allowed=[one.number for one in revisions],
        )
    return found[0]


def select_bars(*, revision: Revision, asked: Mapping[str, Any]) -> Selection:
    """Turn what was asked for by SELECTION_FIELDS into a selection; raises InputError."""
    dataset = revision.dataset
    interval = asked["interval"] or dataset.interval
    allowed = coarser(dataset.interval)
    if interval not in allowed:
        raise InputError(
            f"Bars of {dataset.interval} cannot be split into {interval}.",
            field="interval",
            allowed=allowed,
        )
    first: dt.date | None = asked["from"]
    last: dt.date | None = asked["to"]
    if first and last and first > last:
        raise InputError(f"from ({first}) is after to ({last}).", field="from")
    return Selection(
        folder=revision.folder,
        stored=dataset.interval,
        calendar=dataset.calendar,
        tz=dataset.tz,
        interval=interval,
        session=asked["session"],
        first=first,
        last=last,
    )


def write_bars(*, selection: Selection, kind: str, path: Path) -> int:
    """Write a selection to a file, in a child; returns how many bars.

    Raises InputError for more than the format holds, HewstonError (BUSY) when it takes too long.
    """
    rows: int = children.ask(EXPORT, within_s=_WAIT_S, selection=selection, kind=kind, path=path)
    return rows
