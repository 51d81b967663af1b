"""`manage.py reproduce`: compute a run or a dataset again and compare every hash."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from apps.datasets.models import Dataset
from apps.permissions.actions import ensure_user
from apps.runs.actions import find_subject, list_problems, recover_runs
from apps.runs.models import Run
from hewston.command import HewstonCommand
from hewston.pipeline import artifacts, store
from hewston.pipeline.backtest import describe_changes, reproduce_run
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import BARS, rederive
from hewston.taskqueue import Status, new_id


class Command(HewstonCommand):
    """Compute again from a manifest alone. Exit 1 when a hash differs."""

    help = "Compute a run (from its manifest) or a dataset (from its raw files) again and compare."

    def add_options(self, parser: CommandParser) -> None:
        """Add what to compute again."""
        parser.add_argument("id", help="a run or a dataset")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Compute again and compare."""
        recover_runs()
        user = ensure_user(name=options["user"])
        subject = find_subject(user=user, name=options["id"])
        if isinstance(subject, Dataset):
            return _reproduce_dataset(subject)
        return _reproduce_run(subject)

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say whether every hash is equal, and what changed since."""
        name = f"{answer['kind']} {answer['id']}"
        lines = [f"{name} reproduces: every hash is equal."]
        if answer["failed"]:
            lines = [f"{name} does not reproduce: {', '.join(answer['differences'])} differ."]
        return "\n".join([*lines, *(f"  {change}" for change in answer["changes"])])


def _reproduce_run(run: Run) -> dict[str, Any]:
    if run.status != Status.DONE:
        raise InputError(f"Run {run.pk} is {run.get_status_display()}: it has no manifest.")
    if problems := list_problems(run):
        raise InputError(f"Run {run.pk} cannot be compared: {problems[0]}")
    manifest = store.read_json(run.folder / artifacts.MANIFEST_FILE)
    place = store.Store(settings.DATA_ROOT)
    with place.staging(new_id()) as folder:
        # Found by its hash: an imported run's data may have another name where it was made.
        bars_file = run.revision.folder / BARS
        actual = reproduce_run(manifest, bars_file=bars_file, folder=folder)
    expected: dict[str, str] = dict(manifest["output_hashes"])
    return _compare("run", run.pk, expected, actual, describe_changes(manifest))


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
