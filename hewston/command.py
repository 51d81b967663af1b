"""What every command of ours does alike: JSON, the user, errors as sentences, Ctrl-C."""

import contextlib
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from hewston.children import UnforeseenError
from hewston.http import DamagedError, explain_full_or_locked
from hewston.pipeline.errors import CancelledError, HewstonError, InputError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def prepare_database() -> None:
    """Bring the catalogue's tables up to date; waits for another process that does the same."""
    settings.DATA_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.INBOX.mkdir(parents=True, exist_ok=True)  # pages and docs say to copy files there
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
        except CommandError:
            raise  # wrong usage: Django says it and exits with 2
        except HewstonError as problem:
            self._fail(problem.as_json(), as_json=options["json"])
        except (KeyboardInterrupt, CancelledError):
            self.stderr.write("Interrupted: nothing half-made was kept.")
            sys.exit(EXIT_INTERRUPTED)
        except Exception as problem:  # the edge: a person sees a sentence
            self._fail(_explain(problem).as_json(), as_json=options["json"])
        else:
            self.stdout.write(
                json.dumps(answer, sort_keys=True) if options["json"] else self.describe(answer)
            )
            if answer.get("failed"):
                sys.exit(EXIT_FAILED)

    def _fail(self, error: Mapping[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"error": error}, sort_keys=True))
        allowed = error.get("details", {}).get("allowed")
        is_new = isinstance(allowed, str) and allowed not in error["message"]
        hint = f" Allowed: {allowed}." if is_new else ""
        sentence = f"Error: {error['message']}{hint}"
        # A name that is not UTF-8 comes as surrogates, which no stream takes.
        self.stderr.write(sentence.encode(errors="backslashreplace").decode())
        sys.exit(EXIT_FAILED)

    def show_progress(self, line: str) -> None:
        """Show how far the work is on a terminal; nothing in a pipe."""
        if sys.stderr.isatty():  # not self.stderr, which Django colours red
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()

    def show_share(self, progress: Mapping[str, object]) -> None:
        """Show the progress of a job that reads files."""
        share = progress.get("share")
        percent = f"{share:4.0%} " if isinstance(share, float) else ""
        self.show_progress(f"{percent}{progress.get('file', '')} {progress.get('day') or ''}")

    def end_progress(self) -> None:
        """Clear the progress line."""
        self.show_progress("")


@contextlib.contextmanager
def writing(path: Path, *, field: str, overwrite: bool) -> Iterator[Path]:
    """Give a place beside a file's to write it at; at the end it is there whole, or not at all.

    Raises InputError, with the option ``field``, for a file that is there already unless it may be
    overwritten, and for one that cannot be written.
    """
    if not overwrite and os.path.lexists(path):
        raise InputError(
            f"{path} is there already. Choose another name, or say --overwrite.",
            field=field,
            file=str(path),
        )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _explaining(path, field):
            draft.touch()  # before the work: a place that cannot be written is known at once
        yield draft
        with _explaining(path, field):
            draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _explaining(path: Path, field: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        message = f"{path} cannot be written: {problem.strerror or problem}."
        raise InputError(message, field=field, file=str(path)) from problem


def _explain(problem: Exception) -> HewstonError:
    """Turn what no stage foresaw into a sentence for the person who can act."""
    if isinstance(problem, UnicodeEncodeError):
        return InputError("A name on the command line is not UTF-8 text.")
    if isinstance(problem, DamagedError):
        command = f".venv/bin/python manage.py verify {problem.name}"
        return HewstonError(f"{problem.sentence} Try: {command}", code="CONFLICT")
    known = explain_full_or_locked(problem)
    if known is not None and known.code == "BUSY":
        return known
    if isinstance(problem, DatabaseError | OSError):  # it names the file that may not be used
        return HewstonError(f"The data root {settings.DATA_ROOT} cannot be used: {problem}")
    kind = "" if isinstance(problem, UnforeseenError) else f"{type(problem).__name__}: "
    return HewstonError(f"Something unforeseen happened ({kind}{problem}). Please report it.")


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
