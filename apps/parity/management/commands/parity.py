"""`manage.py parity`: what TradingView said beside what is computed here."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from apps.parity.management import artifacts, batch, comparisons
from apps.permissions.actions import ensure_user
from hewston.command import HewstonCommand


class Command(HewstonCommand):
    """Keeps bridge artifacts, sets them beside runs, and plays boards."""

    help = "Set strategies beside what TradingView made of them."
    _say: Callable[[Mapping[str, Any]], str]  # of the verb that was asked for

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
        for verb, sentence in comparisons.VERBS.items():
            comparisons.add_options(verb, add(verb, sentence))
        batch.add_options(add("batch", "play many strategies, each beside its list of trades"))

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what the verb says."""
        user = ensure_user(name=options["user"])
        verb = options["verb"]
        try:
            if verb in artifacts.VERBS:
                self._say = artifacts.describe
                return artifacts.answer(verb, user, options)
            if verb in comparisons.VERBS:
                self._say = comparisons.describe
                return comparisons.answer(verb, user, options, report=self._show_share)
            self._say = batch.describe
            return batch.answer(user, options, report=self._show_board)
        finally:
            self.end_progress()

    def _show_share(self, share: float) -> None:
        self.show_progress(f"{share:4.0%}")

    def _show_board(self, progress: Mapping[str, object]) -> None:
        self.show_progress(
            f"{progress['done']} of {progress['of']} pairs, "
            f"{progress['matched']} of {progress['trades']} trades"
        )

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say it."""
        return self._say(answer)
