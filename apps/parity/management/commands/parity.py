"""`manage.py parity`: what TradingView said beside what is computed here."""

import argparse
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from apps.parity.management import artifacts, batch
from apps.permissions.actions import ensure_user
from hewston.command import HewstonCommand


class Command(HewstonCommand):
    """Keeps bridge artifacts, and plays boards."""

    help = "Set strategies beside what TradingView made of them."

    def add_options(self, parser: CommandParser) -> None:
        """Add the verbs, each with its own options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def add(verb: str, sentence: str) -> argparse.ArgumentParser:
            made = verbs.add_parser(verb, help=sentence, description=sentence)
            hidden = argparse.SUPPRESS  # what every command takes may come after the verb too
            made.add_argument("--json", action="store_true", default=hidden, help=hidden)
            made.add_argument("--user", metavar="NAME", default=hidden, help=hidden)
            return made

        for verb, sentence in artifacts.VERBS.items():
            artifacts.add_options(verb, add(verb, sentence))
        batch.add_options(add("batch", "play many strategies, each beside its list of trades"))

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what the verb says."""
        user = ensure_user(name=options["user"])
        if options["verb"] in artifacts.VERBS:
            return artifacts.answer(options["verb"], user, options)
        try:
            return batch.answer(user, options, report=self._show_board)
        finally:
            self.end_progress()

    def _show_board(self, progress: Mapping[str, object]) -> None:
        self.show_progress(
            f"{progress['done']} of {progress['of']} pairs, "
            f"{progress['matched']} of {progress['trades']} trades"
        )

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say it."""
        return batch.describe(answer) if "pairs" in answer else artifacts.describe(answer)
