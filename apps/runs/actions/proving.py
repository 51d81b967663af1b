"""Whether runs are whole: recovery and verification."""

import shutil

from django.db import transaction

from apps.datasets.actions import settle_dataset_deletions
from apps.datasets.models import Dataset
from apps.permissions.models import User
from apps.runs.actions.changing import settle_deletions
from apps.runs.models import Reproduction, Run
from apps.runs.tasks import read_metrics, record_result, record_verification
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest
from hewston.taskqueue import LIVE, Status, Watch, find_dead, revive


def find_subject(*, user: User, name: str) -> Dataset | Run:
    """Find the dataset or the run of a name; raises InputError with the nearest one."""
    datasets = Dataset.objects.visible_to(user)
    if (dataset := datasets.filter(pk=name).first()) is not None:
        return dataset
    runs = Run.objects.visible_to(user)
    if (run := runs.filter(pk=name).select_related("revision").first()) is not None:
        return run
    known = [*datasets.values_list("pk", flat=True)[:10], *runs.values_list("pk", flat=True)[:10]]
    raise InputError(
        f"There is no dataset or run {name}. {suggest(name, known)}", code="NOT_FOUND", field="id"
    )


def recover_runs(watch: Watch | None = None) -> list[Run]:
    """Sweep what dead processes left half-made, and give their runs to others.

    A run whose folder is complete and verifies died between writing and recording: it is done.
    """
    settle_dataset_deletions()
    settle_deletions()
    dead = find_dead(Run.objects.all(), watch)
    for run in dead:
        if _is_complete(run):
            record_result(run=run, metrics=read_metrics(run))
        else:
            shutil.rmtree(run.folder, ignore_errors=True)
            revive(run)
    return dead


def find_run(*, user: User, run_id: str) -> Run:
    """Find a run the user may see; raises HewstonError (RUN_NOT_FOUND) with the nearest one."""
    mine = Run.objects.visible_to(user)
    run = mine.filter(pk=run_id).select_related("revision__dataset", "dataset").first()
    if run is None:
        known = list(mine.values_list("pk", flat=True)[:10])
        raise HewstonError(
            f"There is no run {run_id[:40]}. {suggest(run_id, known)}", code=Run.missing, field="id"
        )
    return run


def verify_run(*, run: Run) -> list[str]:
    """Compare a finished run's files and bars with its manifest and the catalogue.

    Returns a sentence for each problem; the row keeps them, when, and by which version. Raises
    HewstonError for a run that is not done, or was deleted.
    """
    check_done(run)
    return record_verification(run)


@transaction.atomic
def request_reproduction(*, owner: User, run: Run) -> Reproduction:
    """Ask for a finished run to be computed again; while one is under way, gives that one.

    Raises HewstonError for a run that is not done.
    """
    check_done(run)
    if (live := run.reproductions.filter(status__in=LIVE).first()) is not None:
        return live
    reproduction = Reproduction.objects.create(owner=owner, run=run)
    reproduction.enqueue()
    return reproduction


def cancel_reproduction(*, run: Run) -> None:
    """Stop the reproduction of a run; its log is kept. Raises HewstonError when there is none."""
    live = run.reproductions.filter(status__in=LIVE).first()
    if live is None or not live.cancel():
        raise HewstonError(f"Run {run.pk} is not being computed again.", code="CONFLICT")


def recover_reproductions(watch: Watch | None = None) -> list[Reproduction]:
    """Give the reproductions of dead processes to others."""
    dead = find_dead(Reproduction.objects.all(), watch)
    for reproduction in dead:
        revive(reproduction)
    return dead


def check_done(run: Run) -> None:
    """Raise HewstonError (RUN_NOT_READY) for a run without results."""
    if run.status != Status.DONE:
        raise HewstonError(
            f"Run {run.pk} is {run.get_status_display()}: it has no results.",
            code="RUN_NOT_READY",
            status=run.status,
        )


def _is_complete(run: Run) -> bool:
    path = run.folder / artifacts.MANIFEST_FILE
    if not path.is_file() or artifacts.verify_run(run.folder):
        return False
    return store.read_json(path).get("input_hash") == run.input_hash
