"""What can be done with users and their sign-in."""

import datetime as dt
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.permissions.models import SignInLink, User
from hewston.pipeline.errors import InputError

OWNER = "owner"
LINK_MINUTES = 10


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
        token_sha256=SignInLink.digest(token),
        next_path=next_path,
        expires_at=now + dt.timedelta(minutes=LINK_MINUTES),
    )
    return token
