"""Finished runs beside each other."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from apps.permissions.models import User
from apps.runs.actions.reading import reading_run
from apps.runs.models import Run
from hewston.pipeline import comparison
from hewston.pipeline.comparison import ComparedRun, TradeComparison
from hewston.pipeline.comparison.trades import MOST_BARS
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule
from hewston.pipeline.matching import KINDS
from hewston.taskqueue import Status

LEAST_RUNS, MOST_RUNS = 2, 6
COMPARISON_FIELDS: dict[str, Rule] = {
    "base": {"type": "str", "default": None, "help": "the run A, which others are compared with"},
    "other": {"type": "str", "default": None, "help": "the run B, whose trades are matched"},
    "tolerance": {
        "type": "int",
        "default": 1,
        "min": 0,
        "max": MOST_BARS,
        "help": "bars by which both ends of a matched trade may be apart",
    },
    "kind": {"type": "str", "default": None, "choices": KINDS, "help": "only such trades"},
}


def find_compared(
    *, user: User, ids: Sequence[str], base: str | None = None, other: str | None = None
) -> list[Run]:
    """Find the runs to compare: A, B, then the others as they were named.

    Raises InputError where they are too few, too many or one is named twice, HewstonError where
    one is not there, not the user's or not done.
    """
    if not LEAST_RUNS <= len(ids) <= MOST_RUNS:
        named = {0: "none is named", 1: "one is named"}.get(len(ids), f"{len(ids)} are named")
        raise InputError(
            f"{LEAST_RUNS} to {MOST_RUNS} runs are compared at once, but {named}.",
            field="ids",
            allowed=f"{LEAST_RUNS} to {MOST_RUNS} ids of runs",
        )
    for run_id in ids:
        if ids.count(run_id) > 1:
            raise InputError(f"Run {run_id[:40]} is named twice.", field="ids")
    for field, chosen in (("base", base), ("other", other)):
        if chosen and chosen not in ids:
            raise InputError(f"{field} ({chosen[:40]}) is not one of the runs.", field=field)
    if base is not None and base == other:
        raise InputError("A run's trades are not matched with its own.", field="other")
    found = _find_done(user, ids)
    chosen_base = base or next(run_id for run_id in ids if run_id != other)
    chosen_other = other or next(run_id for run_id in ids if run_id != chosen_base)
    rest = [run_id for run_id in ids if run_id not in {chosen_base, chosen_other}]
    return [found[run_id] for run_id in (chosen_base, chosen_other, *rest)]


def _find_done(user: User, ids: Sequence[str]) -> Mapping[str, Run]:
    mine = Run.objects.visible_to(user).select_related("dataset", "revision")
    found = mine.in_bulk(ids)
    for run_id in ids:
        run = found.get(run_id)
        if run is None:
            raise HewstonError(
                f"There is no run {run_id[:40]}, or it is not yours to see.", code="RUN_NOT_FOUND"
            )
        if run.status != Status.DONE:
            raise HewstonError(
                f"Run {run_id} is {run.get_status_display()}, and only runs that are done are "
                "compared.",
                code="RUN_NOT_READY",
                status=run.status,
            )
    return found


def read_compared(run: Run) -> ComparedRun:
    """Read a finished run; the last few stay in memory, and are given while its files are whole.

    Raises DamagedError where they are not.
    """
    with reading_run(run):
        return _read(run.folder, run.pk, run.revision.number, run.manifest_sha256)


@functools.lru_cache(maxsize=8)
def _read(folder: Path, run_id: str, revision: int, _manifest_sha256: str) -> ComparedRun:
    return comparison.read_run(folder, run_id=run_id, revision=revision)


@functools.lru_cache(maxsize=8)
def match_runs(a: ComparedRun, b: ComparedRun, tolerance: int) -> TradeComparison:
    """Match the trades of two runs; the last few stay in memory."""
    return comparison.compare_trades(a, b, tolerance=tolerance)


def describe_runs(runs: Sequence[ComparedRun], tolerance: int) -> dict[str, Any]:
    """Compare runs as ``find_compared`` orders them: all but the trades, as plain JSON values."""
    return comparison.describe_comparison(runs, match_runs(runs[0], runs[1], tolerance))


def suggest_runs(*, user: User, runs: Sequence[Run], most: int) -> list[Run]:
    """Suggest what some runs may be compared with: finished ones that are not archived.

    First those of the first run's dataset and strategy, then those of its dataset, then the
    others; the newest first.
    """
    mine = Run.objects.visible_to(user).filter(status=Status.DONE, archived_at=None)
    mine = mine.select_related("dataset", "metrics").defer("note")
    nearer: list[dict[str, str]] = []
    if runs:
        dataset, strategy = runs[0].dataset_id, runs[0].strategy_id
        nearer = [{"dataset_id": dataset, "strategy_id": strategy}, {"dataset_id": dataset}]
    found: list[Run] = []
    for narrowed in (*nearer, {}):
        known = [run.pk for run in (*runs, *found)]
        wanted = mine.filter(**narrowed).exclude(pk__in=known).order_by("-created_at", "-id")
        found += wanted[: most - len(found)]
    return found
