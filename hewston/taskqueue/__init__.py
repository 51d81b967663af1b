"""Jobs: the row is the truth, the queue only wakes those who do the work."""

from hewston.taskqueue.job import LIVE, Job, Status, new_id
from hewston.taskqueue.log import LEVELS, JobLog, LogLine, read_lines, read_log
from hewston.taskqueue.recovery import (
    MAX_ATTEMPTS,
    WORKER_LOCK,
    Watch,
    call_again,
    find_dead,
    has_workers,
    revive,
)
from hewston.taskqueue.work import FULL, Claim, follow, perform

__all__ = [
    "FULL",
    "LEVELS",
    "LIVE",
    "MAX_ATTEMPTS",
    "WORKER_LOCK",
    "Claim",
    "Job",
    "JobLog",
    "LogLine",
    "Status",
    "Watch",
    "call_again",
    "find_dead",
    "follow",
    "has_workers",
    "new_id",
    "perform",
    "read_lines",
    "read_log",
    "revive",
]
