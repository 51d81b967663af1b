"""Who may use the API: a person who signed in, or a program that carries their token."""

import math

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from apps.permissions.actions import authenticate_token
from apps.permissions.models import Scope, Token, User
from hewston.http import is_api, problem
from hewston.pipeline.errors import HewstonError
from hewston.rates import Rates

_FOR_PROGRAMS = ("/readyz", "/metrics")  # beside the API
_SAFE = ("GET", "HEAD", "OPTIONS")
_rates = Rates(per_second=settings.WRITES_PER_SECOND, burst=settings.WRITES_BURST)
_guesses = Rates(per_second=1, burst=50)  # tokens that are none, from each address


class BearerSignIn(MiddlewareMixin):
    """Signs a request in by its token, at the addresses of data; never at a page.

    A token is judged alone: a cookie beside it does not help one that is not valid.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Find whose the token is, or answer 401."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not (is_api(request.path) or request.path in _FOR_PROGRAMS):
            return None
        token = authenticate_token(secret.strip())
        if token is None:
            return _refuse_token(request)
        user = token.owner

        async def find_user() -> User:
            return user

        request.user = user
        request.auser = find_user
        request.token = token  # type: ignore[attr-defined]  # ours
        # No browser sends this header by itself, so no other site can make it do so.
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # noqa: SLF001 (Django's switch)
        return None


def _refuse_token(request: HttpRequest) -> HttpResponseBase:
    """Answer 401, and 429 to an address that tries one after the other.

    A valid token is never held up: behind a proxy, strangers share its address.
    """
    seconds = math.ceil(_guesses.take(request.META.get("REMOTE_ADDR", "")))
    if seconds:
        message = f"Too many tokens that are none came from this address. Try again in {seconds} s."
        return problem(429, "RATE_LIMITED", message, {"retry_after_s": seconds})
    message = "This token was never made, has expired or was revoked. Make a new one."
    return problem(401, "UNAUTHENTICATED", message)


def find_token(request: HttpRequest) -> Token | None:
    """Give the token that signed the request in; None where a session did."""
    return getattr(request, "token", None)


class BearerToken(AuthBase):
    """A token of the operation's scope."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A token made on /tokens/ or by `manage.py token`."

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> User | None:
        """Give the token's owner. Raises HewstonError (FORBIDDEN, RATE_LIMITED)."""
        token = find_token(request)
        if token is None:
            return None
        if self.scope not in token.scopes:
            raise HewstonError(
                f"This needs a token with the scope {self.scope}; {token.name} has "
                f"{', '.join(token.scopes)}.",
                code="FORBIDDEN",
                scope=self.scope,
            )
        _limit(request, f"token {token.pk}")
        return token.owner


class SessionCookie(AuthBase):
    """The cookie of a person who signed in; writing also takes the header X-CSRFToken."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    openapi_description = (
        "The cookie of a person who signed in. Writing also takes the header `X-CSRFToken` with "
        f"the value of the cookie `{settings.CSRF_COOKIE_NAME}`."
    )

    def __call__(self, request: HttpRequest) -> User | None:
        """Give the person who signed in. Raises HewstonError (FORBIDDEN, RATE_LIMITED)."""
        if find_token(request) is not None:
            return None
        if check_csrf(request) is not None:
            raise HewstonError(
                f"With a session, send the value of the cookie {settings.CSRF_COOKIE_NAME} in the "
                "header X-CSRFToken too; or use a token.",
                code="FORBIDDEN",
                field="X-CSRFToken",
            )
        _limit(request, f"user {request.user.pk}")
        return request.user if isinstance(request.user, User) else None


def allow(scope: str) -> list[AuthBase]:
    """Say who may use an operation: whoever signed in, and tokens of a scope."""
    return [BearerToken(scope), SessionCookie()]


READ, RUN, INGEST = allow(Scope.READ), allow(Scope.RUN), allow(Scope.INGEST)
PERSON: list[AuthBase] = [SessionCookie()]  # no token may do this


def _limit(request: HttpRequest, key: str) -> None:
    """Slow down who writes too often."""
    if request.method in _SAFE:
        return
    seconds = math.ceil(_rates.take(key))
    if seconds:
        raise HewstonError(
            f"That is more than {settings.WRITES_PER_SECOND:g} changes a second. Try again in "
            f"{seconds} s.",
            code="RATE_LIMITED",
            retry_after_s=seconds,
        )
