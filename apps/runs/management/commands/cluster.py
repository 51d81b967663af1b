"""`manage.py cluster`: the workers of one queue, which `worker` and `serve` start and restart."""

import sys
from collections.abc import Callable, Mapping

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_q.conf import Conf

from apps.datasets.actions import recover_ingests, sweep_uploads
from apps.datasets.models import Ingest
from apps.datasets.tasks import DERIVE
from apps.runs.actions import recover_runs
from apps.runs.models import Run
from apps.runs.tasks import BACKTEST
from hewston import cluster
from hewston.taskqueue import Watch, call_again

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
    running, waiting = Watch(), Watch()

    def reap() -> None:
        recover_runs(running)
        call_again(Run.objects.all(), waiting, workers=settings.WORKERS)

    return reap


def _reap_ingests() -> Callable[[], None]:
    running, waiting = Watch(), Watch()

    def reap() -> None:
        recover_ingests(running)
        call_again(Ingest.objects.all(), waiting, workers=1)
        sweep_uploads()

    return reap
