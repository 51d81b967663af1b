"""The workers of one queue: django-q2's cluster, made to end whole when any part of it dies.

By itself a cluster goes on in silence after some deaths: an idle worker or monitor that is killed
holds the queue's lock for ever, and parts outlive the process that started them.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django_q import cluster
from django_q.conf import Conf
from django_q.signals import post_spawn

from hewston import children, lifeline
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.store import Store
from hewston.taskqueue import WORKER_LOCK

EXIT_DAMAGED = 75  # start it again
GRACE_S = 10.0  # jobs under way have this long when the cluster is asked to end
_LOOK_S = 0.25
_REAP_S = 5.0
_SILENT_S = 15.0  # the sentinel looks after its parts twice a second
_RECYCLED = -2  # what a worker says that ends after its share of tasks

logger = logging.getLogger(__name__)
_sentinel_beat = multiprocessing.Value("d", 0.0, lock=False)
_parent = os.getpid()


class _Sentinel(cluster.Sentinel):  # type: ignore[misc]  # django-q2 has no types
    """Looks after the parts, and ends when one of them died instead of replacing it."""

    def reincarnate(self, process: Any) -> None:  # noqa: ANN401 (a process with a timer)
        """Replace a worker that did its share; end for any other death."""
        if process not in self.pool or int(process.timer.value) != _RECYCLED:
            os._exit(EXIT_DAMAGED)
        super().reincarnate(process)

    def status(self) -> str:
        """Say how the cluster is; it is asked in every round, so this is its heartbeat."""
        _sentinel_beat.value = time.monotonic()
        return str(super().status())


def run(*, preload: str, reap: Callable[[], None]) -> int:
    """Work on the queue of this process until it is asked to end; returns the exit code.

    ``preload`` is the module that jobs need; ``reap`` looks after jobs of dead processes.
    """
    post_spawn.connect(lambda **_: children.warm(preload), weak=False)
    os.register_at_fork(before=_note_parent, after_in_child=_follow_parent)
    cluster.Sentinel = _Sentinel
    workers = cluster.Cluster()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with Store(settings.DATA_ROOT).staging(f"{WORKER_LOCK}{Conf.CLUSTER_NAME}-{os.getpid()}"):
        connections.close_all()  # a connection does not survive the fork
        try:
            workers.start()
            return _watch(workers, reap)
        except KeyboardInterrupt:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            if workers.sentinel is not None:  # it may have been asked before there was one
                workers.stop_event.set()
                workers.sentinel.join(GRACE_S)
                workers.sentinel.kill()  # what is not done by then is done after the restart
            return 0


def _watch(workers: cluster.Cluster, reap: Callable[[], None]) -> int:
    due = 0.0
    while workers.sentinel.is_alive():
        now = time.monotonic()
        if now - _sentinel_beat.value > _SILENT_S:
            break
        if now >= due:
            due = now + _REAP_S
            try:
                reap()
            except (DatabaseError, HewstonError, OSError) as problem:  # as on a full disk
                logger.warning("Jobs could not be looked after: %s", problem)
        time.sleep(_LOOK_S)
    return EXIT_DAMAGED


def _note_parent() -> None:
    global _parent  # noqa: PLW0603 (a fork knows its parent by nothing else that is not a race)
    _parent = os.getpid()


def _follow_parent() -> None:
    lifeline.end_with(_parent)
