"""Doing a job: claim its row, work in a child, record one outcome."""

import contextlib
import errno
import shutil
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError

from hewston import children
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.store import Store
from hewston.taskqueue.job import Job, Status
from hewston.taskqueue.log import JobLog
from hewston.taskqueue.recovery import revive

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # no space, or no more of it for this user
_FOLLOW_S = 0.2
TICK_S = 0.25  # progress is written, and a cancellation seen, this often


class Claim:
    """A job that is ours: its empty folder, which is removed at the end, and its log."""

    def __init__(self, job: Job, folder: Path, log: JobLog) -> None:
        self.job, self.folder, self.log = job, folder, log

    def call(
        self,
        work: str,
        *,
        report: Callable[[Any], None] = lambda _progress: None,
        **arguments: object,
    ) -> Any:  # noqa: ANN401 (whatever the work returns)
        """Call a function of the pipeline, ``module:name``, in a child (children.py).

        ``report`` gets its newest progress too. Raises CancelledError, and ends the child, as soon
        as the job is not ours any more.
        """

        def tick(progress: Any) -> None:  # noqa: ANN401 (what the work tells)
            if progress is not None:
                report(progress)
            self.beat(progress)

        return children.call(work, tick=tick, tick_s=TICK_S, log=self.log.write, **arguments)

    def beat(self, progress: Any = None) -> None:  # noqa: ANN401 (what the work tells)
        """Show progress, a share from 0 to 1 or a mapping with one, and that this process lives.

        Raises CancelledError when the job is not ours any more.
        """
        state = {"share": progress} if isinstance(progress, float) else progress
        if not self.job.beat(state):
            raise CancelledError(f"{self.job.pk} was cancelled.")


def perform(job: Job, work: Callable[[Claim], None]) -> None:
    """Claim a job, do its work and record one outcome.

    ``work`` records success itself with ``job.complete``. Does nothing when the job is somebody
    else's or over. A job whose child died, or whose catalogue did not answer, goes back to the
    queue, a few times. Raises HewstonError when the work failed, CancelledError when it was
    cancelled or taken over, and KeyboardInterrupt after cancelling the job.
    """
    store = Store(settings.DATA_ROOT)
    attempt = f"{job.pk}.{job.attempt + 1}"
    with contextlib.suppress(BlockingIOError), store.staging(attempt) as folder:
        try:
            if job.claim():
                _work(job, folder, store.log_file(job.pk), work)
        except KeyboardInterrupt:
            job.cancel()
            raise


def follow(job: Job, *, recover: Callable[[], object]) -> None:
    """Wait for a job that another process does, and end as it ends.

    Returns when it is done, or waits again for somebody who does it: then it is QUEUED. Raises
    HewstonError when it failed or was cancelled.
    """
    job.refresh_from_db()
    while job.status == Status.RUNNING:
        time.sleep(_FOLLOW_S)
        recover()
        job.refresh_from_db()
    if job.status == Status.ERROR:
        error = dict(job.error or {})
        details = error.get("details") or {}
        raise HewstonError(str(error.get("message")), code=str(error.get("code")), **details)
    if job.status == Status.CANCELLED:
        raise HewstonError(f"{job.pk} was cancelled.", code="CANCELLED")


def _work(job: Job, folder: Path, log_file: Path, work: Callable[[Claim], None]) -> None:
    try:
        log = JobLog(log_file)
    except OSError as problem:
        failure = _explain(problem, job)
        job.fail(failure)
        raise failure from problem
    try:
        _check_disk()
        work(Claim(job, folder, log))
    except (KeyboardInterrupt, CancelledError):
        _note_end(log, folder, "Cancelled.", level="warning")
        raise
    except children.ChildDiedError:
        shutil.rmtree(folder, ignore_errors=True)
        revive(job)
    except OperationalError as problem:  # the catalogue is locked for long, or its disk is full
        _note_end(log, folder, f"The catalogue does not answer: {problem}.", level="warning")
        revive(job)
    except HewstonError as problem:
        _note_end(log, folder, problem.message, level="error", **problem.details)
        job.fail(problem)
        raise
    except Exception as unforeseen:
        failure = _explain(unforeseen, job)
        _note_end(log, folder, failure.message, level="error", traceback=_trace(unforeseen))
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
    if getattr(problem, "errno", None) in FULL:
        return HewstonError(
            "The disk is full. Nothing half-made was kept: free some space and try again.",
            code="BUSY",
        )
    kind = type(problem).__name__
    if isinstance(problem, children.UnforeseenError):
        kind = problem.kind
    return HewstonError(
        f"Something unforeseen happened ({kind}). logs/{job.pk}.jsonl in the data root has "
        "the details: please report it."
    )


def _trace(problem: Exception) -> list[str]:
    if isinstance(problem, children.UnforeseenError):
        return problem.lines
    return traceback.format_exception(problem)
