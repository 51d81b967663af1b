"""What two revisions of a dataset do not share."""

import secrets
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings

from apps.datasets.models import Revision
from hewston import children
from hewston.pipeline import differences
from hewston.pipeline.fields import Rule
from hewston.pipeline.store import Store, publish, read_json

_WORK = "hewston.pipeline.differences:write_differences"
_WAIT_S = 300.0
_NUMBER: Rule = {"type": "int", "default": None, "min": 1, "max": 10**9}
DIFFERENCE_FIELDS: dict[str, Rule] = {
    "before": {**_NUMBER, "help": "a revision; else the one before `after`"},
    "after": {**_NUMBER, "help": "a revision; else the newest"},
}


def compare_revisions(*, before: Revision, after: Revision) -> Path:
    """Compare two revisions of a dataset in a child, once; returns the folder of what differs.

    Raises HewstonError (BUSY) when that takes too long.
    """
    place = Store(settings.DATA_ROOT)
    final = place.differences(before.bars_sha256, after.bars_sha256, version=differences.FORMAT)
    if not final.is_dir():
        with place.staging(f"differences-{secrets.token_hex(6)}") as folder:
            made = folder / "made"
            made.mkdir()
            children.ask(
                _WORK,
                within_s=_WAIT_S,
                before=before.folder / "bars.parquet",
                after=after.folder / "bars.parquet",
                calendar=after.dataset.calendar,
                tz=after.dataset.tz,
                folder=made,
            )
            publish(made, final)
    return final


def read_summary(folder: Path) -> dict[str, Any]:
    """Give the counts of what ``compare_revisions`` found."""
    return read_json(folder / differences.SUMMARY_FILE)


def read_differences(folder: Path, *, start: int = 0, count: int | None = None) -> pl.DataFrame:
    """Give the bars that differ, or some of them."""
    return pl.scan_parquet(folder / differences.ROWS_FILE).slice(start, count).collect()


def write_differences_csv(*, folder: Path, path: Path) -> None:
    """Write the bars that differ as CSV, in a child."""
    children.ask(f"{_WORK}_csv", within_s=_WAIT_S, folder=folder, path=path)
