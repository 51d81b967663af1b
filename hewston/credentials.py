"""What a connection says of who it is: a session's cookie, or a token in its header."""

import dataclasses
from collections.abc import Iterable
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie

from apps.permissions.actions import authenticate_token
from apps.permissions.models import Scope, User


@dataclasses.dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the headers of one connection hold; each is empty where it is missing."""

    token: str
    session_key: str

    @classmethod
    def read(cls, headers: Iterable[tuple[bytes, bytes]]) -> "Credentials":
        """Read raw headers, whose names are lower-case."""
        fields = {name: value.decode("latin1") for name, value in headers}
        kind, _, token = fields.get(b"authorization", "").partition(" ")
        cookies = parse_cookie(fields.get(b"cookie", ""))
        return cls(
            token=token.strip() if kind.lower() == "bearer" else "",
            session_key=cookies.get(settings.SESSION_COOKIE_NAME, ""),
        )

    def find_user(self, scope: Scope) -> User | None:
        """Ask the database whose they are now; a token must have the scope.

        A token is judged alone: a cookie beside it does not help one that is not valid.
        """
        if self.token:
            token = authenticate_token(self.token)
            return token.user if token is not None and scope in token.scopes else None
        return self._find_signed_in() if self.session_key else None

    def _find_signed_in(self) -> User | None:
        """Check a session as every page does: user, password hash, age."""
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(self.session_key)
        user = get_user(request)
        return user if isinstance(user, User) and user.is_active else None
