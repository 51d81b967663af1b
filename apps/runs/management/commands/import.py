# noqa: N999 (the command is called so)
"""`manage.py import`: take a run in that was exported on another machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from apps.permissions.actions import ensure_user
from apps.runs.actions import import_bundle, recover_runs
from hewston.command import HewstonCommand
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import printable


class Command(HewstonCommand):
    """A bundle in, a run out. The same inputs are the same run."""

    help = "Take in a run that `export` wrote, with its data where that is in the file."

    def add_options(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", help="a bundle")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check all of it, then store all of it or nothing."""
        recover_runs()
        path, name = Path(options["file"]), printable(Path(options["file"]).name)
        if not path.is_file():
            raise InputError(f"There is no file {printable(options['file'])}.", field="file")
        owner = ensure_user(name=options["user"])
        run, created = import_bundle(owner=owner, path=path.absolute(), name=name)
        return {
            "run_id": run.pk,
            "status": run.status,
            "created": created,
            "dataset_id": run.dataset_id,
            "revision": run.revision.number,
            "folder": str(run.folder),
        }

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say which run it is, and how to prove it."""
        run_id = answer["run_id"]
        if not answer["created"]:
            return f"Run {run_id} is the same: nothing was stored."
        return (
            f"Run {run_id} is here, on {answer['dataset_id']} revision {answer['revision']}. Its "
            f"files are whole; `manage.py reproduce {run_id}` tells whether its results are right."
        )
