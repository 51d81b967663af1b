"""`manage.py export`: write a run to a file that another machine takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from apps.permissions.actions import ensure_user
from apps.runs.actions import find_run, recover_runs, write_bundle
from hewston.command import HewstonCommand, writing
from hewston.pipeline.bundle import SUFFIX
from hewston.pipeline.errors import InputError
from hewston.pipeline.store import sha256_file


class Command(HewstonCommand):
    """A run in, a bundle out. The same run gives the same bytes."""

    help = "Write a run to a file that `import` takes on another machine, and `reproduce` proves."

    def add_options(self, parser: CommandParser) -> None:
        """Add the run, the file and whether the data goes along."""
        parser.add_argument("id", help="a run that is done")
        parser.add_argument("--to", required=True, metavar=f"FILE{SUFFIX}", help="the file")
        parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
        parser.add_argument(
            "--with-data",
            action="store_true",
            help="with the bars that the run used, for a machine that does not have them",
        )

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write the file beside its place first, so that it is there whole or not at all."""
        recover_runs()
        run = find_run(user=ensure_user(name=options["user"]), run_id=options["id"])
        path = Path(options["to"]).absolute()
        if path.suffix.lower() != SUFFIX:
            raise InputError(f"The name {path.name} must end in {SUFFIX}.", field="to")
        with writing(path, field="to", overwrite=options["overwrite"]) as draft:
            write_bundle(run=run, path=draft, with_data=options["with_data"])
        return {
            "run_id": run.pk,
            "path": str(path),
            "size_bytes": path.stat().st_size,
            "sha256": sha256_file(path),
            "with_data": options["with_data"],
        }

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say where it is."""
        data = "with its data" if answer["with_data"] else "without its data"
        return f"Run {answer['run_id']}, {data}: {answer['size_bytes']:,} bytes in {answer['path']}"
