"""Tells who watches which jobs have changed: one thread for a whole web process.

It asks the database twenty times a second whether anybody wrote (SQLite's ``data_version``, which
costs microseconds), and only then what became of the jobs that somebody watches: one query a kind
of job, whoever watches. The thread lives as long as there are watchers.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import DatabaseError, connection
from django.db.models import Count, Max, QuerySet, Sum

from apps.permissions.models import User
from hewston.taskqueue import LIVE, Job

ALL = "jobs"  # the name of any job that the watcher may see
LOOK_SECONDS = 0.05
SHARE = 0.1  # of a core, at most, however much there is to look at
_RETRY_SECONDS = 1.0
_IDS_PER_QUERY = 5000
type Mark = tuple[object, ...]  # differs when the job does

logger = logging.getLogger(__name__)


class Subscription:
    """What one socket watches, and what of it has changed since it last looked."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.names: frozenset[str] = frozenset()
        self._loop = asyncio.get_running_loop()
        self._changed: set[str] = set()
        self._news = asyncio.Event()

    async def changes(self) -> list[str]:
        """Wait until something was told; returns the names of it."""
        await self._news.wait()
        self._news.clear()
        changed, self._changed = self._changed & self.names, set()
        return sorted(changed)

    def tell(self, names: Iterable[str]) -> None:
        """Add names, from whatever thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._add, frozenset(names))

    def _add(self, names: frozenset[str]) -> None:
        self._changed |= names
        self._news.set()


class Watcher:
    """All subscriptions of the process, and the thread that serves them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._marks: dict[str, Mark] = {}  # of each watched job, as it was last told
        self._owners: dict[int, Mark] = {}  # of all live jobs of each person
        self._is_due = False  # something was added that the next look must not miss
        self._thread: threading.Thread | None = None

    def subscribe(self, subscription: Subscription) -> None:
        """Begin to serve a subscription; it watches nothing yet."""
        with self._lock:
            self._subscriptions.add(subscription)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._thread.start()

    def unsubscribe(self, subscription: Subscription) -> None:
        """End it."""
        with self._lock:
            self._subscriptions.discard(subscription)

    def watch(self, subscription: Subscription, names: Iterable[str]) -> None:
        """Let a subscription watch these, as far as its user may see them, and tell them all.

        From now on no change is missed: what is told now is read by the page after that.
        """
        wanted = frozenset(names)
        marks = _read_marks(wanted, subscription.user)
        owners = _read_owners() if ALL in wanted else {}
        with self._lock:
            subscription.names = frozenset(marks) | wanted & {ALL}
            self._marks = marks | self._marks
            self._owners = owners | self._owners
            self._is_due = True
        subscription.tell(subscription.names)

    def _run(self) -> None:
        seen: object = None
        pause = LOOK_SECONDS
        while self._goes_on():
            started = time.monotonic()
            try:
                version = _data_version()
                if version != seen or self._is_due:
                    self._look()
                    seen = version
                pause = max(LOOK_SECONDS, (time.monotonic() - started) * (1 / SHARE - 1))
            except DatabaseError as problem:
                logger.warning("Jobs cannot be watched for a moment: %s", problem)
                connection.close()
                seen, pause = None, _RETRY_SECONDS
            time.sleep(pause)
        connection.close()

    def _goes_on(self) -> bool:
        with self._lock:
            if not self._subscriptions:
                self._thread = None
                self._marks, self._owners = {}, {}
            return bool(self._subscriptions)

    def _look(self) -> None:
        """Compare what is watched with how it was, and tell the difference."""
        with self._lock:
            self._is_due = False
            names = frozenset().union(*(each.names for each in self._subscriptions))
        marks = _read_marks(names)
        owners = _read_owners() if ALL in names else {}
        with self._lock:
            changed = {name for name in names if self._marks.get(name) != marks.get(name)}
            people = {
                person
                for person in owners.keys() | self._owners.keys()
                if self._owners.get(person) != owners.get(person)
            }
            subscriptions = tuple(self._subscriptions)
            watched = frozenset().union(*(each.names for each in subscriptions))
            # Those that were added meanwhile keep how they were when they were told.
            added = {name: self._marks[name] for name in watched - names if name in self._marks}
            self._marks = marks | added
            if ALL in names or ALL not in watched:
                self._owners = owners
        for each in subscriptions:
            news = changed & each.names
            if ALL in each.names and (people if each.user.is_superuser else each.user.pk in people):
                news |= {ALL}
            if news:
                each.tell(news)


def _data_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        (version,) = cursor.fetchone()
    return int(version)


def _read_marks(names: Iterable[str], user: User | None = None) -> dict[str, Mark]:
    """Read the marks of jobs by name, ``kind:id``; with a user only of those they may see."""
    wanted = defaultdict(list)
    for name in names:
        kind, _, job_id = name.partition(":")
        wanted[kind].append(job_id)
    marks: dict[str, Mark] = {}
    for kind, jobs in _kinds().items():
        ids = wanted[kind]
        rows = jobs if user is None else jobs.visible_to(user)  # type: ignore[attr-defined]
        for start in range(0, len(ids), _IDS_PER_QUERY):
            found = rows.filter(pk__in=ids[start : start + _IDS_PER_QUERY])
            values = found.values_list("pk", "status", "attempt", "beats")
            marks |= {f"{kind}:{job_id}": tuple(mark) for job_id, *mark in values}
    return marks


def _read_owners() -> dict[int, Mark]:
    """Sum up each person's live jobs, so that any change of any of them changes the sum."""
    sums: dict[int, Mark] = defaultdict(tuple)
    for kind, jobs in _kinds().items():
        people = (
            jobs.filter(status__in=LIVE)
            .order_by()
            .values_list("owner_id")
            .annotate(
                Count("pk"), Max("created_at"), Sum("attempt"), Sum("beats"), Max("started_at")
            )
        )
        for owner, *mark in people:
            sums[owner] += (kind, *mark)
    return dict(sums)


def _kinds() -> Mapping[str, QuerySet[Job]]:
    """Give every kind of job by its name."""
    return {kind.__name__.lower(): kind._default_manager.all() for kind in Job.__subclasses__()}  # noqa: SLF001


watcher = Watcher()
