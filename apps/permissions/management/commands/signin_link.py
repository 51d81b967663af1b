"""Print a link that signs somebody in once."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from apps.permissions.actions import LINK_MINUTES, ensure_user, issue_signin_link
from hewston.pipeline.errors import InputError


class Command(BaseCommand):
    """`manage.py signin_link`."""

    help = (
        f"Print a link that signs a user in once, within {LINK_MINUTES} minutes, from this machine."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--user", help="whom the link signs in; by default the owner")
        parser.add_argument("--next", default="/", help="the page to land on (default: /)")
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", help="where the site answers (HOST:PORT)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the link."""
        try:
            user = ensure_user(name=options["user"])
            token = issue_signin_link(user=user, next_path=options["next"])
        except InputError as problem:
            raise CommandError(problem.message) from problem
        self.stdout.write(f"http://{options['bind']}{reverse('sign-in-link', args=[token])}")
