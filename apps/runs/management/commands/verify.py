"""`manage.py verify`: compare what is on disk with the manifests, or bars with other bars."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.datasets.actions import (
    REVISION_FIELDS,
    choose_revision,
    find_dataset,
    read_equality_fields,
    recover_equalities,
    request_equality,
    verify_revision,
)
from apps.datasets.models import Dataset, Equality
from apps.datasets.tasks import perform_equality
from apps.permissions.actions import ensure_user
from apps.permissions.models import User
from apps.runs.actions import find_subject, recover_runs, verify_run
from apps.runs.models import Run
from hewston.command import HewstonCommand
from hewston.pipeline.equality import (
    DIFFERENCES_FILE,
    DIFFERENT,
    NOTHING_IN_COMMON,
    REPORT_FILE,
)
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import read_fields
from hewston.taskqueue import Status, follow

_TABLE_HELP = {
    "tz": "the zone of its times, like America/New_York or UTC",
    "stamp": "open or close: whether a time is a bar's start or its end",
    "interval": "the length of its bars, like 1m or 1d",
    "date_order": "dmy, mdy or ymd",
    "decimal": "point or comma",
    "delimiter": "comma, semicolon, tab, pipe, space or another sign",
    "encoding": "like utf-8 or cp1252",
    "header": "the line of the header, 0 for none",
    "columns": "which column is what, like time=Date,close=Last",
    "sheet": "which sheet",
    "member": "which file of an archive",
    "max_bad_rows": "how many rows may be unreadable",
}


class Command(HewstonCommand):
    """Check files against manifests, hash by hash, or bars against bars. Exit 1 on a difference."""

    help = (
        "Compare what is on disk with the manifests: one dataset, one run, or everything; or, with "
        "--against, a dataset's bars with other bars of the same market."
    )

    def add_options(self, parser: CommandParser) -> None:
        """Add what to check."""
        parser.add_argument("id", nargs="?", help="a dataset or a run")
        parser.add_argument("--all", action="store_true", help="every dataset and every run")
        parser.add_argument(
            "--against",
            nargs="+",
            metavar="FILE_OR_FOLDER",
            help="somebody else's bars: DBN files of OHLCV-1M (or 1S, 1H, 1D), or tables",
        )
        parser.add_argument("--revision", metavar="N", help="with --against (default: the newest)")
        parser.add_argument("--symbol", help="with --against: what the files call it")
        for name, text in _TABLE_HELP.items():
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                metavar=name.upper(),
                help=f"with --against a table: {text}",
            )

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check what was named."""
        if bool(options["id"]) == options["all"]:
            raise CommandError("Name a dataset or a run, or say --all.", returncode=2)
        user = ensure_user(name=options["user"])
        if options["against"] is not None:
            if options["all"]:
                raise CommandError("--against compares one dataset: name it.", returncode=2)
            return self._compare(user, options)
        for name in ("revision", "symbol", *_TABLE_HELP):
            if options[name] is not None:
                word = name.replace("_", "-")
                raise CommandError(f"--{word} belongs to --against.", returncode=2)
        recover_runs()
        checked = _check_all(user) if options["all"] else [_check_one(user, options["id"])]
        return {"checked": checked, "failed": any(entry["problems"] for entry in checked)}

    def _compare(self, user: User, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for a comparison, make it in this process and give its report."""
        recover_equalities()
        dataset = find_dataset(user=user, dataset_id=options["id"])
        given = {} if options["revision"] is None else {"revision": options["revision"]}
        number = read_fields(REVISION_FIELDS, given, of="option")["revision"]
        if "" in options["against"]:
            raise InputError("--against was given an empty name.", field="against")
        equality = request_equality(
            owner=user,
            revision=choose_revision(dataset=dataset, number=number),
            sources=[Path(source).absolute() for source in options["against"]],
            options=read_equality_fields(
                {name: options[name] for name in ("symbol", *_TABLE_HELP)}
            ),
        )
        try:
            while not equality.is_over:
                perform_equality(equality, report=self.show_share)
                follow(equality, recover=recover_equalities)
        except HewstonError as problem:
            problem.details = {**problem.details, "equality_id": equality.pk}
            raise
        finally:
            self.end_progress()
        equality.refresh_from_db()
        return _describe_equality(equality)

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say what was checked, a line each, and the problems under it."""
        if "verdict" in answer:
            return f"{answer['verdict']}: {answer['sentence']}\n{answer['report_path']}"
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


def _describe_equality(equality: Equality) -> dict[str, Any]:
    return {
        "equality_id": equality.pk,
        "dataset_id": equality.revision.dataset_id,
        "revision": equality.revision.number,
        "verdict": equality.verdict,
        "sentence": equality.sentence,
        "bars": equality.counts,
        "files": equality.files,
        "report_path": str(equality.folder / REPORT_FILE),
        "differences_path": str(equality.folder / DIFFERENCES_FILE),
        "failed": equality.verdict in {DIFFERENT, NOTHING_IN_COMMON},
    }
