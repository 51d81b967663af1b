"""Jobs: the row is the truth. What an ingest and a run have in common.

    QUEUED → RUNNING → DONE | ERROR | CANCELLED        QUEUED → CANCELLED | ERROR
                RUNNING → QUEUED   when the process that worked on it died

Each transition is one conditional UPDATE; a stale one changes nothing.
"""

import contextlib
import datetime as dt
import errno
import json
import secrets
import shutil
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django_q.tasks import async_task

from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.spec import canonical_json
from hewston.pipeline.store import Store


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

    ``queue`` names the workers that do it and ``task`` the function that they call with its id.
    """

    queue: ClassVar[str]
    task: ClassVar[str]

    id = models.CharField(primary_key=True, max_length=12, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    progress = models.JSONField(default=dict)
    error = models.JSONField(null=True)  # {code, message, details?} of a job that failed
    attempt = models.PositiveSmallIntegerField(default=0)
    beats = models.PositiveIntegerField(default=0)  # grows while a worker lives
    heartbeat_at = models.DateTimeField(null=True)
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
        return round((self.ended_at - self.started_at).total_seconds() * 1000)

    def enqueue(self) -> None:
        """Call the workers, in the transaction that wrote the row: both happen or neither."""
        async_task(self.task, self.pk, cluster=self.queue)

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
        return self._move(
            (Status.RUNNING,),
            progress=progress,
            beats=F("beats") + 1,
            heartbeat_at=timezone.now(),
        )

    def fail(self, problem: HewstonError) -> bool:
        """End the job with its reason."""
        return self._end(LIVE, Status.ERROR, error=problem.as_json())

    def cancel(self) -> bool:
        """End the job, whoever works on it, because a person said so."""
        self.refresh_from_db(fields=["attempt"])
        while not (ended := self._end(LIVE, Status.CANCELLED)) and not self.is_over:
            pass  # another attempt began in between
        return ended

    def complete(self, **values: object) -> bool:
        """End the job with its result."""
        return self._end((Status.RUNNING,), Status.DONE, **values)

    def _end(self, before: tuple[Status, ...], status: Status, **values: object) -> bool:
        return self._move(before, status=status, ended_at=timezone.now(), **values)

    def _move(self, before: tuple[Status, ...], **values: object) -> bool:
        mine = type(self)._default_manager.filter(  # noqa: SLF001 (own class)
            pk=self.pk, status__in=before, attempt=self.attempt
        )
        moved = mine.update(**values) == 1
        self.refresh_from_db()
        return moved


INTERRUPTED = HewstonError(
    "The process that did this ended before it was done. Nothing half-made was kept: start it "
    "again.",
    code="INTERRUPTED",
)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # no space, or no more of it for this user
_CLAIM_GRACE = dt.timedelta(seconds=30)


def find_dead[JobT: Job](jobs: models.QuerySet[JobT]) -> list[JobT]:
    """Sweep what dead processes left half-made; returns the live-looking jobs that were theirs.

    A job that was only just asked for is not dead yet: its process may be about to claim it.
    """
    store = Store(settings.DATA_ROOT)
    store.sweep()
    fresh = Q(status=Status.QUEUED, created_at__gt=timezone.now() - _CLAIM_GRACE)
    return [
        job for job in jobs.filter(status__in=LIVE).exclude(fresh) if not store.is_alive(job.pk)
    ]


class JobLog:
    """Append-only log of one job: a JSON object a line, kept however the job ends."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def write(self, message: str, *, level: str = "info", **details: object) -> None:
        """Add a line with the time, a level (info, warning, error) and a sentence."""
        line = {"at": timezone.now().isoformat(), "level": level, "message": message, **details}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def read_log(job_id: str, *, last: int = 200) -> str:
    """Read the newest lines of a job's log for people: without the tracebacks it may hold."""
    path = Store(settings.DATA_ROOT).log_file(job_id)
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as lines:
        return "\n".join(map(_write_line, deque(lines, maxlen=last)))


def _write_line(line: str) -> str:
    try:
        entry = dict(json.loads(line))
    except (TypeError, ValueError):
        return "(a line that was cut off)"
    when = str(entry.pop("at", ""))[:19].replace("T", " ")
    level, message = entry.pop("level", "info"), entry.pop("message", "")
    entry.pop("traceback", None)
    more = "".join(f" {name}={canonical_json(value)}" for name, value in entry.items())
    return f"{when} {level}: {message}{more}"


def perform(job: Job, work: Callable[[Path, JobLog], None]) -> None:
    """Claim a job, do its work in this process and record one outcome.

    ``work`` gets an empty folder of its own, which is removed at the end, and the job's log; it
    records success itself with ``job.complete``. Does nothing when the job is somebody else's or
    over. Raises HewstonError when the work failed, and KeyboardInterrupt after a cancellation.
    """
    store = Store(settings.DATA_ROOT)
    with contextlib.suppress(BlockingIOError), store.staging(job.pk) as folder:
        try:
            if job.claim():
                _work(job, folder, store.log_file(job.pk), work)
        except (KeyboardInterrupt, CancelledError):
            job.refresh_from_db()  # the interruption may have come in the middle of the claim
            job.cancel()
            raise


def _work(job: Job, folder: Path, log_file: Path, work: Callable[[Path, JobLog], None]) -> None:
    log = JobLog(log_file)
    try:
        _check_disk()
        work(folder, log)
    except (KeyboardInterrupt, CancelledError):
        _note_end(log, folder, "Cancelled.", level="warning")
        raise
    except HewstonError as problem:
        _note_end(log, folder, problem.message, level="error", **problem.details)
        job.fail(problem)
        raise
    except Exception as unforeseen:
        failure = _explain(unforeseen, job)
        lines = traceback.format_exception(unforeseen)
        _note_end(log, folder, failure.message, level="error", traceback=lines)
        job.fail(failure)
        raise failure from unforeseen
    finally:
        with contextlib.suppress(OSError):
            log.close()


def _note_end(log: JobLog, folder: Path, message: str, **details: Any) -> None:  # noqa: ANN401
    """Log how a job ended badly, after making room for that: the disk may be full."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        log.write(message, **details)


def _check_disk() -> None:
    free = shutil.disk_usage(settings.DATA_ROOT).free
    if free < settings.MIN_FREE_BYTES:
        raise HewstonError(
            f"Only {free / 1e9:.2f} GB of disk are free under {settings.DATA_ROOT}; jobs start "
            f"above {settings.MIN_FREE_BYTES / 1e9:g} GB. Free some space, or set "
            "HEWSTON_MIN_FREE_GB.",
            code="BUSY",
        )


def _explain(problem: Exception, job: Job) -> HewstonError:
    if isinstance(problem, OSError) and problem.errno in FULL:
        return HewstonError(
            "The disk is full. Nothing half-made was kept: free some space and try again.",
            code="BUSY",
        )
    return HewstonError(
        f"Something unforeseen happened ({type(problem).__name__}). The log of {job.pk} has the "
        "details: please report it."
    )
