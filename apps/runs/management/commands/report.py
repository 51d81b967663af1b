"""`manage.py report`: write a run as one HTML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from apps.permissions.actions import ensure_user
from apps.runs.actions import find_run, make_report, recover_runs
from hewston.command import HewstonCommand, writing
from hewston.pipeline.store import sha256_file


class Command(HewstonCommand):
    """A run in, a file out that needs nothing else."""

    help = "Write a finished run as one HTML file, to read, print and keep."

    def add_options(self, parser: CommandParser) -> None:
        """Add the run and the file."""
        parser.add_argument("run_id", help="the run")
        parser.add_argument("--to", required=True, metavar="FILE", help="the file, like run.html")
        parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write the file."""
        user = ensure_user(name=options["user"])
        recover_runs()
        run = find_run(user=user, run_id=options["run_id"])
        path = Path(options["to"]).absolute()
        text = make_report(run=run)
        with writing(path, field="to", overwrite=options["overwrite"]) as draft:
            draft.write_text(text, encoding="utf-8")
        return {"run_id": run.pk, "path": str(path), "sha256": sha256_file(path)}

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say where the file is."""
        return f"Report of run {answer['run_id']} in {answer['path']}"
