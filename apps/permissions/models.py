"""Users, the one-time links that sign them in, and the tokens that their programs carry."""

import contextlib
import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser
from django.db import OperationalError, connection, models
from django.utils import timezone


def digest(secret: str) -> str:
    """Hash a link's or a program's secret as it is stored: nobody can read it back."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


class User(AbstractUser):
    """A person. The first one is the owner of the installation."""

    class Meta(AbstractUser.Meta):
        """Stable order for lists."""

        ordering: ClassVar = ["username"]

    @classmethod
    def any_has_password(cls) -> bool:
        """Tell whether anybody can sign in by a password."""
        unusable = models.Q(password="") | models.Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        return cls.objects.filter(is_active=True).exclude(unusable).exists()


class VisibleQuerySet[ModelT: models.Model](models.QuerySet[ModelT]):
    """Rows that belong to somebody."""

    def visible_to(self, user: object) -> Self:
        """Keep what the user may see: their own rows, and every row for an administrator."""
        if not isinstance(user, User) or not user.is_active:
            return self.none()
        return self if user.is_superuser else self.filter(owner=user)


class SignInLink(models.Model):
    """A link that signs one person in, once. Only the token's hash is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    token_sha256 = models.CharField(max_length=64, unique=True)
    next_path = models.CharField(max_length=500)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        """Name the link by whom it signs in."""
        return f"sign-in link of {self.user}"

    @classmethod
    def consume(cls, token: str) -> Self | None:
        """Use the link up; None when it is unknown, used or too old. Two racing calls: one wins."""
        now = timezone.now()
        found = cls.objects.filter(token_sha256=digest(token), used_at=None, expires_at__gt=now)
        if found.update(used_at=now) != 1:
            return None
        return cls.objects.select_related("user").get(token_sha256=digest(token))


_USE_NOTED_EVERY = dt.timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a token lets a program do."""

    READ = "read", "read everything I see"
    RUN = "run", "start and cancel runs, and write strategies"
    INGEST = "ingest", "bring data in"


@contextlib.contextmanager
def _without_waiting() -> Iterator[None]:
    """Leave a write out when somebody else is writing: who only reads shall not wait for it."""
    patience_ms = settings.DATABASE_PATIENCE_SECONDS * 1000
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            with contextlib.suppress(OperationalError):
                yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience_ms}")


class Token(models.Model):
    """Lets a program act for one person, within scopes. Only the secret's hash is kept."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=12)  # how the secret begins, to tell tokens apart
    token_sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()  # values of Scope; `read` is always among them
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)  # to the minute
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = VisibleQuerySet["Token"].as_manager()

    class Meta:
        """Newest first; a name stands for one token that may still be used."""

        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=models.Q(revoked_at=None),
                name="permissions_token_name",
            )
        ]

    def __str__(self) -> str:
        """Name the token as its owner did."""
        return self.name

    @property
    def user(self) -> User:
        """For whom it acts."""
        return self.owner

    @property
    def is_valid(self) -> bool:
        """Tell whether it lets anybody in now."""
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not is_over and self.owner.is_active

    def note_use(self) -> None:
        """Remember that it was used, once a minute at most."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at >= _USE_NOTED_EVERY:
            with _without_waiting():
                Token.objects.filter(pk=self.pk).update(last_used_at=now)

    def revoke(self) -> bool:
        """End it for good; False when it was revoked before."""
        return (
            Token.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now()) == 1
        )
