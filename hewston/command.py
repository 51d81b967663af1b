"""What every command of ours does alike: JSON, the user, errors as sentences, Ctrl-C."""

import fcntl
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from hewston.pipeline.errors import CancelledError, HewstonError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def prepare_database() -> None:
    """Bring the catalogue's tables up to date; waits for another process that does the same."""
    settings.DATA_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.DATA_ROOT / ".migrate-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)


class HewstonCommand(BaseCommand):
    """A command that answers with one result, for a person or as one JSON object.

    Progress and logs go to stderr, the result to stdout. Exit 0: done; 1: failed, with a sentence;
    2: wrong usage; 130: interrupted.
    """

    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what every command takes."""
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object on one line of stdout"
        )
        parser.add_argument("--user", metavar="NAME", help="act for this user (default: the owner)")
        self.add_options(parser)

    def add_options(self, parser: CommandParser) -> None:
        """Add what this command takes."""

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do the work; returns the JSON answer. Raises HewstonError with a sentence."""
        raise NotImplementedError

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say the answer to a person."""
        raise NotImplementedError

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 (Django's own signature)
        """Run the command and turn every failure into a sentence and an exit code."""
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            prepare_database()
            answer = self.answer(options)
        except HewstonError as problem:
            self._fail(problem.as_json(), as_json=options["json"])
        except (KeyboardInterrupt, CancelledError):
            self.stderr.write("Interrupted: nothing half-made was kept.")
            sys.exit(EXIT_INTERRUPTED)
        except (DatabaseError, OSError) as problem:
            self._fail({"code": "INTERNAL", "message": f"{problem}"}, as_json=options["json"])
        else:
            self.stdout.write(
                json.dumps(answer, sort_keys=True) if options["json"] else self.describe(answer)
            )
            if answer.get("failed"):
                sys.exit(EXIT_FAILED)

    def _fail(self, error: Mapping[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"error": error}, sort_keys=True))
        self.stderr.write(f"Error: {error['message']}")
        sys.exit(EXIT_FAILED)

    def show_progress(self, line: str) -> None:
        """Show how far the work is on a terminal; nothing in a pipe."""
        if sys.stderr.isatty():  # not self.stderr, which Django colours red
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()

    def end_progress(self) -> None:
        """Clear the progress line."""
        self.show_progress("")


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
