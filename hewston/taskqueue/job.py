"""The row of a job: what an ingest and a run have in common.

    QUEUED → RUNNING → DONE | ERROR | CANCELLED        QUEUED → CANCELLED | ERROR
                RUNNING → QUEUED   when the process that worked on it died

Each transition is one conditional UPDATE; a stale one changes nothing.
"""

import secrets
from collections.abc import Mapping
from typing import ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django_q.tasks import async_task

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
    """State of work that a person asked for.

    ``queue`` names the workers that do it and ``task`` the function that they call with its id;
    ``missing`` is the code of the HewstonError that each change raises when the row was deleted.
    """

    queue: ClassVar[str]
    task: ClassVar[str]
    missing: ClassVar[str] = "NOT_FOUND"

    id = models.CharField(primary_key=True, max_length=12, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    progress = models.JSONField(default=dict)
    error = models.JSONField(null=True)  # {code, message, details?} of a job that failed
    attempt = models.PositiveSmallIntegerField(default=0)
    beats = models.PositiveIntegerField(default=0)  # grows while a worker lives
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    queued_at = models.DateTimeField(default=timezone.now)  # when workers were last called
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
        spent = (self.ended_at - self.started_at).total_seconds()
        return max(round(spent * 1000), 0)  # the clock may have been set back meanwhile

    def enqueue(self) -> None:
        """Call the workers, in the transaction that wrote the row: both happen or neither."""
        async_task(self.task, self.pk, cluster=self.queue)

    def claim(self) -> bool:
        """Take the job from QUEUED to RUNNING; False when somebody else has it."""
        return self._move(
            (Status.QUEUED,),
            status=Status.RUNNING,
            attempt=F("attempt") + 1,
            started_at=timezone.now(),
        )

    def beat(self, progress: Mapping[str, object] | None) -> bool:
        """Record that the worker lives, and its progress; False when the job is not ours."""
        told = {} if progress is None else {"progress": dict(progress)}
        return self._move((Status.RUNNING,), beats=F("beats") + 1, **told)

    def requeue(self) -> bool:
        """Give the job back to the queue, because the process that worked on it died."""
        with transaction.atomic():
            moved = self._move(
                (Status.RUNNING,), status=Status.QUEUED, queued_at=timezone.now(), progress={}
            )
            if moved:
                self.enqueue()
            return moved

    def call_again(self) -> None:
        """Call the workers once more for a job that waits; does nothing when it does not."""
        with transaction.atomic():
            if self._move((Status.QUEUED,), queued_at=timezone.now()):
                self.enqueue()

    def fail(self, problem: HewstonError) -> bool:
        """End the job with its reason."""
        return self._end(LIVE, Status.ERROR, error=problem.as_json())

    def cancel(self) -> bool:
        """End the job, whoever works on it, because a person said so."""
        self.reread()
        while not (ended := self._end(LIVE, Status.CANCELLED)) and not self.is_over:
            pass  # another attempt began in between
        return ended

    def complete(self, **values: object) -> bool:
        """End the job with its result."""
        return self._end((Status.RUNNING,), Status.DONE, **values)

    def reread(self) -> None:
        """Read the row as it is now; raises HewstonError when it was deleted."""
        try:
            self.refresh_from_db()
        except type(self).DoesNotExist:
            raise HewstonError(f"{self.pk} was deleted meanwhile.", code=self.missing) from None

    def _end(self, before: tuple[Status, ...], status: Status, **values: object) -> bool:
        return self._move(before, status=status, ended_at=timezone.now(), **values)

    def _move(self, before: tuple[Status, ...], **values: object) -> bool:
        mine = type(self)._default_manager.filter(  # noqa: SLF001 (own class)
            pk=self.pk, status__in=before, attempt=self.attempt
        )
        moved = mine.update(**values) == 1
        self.reread()
        return moved
