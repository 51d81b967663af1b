"""`manage.py reproduce`: compute a run or a dataset again and compare every hash."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from apps.datasets.models import Dataset
from apps.permissions.actions import ensure_user
from apps.permissions.models import User
from apps.runs.actions import (
    find_subject,
    recover_reproductions,
    recover_runs,
    request_reproduction,
)
from apps.runs.models import Run
from apps.runs.tasks import perform_reproduction
from hewston.command import HewstonCommand
from hewston.pipeline import store
from hewston.pipeline.ingest import rederive
from hewston.taskqueue import follow, new_id


class Command(HewstonCommand):
    """Compute again from a manifest alone. Exit 1 when a hash differs."""

    help = "Compute a run (from its manifest) or a dataset (from its raw files) again and compare."

    def add_options(self, parser: CommandParser) -> None:
        """Add what to compute again."""
        parser.add_argument("id", help="a run or a dataset")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Compute again and compare."""
        recover_runs()
        recover_reproductions()
        user = ensure_user(name=options["user"])
        subject = find_subject(user=user, name=options["id"])
        if isinstance(subject, Dataset):
            return _reproduce_dataset(subject)
        return self._reproduce_run(user, subject)

    def _reproduce_run(self, user: User, run: Run) -> Mapping[str, Any]:
        """Ask for it, and do it in this process, or follow it where a worker was faster."""
        reproduction = request_reproduction(owner=user, run=run)
        try:
            while not reproduction.is_over:
                perform_reproduction(
                    reproduction, report=lambda share: self.show_progress(f"{share:4.0%}")
                )
                follow(reproduction, recover=recover_reproductions)
        finally:
            self.end_progress()
        outcome = reproduction.outcome
        answer = _compare("run", run.pk, outcome["expected"], outcome["actual"], outcome["changes"])
        return {**answer, "values": outcome["differences"]}

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say whether every hash is equal, how values differ, and what changed since."""
        name = f"{answer['kind']} {answer['id']}"
        lines = [f"{name} reproduces: every hash is equal."]
        if answer["failed"]:
            lines = [f"{name} does not reproduce: {', '.join(answer['differences'])} differ."]
        values = [f"  {key}: {text}" for key, text in answer.get("values", {}).items()]
        return "\n".join([*lines, *values, *(f"  {change}" for change in answer["changes"])])


def _reproduce_dataset(dataset: Dataset) -> dict[str, Any]:
    place = store.Store(settings.DATA_ROOT)
    expected, actual = {}, {}
    for revision in dataset.revisions.all():
        manifest = store.read_json(revision.folder / "manifest.json")
        name = f"revision {revision.number} bars_parquet_sha256"
        expected[name] = revision.bars_sha256
        with place.staging(new_id()) as folder:
            actual[name] = rederive(manifest, raw=place.raw, staging=folder).bars_sha256
    return _compare("dataset", dataset.pk, expected, actual, [])


def _compare(
    kind: str, name: str, expected: dict[str, str], actual: dict[str, str], changes: list[str]
) -> dict[str, Any]:
    names = {*expected, *actual}
    differences = sorted(key for key in names if expected.get(key) != actual.get(key))
    return {
        "kind": kind,
        "id": name,
        "reproduced": not differences,
        "failed": bool(differences),
        "differences": differences,
        "expected": expected,
        "actual": actual,
        "changes": changes,
    }
