"""Jobs: the row is the truth. What an ingest and a run have in common.

    QUEUED → RUNNING → DONE | ERROR | CANCELLED        QUEUED → CANCELLED | ERROR

Each transition is one conditional UPDATE; a stale one changes nothing.
"""

import secrets
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from hewston.pipeline.errors import HewstonError


def new_id() -> str:
    """Draw an id for a row: 12 hexadecimal digits. Never part of anything hashed."""
    return secrets.token_hex(6)


class Status(models.TextChoices):
    """Where a job stands."""

    QUEUED = "QUEUED", "queued"
    RUNNING = "RUNNING", "running"
    DONE = "DONE", "done"
    ERROR = "ERROR", "failed"
    CANCELLED = "CANCELLED", "cancelled"


LIVE = (Status.QUEUED, Status.RUNNING)


class Job(models.Model):
    """State of work that a person asked for."""

    id = models.CharField(primary_key=True, max_length=12, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    progress = models.JSONField(default=dict)
    error = models.JSONField(null=True)  # {code, message, details?} of a job that failed
    attempt = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Shared by every job."""

        abstract = True
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="%(app_label)s_%(class)s_status"
            )
        ]

    def __str__(self) -> str:
        """Name the job by its id."""
        return self.id

    @property
    def is_over(self) -> bool:
        """Tell whether the state is terminal."""
        return self.status not in LIVE

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from claim to end; None before the end."""
        if self.started_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.started_at).total_seconds() * 1000)

    def claim(self) -> bool:
        """Take the job from QUEUED to RUNNING; False when somebody else has it."""
        now = timezone.now()
        return self._move(
            (Status.QUEUED,),
            status=Status.RUNNING,
            attempt=F("attempt") + 1,
            started_at=now,
            heartbeat_at=now,
        )

    def beat(self, progress: dict[str, object]) -> bool:
        """Record progress and that the worker lives; False when the job is no longer ours."""
        return self._move((Status.RUNNING,), progress=progress, heartbeat_at=timezone.now())

    def fail(self, problem: HewstonError) -> bool:
        """End the job with its reason."""
        return self._end(LIVE, Status.ERROR, error=problem.as_json())

    def cancel(self) -> bool:
        """End the job because a person said so."""
        return self._end(LIVE, Status.CANCELLED)

    def complete(self, **values: object) -> bool:
        """End the job with its result."""
        return self._end((Status.RUNNING,), Status.DONE, **values)

    def _end(self, before: tuple[Status, ...], status: Status, **values: object) -> bool:
        return self._move(before, status=status, ended_at=timezone.now(), **values)

    def _move(self, before: tuple[Status, ...], **values: object) -> bool:
        mine: models.QuerySet[Self] = type(self)._default_manager.filter(  # noqa: SLF001 (own class)
            pk=self.pk, status__in=before, attempt=self.attempt
        )
        moved = mine.update(**values) == 1
        self.refresh_from_db()
        return moved
