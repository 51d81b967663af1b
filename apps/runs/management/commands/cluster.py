"""`manage.py cluster`: the workers of one queue, which `worker` and `serve` start and restart."""

import sys
from collections.abc import Callable, Mapping

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django_q.conf import Conf

from apps.datasets.actions import recover_equalities, recover_ingests, sweep_uploads
from apps.datasets.models import Equality, Ingest
from apps.datasets.tasks import DERIVE
from apps.runs.actions import recover_runs
from apps.runs.models import Run
from apps.runs.tasks import BACKTEST
from hewston import children, cluster
from hewston.taskqueue import Job, Status, Watch, call_again, find_dead, revive

PRELOAD: Mapping[str, str] = {Run.queue: BACKTEST, Ingest.queue: DERIVE}
# Modules that jobs of the apps above need too: each child would import them anew.
BESIDE: Mapping[str, tuple[str, ...]] = {Run.queue: ("hewston.pipeline.parity.comparing",)}


class Command(BaseCommand):
    """One queue's workers, with the reaper of its jobs."""

    help = "Work on one queue (Q_CLUSTER_NAME). `worker` starts one for each, and restarts it."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Work until asked to end."""
        queue = str(Conf.CLUSTER_NAME)
        if queue not in PRELOAD:
            raise CommandError("Set Q_CLUSTER_NAME to runs or ingest, or use `manage.py worker`.")
        reap = _reap_runs() if queue == Run.queue else _reap_ingests()
        children.prepare(*BESIDE.get(queue, ()))
        sys.exit(cluster.run(preload=PRELOAD[queue].partition(":")[0], reap=reap))


def _reap_runs() -> Callable[[], None]:
    """Look after runs and all other jobs that the same workers do, also those of apps above."""
    kinds = [kind for kind in Job.__subclasses__() if kind.queue == Run.queue]
    watches = {kind: (Watch(), Watch()) for kind in kinds}

    def reap() -> None:
        recover_runs(watches[Run][0])
        for kind in kinds:
            if kind is not Run:
                for job in find_dead(_all(kind), watches[kind][0]):
                    revive(job)
        for kind in kinds:
            beside = [other for other in kinds if other is not kind]
            _call_again(_all(kind), watches[kind][1], settings.WORKERS, beside=_running(*beside))

    return reap


def _all(kind: type[Job]) -> QuerySet[Job]:
    return kind._default_manager.all()  # noqa: SLF001 (Django's own API)


def _reap_ingests() -> Callable[[], None]:
    """Look after ingests and comparisons, which one worker does."""
    ingests, comparisons = (Watch(), Watch()), (Watch(), Watch())

    def reap() -> None:
        recover_ingests(ingests[0])
        recover_equalities(comparisons[0])
        _call_again(Ingest.objects.all(), ingests[1], 1, beside=_running(Equality))
        _call_again(Equality.objects.all(), comparisons[1], 1, beside=_running(Ingest))
        sweep_uploads()

    return reap


def _running(*kinds: type[Job]) -> int:
    """Count the jobs of some kinds that workers are busy with."""
    return sum(_all(one).filter(status=Status.RUNNING).count() for one in kinds)


def _call_again[JobT: Job](
    jobs: QuerySet[JobT], waiting: Watch, workers: int, *, beside: int
) -> None:
    """Call the workers for jobs of a kind again that are not busy with other kinds."""
    call_again(jobs, waiting, workers=workers - beside)
