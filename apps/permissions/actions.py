"""What can be done with users, their sign-in and the tokens of their programs."""

import datetime as dt
import secrets
from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.permissions.models import Scope, SignInLink, Token, User, digest
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest

OWNER = "owner"
LINK_MINUTES = 10
TOKEN_DAYS = 3650  # the longest life that may be asked for
_PREFIX = "hewston_"  # what looks for leaked secrets can find ours
_HINT = len(_PREFIX) + 4


@transaction.atomic
def ensure_user(*, name: str | None = None) -> User:
    """Find the user that a command acts for; the owner is made on first use, without a password.

    Raises InputError for a name that does not exist.
    """
    if name is None:
        first = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if first is not None:
            return first
        owner = User(username=OWNER, is_staff=True, is_superuser=True)
        owner.set_unusable_password()
        owner.save()
        return owner
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        names = list(User.objects.filter(is_active=True).values_list("username", flat=True)[:20])
        raise InputError(f"There is no user named {name}.", field="user", allowed=names)
    return found


@transaction.atomic
def issue_signin_link(*, user: User, next_path: str) -> str:
    """Make a link that signs the user in once within ten minutes; returns its token."""
    is_here = url_has_allowed_host_and_scheme(next_path, allowed_hosts=None)
    if not (is_here and next_path.startswith("/")):
        raise InputError("A sign-in link can only lead to a page of this site.", field="next")
    now = timezone.now()
    SignInLink.objects.filter(expires_at__lt=now - dt.timedelta(days=1)).delete()
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        user=user,
        token_sha256=digest(token),
        next_path=next_path,
        expires_at=now + dt.timedelta(minutes=LINK_MINUTES),
    )
    return token


def create_token(
    *, owner: User, name: str, scopes: Collection[str], days: int | None = None
) -> tuple[Token, str]:
    """Make a token of a name; returns it and its secret, which nothing can show again.

    It ends after ``days``, else when it is revoked. Raises InputError with the field.
    """
    name = name.strip()
    known = list(Scope.values)
    _check_name(name)
    for scope in scopes:
        if scope not in known:
            message = f"{scope} is not a scope. {suggest(scope, known)}"
            raise InputError(message, field="scopes", allowed=known)
    if not scopes:
        raise InputError("A token needs a scope.", field="scopes", allowed=known)
    if days is not None and not 1 <= days <= TOKEN_DAYS:
        raise InputError(
            f"days is {days}, but must be a whole number from 1 to {TOKEN_DAYS}.",
            field="days",
            allowed=f"a whole number from 1 to {TOKEN_DAYS}",
        )
    secret = _PREFIX + secrets.token_urlsafe(32)
    token = Token(
        owner=owner,
        name=name,
        hint=secret[:_HINT],
        token_sha256=digest(secret),
        scopes=[scope for scope in known if scope in scopes or scope == Scope.READ],
        expires_at=None if days is None else timezone.now() + dt.timedelta(days=days),
    )
    try:
        with transaction.atomic():
            token.save()
    except IntegrityError:
        raise HewstonError(
            f"There is a token named {name} already. Revoke it, or choose another name.",
            code="CONFLICT",
            field="name",
        ) from None
    return token, secret


def _check_name(name: str) -> None:
    longest = 80
    if not name or len(name) > longest or not name.isprintable():
        raise InputError(
            f"A token's name has 1 to {longest} characters that can be shown.",
            field="name",
            allowed=f"1 to {longest} characters",
        )


def revoke_token(*, token: Token) -> None:
    """End a token: its bearer is refused from now on. Raises HewstonError if it was."""
    if not token.revoke():
        raise HewstonError(f"The token {token.name} is revoked already.", code="CONFLICT")


def authenticate_token(text: str) -> Token | None:
    """Find the token whose secret this is; None where it lets nobody in."""
    token = Token.objects.select_related("owner").filter(token_sha256=digest(text)).first()
    if token is None or not token.is_valid:
        return None
    token.note_use()
    return token
