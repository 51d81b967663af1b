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
from apps.runs.actions import recover_reproductions, recover_runs
from apps.runs.models import Reproduction, Run
from apps.runs.tasks import BACKTEST
from apps.strategies.actions import recover_checks
from apps.strategies.models import StrategyCheck
from hewston import cluster
from hewston.taskqueue import Job, Status, Watch, call_again

PRELOAD: Mapping[str, str] = {Run.queue: BACKTEST, Ingest.queue: DERIVE}


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
        sys.exit(cluster.run(preload=PRELOAD[queue].partition(":")[0], reap=reap))


def _reap_runs() -> Callable[[], None]:
    """Look after runs, reproductions and checks, which the same workers do."""
    runs, again, checks = (Watch(), Watch()), (Watch(), Watch()), (Watch(), Watch())

    def reap() -> None:
        recover_runs(runs[0])
        recover_reproductions(again[0])
        recover_checks(checks[0])
        several = settings.WORKERS
        _call_again(
            Run.objects.all(), runs[1], several, beside=_running(Reproduction, StrategyCheck)
        )
        _call_again(
            Reproduction.objects.all(), again[1], several, beside=_running(Run, StrategyCheck)
        )
        _call_again(
            StrategyCheck.objects.all(), checks[1], several, beside=_running(Run, Reproduction)
        )

    return reap


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
    return sum(one._default_manager.filter(status=Status.RUNNING).count() for one in kinds)  # noqa: SLF001 (Django's own API)


def _call_again[JobT: Job](
    jobs: QuerySet[JobT], waiting: Watch, workers: int, *, beside: int
) -> None:
    """Call the workers for jobs of a kind again that are not busy with other kinds."""
    call_again(jobs, waiting, workers=workers - beside)
