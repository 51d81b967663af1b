"""Users, and the one-time links that sign them in."""

import hashlib
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone


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

    @staticmethod
    def digest(token: str) -> str:
        """Hash a token as it is stored."""
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def consume(cls, token: str) -> Self | None:
        """Use the link up; None when it is unknown, used or too old. Two racing calls: one wins."""
        now = timezone.now()
        found = cls.objects.filter(token_sha256=cls.digest(token), used_at=None, expires_at__gt=now)
        if found.update(used_at=now) != 1:
            return None
        return cls.objects.select_related("user").get(token_sha256=cls.digest(token))
