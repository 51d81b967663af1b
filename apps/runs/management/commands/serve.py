"""`manage.py serve`, for `manage.py help`: manage.py itself starts it without Django."""

import sys
from typing import NoReturn

from django.core.management.base import BaseCommand

from hewston import supervisor


class Command(BaseCommand):
    """The supervisor, among the other commands."""

    help = "Serve the pages until Ctrl-C."

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        """Hand over to the supervisor."""
        sys.exit(supervisor.main(argv[1], argv[2:]))

    def print_help(self, prog_name: str, subcommand: str) -> None:
        """Show the supervisor's own help."""
        del prog_name
        supervisor.main(subcommand, ["--help"])
