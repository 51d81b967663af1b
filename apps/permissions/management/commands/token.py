"""`manage.py token`: make, list and revoke the tokens of programs."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.permissions.actions import create_token, ensure_user, revoke_token
from apps.permissions.models import Scope, Token, User
from hewston.command import HewstonCommand
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest


class Command(HewstonCommand):
    """Prints a new token's secret once."""

    help = "Make a token with which a program may use the API; its secret is printed once."

    def add_options(self, parser: CommandParser) -> None:
        """Add the name, what it may do, and the two other things to do with tokens."""
        parser.add_argument("name", nargs="?", help="what to call it, like laptop")
        parser.add_argument(
            "--scope",
            action="append",
            metavar="SCOPE",
            help=f"{', '.join(Scope.values)}; may be given many times; all include read",
        )
        parser.add_argument("--days", type=int, help="how long it lasts (default: until revoked)")
        parser.add_argument("--list", action="store_true", help="list the tokens instead")
        parser.add_argument("--revoke", metavar="NAME", help="revoke a token instead")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do one of the three."""
        user = ensure_user(name=options["user"])
        if options["list"]:
            return {"tokens": [_describe(token) for token in _list(user)]}
        if options["revoke"] is not None:
            token = _find(user, options["revoke"])
            revoke_token(token=token)
            return {"revoked": token.name}
        if options["name"] is None or not options["scope"]:
            raise CommandError("Say what to call it, and --scope read, run or ingest.")
        token, secret = create_token(
            owner=user, name=options["name"], scopes=options["scope"], days=options["days"]
        )
        return _describe(token) | {"token": secret}

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Print the secret alone, so that a script may take it; or a line a token."""
        if "revoked" in answer:
            return f"Revoked {answer['revoked']}."
        if "token" in answer:
            return str(answer["token"])
        lines = [
            f"{one['name']}  {one['hint']}…  {', '.join(one['scopes'])}  "
            f"last used {one['last_used_at'] or 'never'}"
            for one in answer["tokens"]
        ]
        return "\n".join(lines) or "There are no tokens."


def _list(user: User) -> list[Token]:
    return list(Token.objects.filter(owner=user, revoked_at=None))


def _find(user: User, name: str) -> Token:
    tokens = {token.name: token for token in _list(user)}
    if name not in tokens:
        raise InputError(
            f"There is no token {name}. {suggest(name, sorted(tokens))}",
            code="NOT_FOUND",
            field="revoke",
        )
    return tokens[name]


def _describe(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "hint": token.hint,
        "scopes": token.scopes,
        "last_used_at": token.last_used_at and token.last_used_at.isoformat(),
        "expires_at": token.expires_at and token.expires_at.isoformat(),
    }
