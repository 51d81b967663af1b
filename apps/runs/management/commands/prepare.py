"""`manage.py prepare`: what `serve` does before it serves."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Bring the database up to date and print the path of a one-time sign-in link."""

    help = "Bring the database up to date; with --sample, make a dataset and a run to look at."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the choice of a sample."""
        parser.add_argument(
            "--sample",
            action="store_true",
            help="make the sample year and a backtest of it, where they are missing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do each step that is not done."""
        call_command("migrate", verbosity=0, interactive=False, stdout=sys.stderr)
        call_command("signin", stdout=self.stdout)
