"""What becomes of jobs whose process died: they go to another one, a few times.

Who works on a job holds the lock of its attempt, which the kernel frees when that process ends,
and counts up its row's ``beats``. So no clock is asked that could jump.
"""

import contextlib
import time
from collections.abc import Callable

from django.conf import settings
from django.db import models

from hewston.pipeline.errors import HewstonError
from hewston.pipeline.store import Store
from hewston.taskqueue.job import Job, Status
from hewston.taskqueue.log import JobLog

MAX_ATTEMPTS = 3
SILENT_S = 20.0  # a process that lives but has not beaten for this long hangs
FORGOTTEN_S = 5.0  # a job that waits this long beside free workers was lost by the queue

WORKER_LOCK = "worker-"  # begins the name of the lock that a queue's workers hold

INTERRUPTED = HewstonError(
    "The process that did this ended before it was done, three times. Nothing half-made was kept.",
    code="INTERRUPTED",
)


class Watch:
    """What one process saw of live jobs, and when by its own clock, which never jumps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, ...], float] = {}

    def find_unchanged(self, jobs: list[Job], *, for_s: float) -> list[str]:
        """Name the jobs that have looked the same for ``for_s`` seconds of watching."""
        now = self._clock()
        states = {job.pk: _look(job) for job in jobs}
        self._seen = {state: self._seen.get(state, now) for state in states.values()}
        return [pk for pk, state in states.items() if now - self._seen[state] >= for_s]


def _look(job: Job) -> tuple[str, ...]:
    return (job.pk, job.status, str(job.attempt), str(job.beats), job.queued_at.isoformat())


def find_dead[JobT: Job](jobs: models.QuerySet[JobT], watch: Watch | None = None) -> list[JobT]:
    """Sweep what dead processes left half-made; returns the running jobs that nobody works on.

    With a ``watch``, those whose process hangs are among them.
    """
    store = Store(settings.DATA_ROOT)
    store.sweep()
    running = list(jobs.filter(status=Status.RUNNING))
    hanging = watch.find_unchanged([*running], for_s=SILENT_S) if watch else []
    return [
        job for job in running if job.pk in hanging or not store.is_alive(f"{job.pk}.{job.attempt}")
    ]


def has_workers(queue: str) -> bool:
    """Tell whether somebody works on a queue, on this data root."""
    store = Store(settings.DATA_ROOT)
    locks = store.temporary.glob(f"{WORKER_LOCK}{queue}-*.lock")
    return any(store.is_alive(lock.stem) for lock in locks)


def revive(job: Job) -> None:
    """Give a job whose process died to another one; after the last attempt it has failed."""
    died = f"The process of attempt {job.attempt} ended before it was done."
    if job.attempt >= MAX_ATTEMPTS:
        if job.fail(INTERRUPTED):
            _note(job, died, level="error")
    elif job.requeue():
        _note(job, f"{died} Another one begins.", level="warning")


def _note(job: Job, message: str, *, level: str) -> None:
    with contextlib.suppress(OSError):  # the disk may be full, and the row has said it
        log = JobLog(Store(settings.DATA_ROOT).log_file(job.pk))
        log.write(message, level=level)
        log.close()


def call_again[JobT: Job](jobs: models.QuerySet[JobT], watch: Watch, *, workers: int) -> None:
    """Enqueue again what has waited beside free workers: the queue lost it with its process."""
    waiting = list(jobs.filter(status=Status.QUEUED).order_by("created_at"))
    forgotten = watch.find_unchanged([*waiting], for_s=FORGOTTEN_S)
    free = workers - jobs.filter(status=Status.RUNNING).count()
    for job in [job for job in waiting if job.pk in forgotten][: max(free, 0)]:
        job.call_again()
