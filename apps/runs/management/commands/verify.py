"""`manage.py verify`: compare what is on disk with the manifests."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.datasets.actions import verify_revision
from apps.datasets.models import Dataset
from apps.permissions.actions import ensure_user
from apps.permissions.models import User
from apps.runs.actions import find_subject, recover_runs, verify_run
from apps.runs.models import Run
from hewston.command import HewstonCommand
from hewston.pipeline.errors import InputError
from hewston.taskqueue import Status


class Command(HewstonCommand):
    """Check files against manifests, hash by hash. Exit 1 when anything differs."""

    help = "Compare what is on disk with the manifests: one dataset, one run, or everything."

    def add_options(self, parser: CommandParser) -> None:
        """Add what to check."""
        parser.add_argument("id", nargs="?", help="a dataset or a run")
        parser.add_argument("--all", action="store_true", help="every dataset and every run")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check what was named."""
        if bool(options["id"]) == options["all"]:
            raise CommandError("Name a dataset or a run, or say --all.", returncode=2)
        recover_runs()
        user = ensure_user(name=options["user"])
        checked = _check_all(user) if options["all"] else [_check_one(user, options["id"])]
        return {"checked": checked, "failed": any(entry["problems"] for entry in checked)}

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say what was checked, a line each, and the problems under it."""
        lines = []
        for entry in answer["checked"]:
            state = "differs" if entry["problems"] else "is as its manifest says"
            lines.append(f"{entry['kind']} {entry['id']} {state}")
            lines += [f"  {problem}" for problem in entry["problems"]]
        return "\n".join(lines) or "There is nothing to check yet."


def _check_all(user: User) -> list[dict[str, Any]]:
    datasets = Dataset.objects.visible_to(user).order_by("dataset_id")
    runs = Run.objects.visible_to(user).filter(status=Status.DONE).order_by("created_at")
    return [_check_dataset(d) for d in datasets] + [_check_run(r) for r in runs]


def _check_one(user: User, name: str) -> dict[str, Any]:
    subject = find_subject(user=user, name=name)
    if isinstance(subject, Dataset):
        return _check_dataset(subject)
    if subject.status != Status.DONE:
        raise InputError(f"Run {name} is {subject.get_status_display()}: it has no artifacts.")
    return _check_run(subject)


def _check_dataset(dataset: Dataset) -> dict[str, Any]:
    problems = [
        f"{revision}: {problem}"
        for revision in dataset.revisions.all()
        for problem in verify_revision(revision=revision)
    ]
    return {"kind": "dataset", "id": dataset.pk, "problems": problems}


def _check_run(run: Run) -> dict[str, Any]:
    return {"kind": "run", "id": run.pk, "problems": verify_run(run=run)}
