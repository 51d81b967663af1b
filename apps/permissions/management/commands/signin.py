"""`manage.py signin`: a link that signs a person in once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from apps.permissions.actions import ensure_user, issue_signin_link
from hewston.pipeline.errors import InputError


class Command(BaseCommand):
    """Print the path of a one-time sign-in link; add it to the address of the site."""

    help = "Print a link that signs a person in, once, within ten minutes, on this machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say for whom, and where the link leads."""
        parser.add_argument("--user", metavar="NAME", help="whom it signs in (default: the owner)")
        parser.add_argument(
            "--next", default="/", metavar="PATH", help="where it leads (default: /)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the link."""
        try:
            user = ensure_user(name=options["user"])
            token = issue_signin_link(user=user, next_path=options["next"])
        except InputError as problem:
            raise CommandError(problem.message) from problem
        self.stdout.write(reverse("sign-in-link", args=[token]))
