"""Whether runs are whole: recovery and verification."""

import shutil
from collections.abc import Mapping

from django.utils import timezone

from apps.datasets.actions import settle_dataset_deletions
from apps.datasets.models import Dataset
from apps.permissions.models import User
from apps.runs.actions.changing import settle_deletions
from apps.runs.models import Run, RunMetrics
from apps.runs.tasks import FIGURES, record_result
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.ingest import BARS
from hewston.taskqueue import Status, Watch, find_dead, revive
from hewston.version import describe_version

_PROOF = ("verified_at", "verified_by", "verified_problems")
_WHOLE = "It was last found whole on"


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
    if run.status != Status.DONE:
        raise HewstonError(
            f"Run {run.pk} is {run.get_status_display()}: it has no artifacts.",
            code="RUN_NOT_READY",
            status=run.status,
        )
    problems = list_problems(run)
    if problems and (whole := _last_found_whole(run)):
        problems.append(whole)
    run.verified_at, run.verified_by = timezone.now(), describe_version()
    run.verified_problems = problems
    said = {name: getattr(run, name) for name in _PROOF}
    if not Run.objects.filter(pk=run.pk).update(**said):
        raise HewstonError(f"Run {run.pk} was deleted meanwhile.", code=Run.missing)
    return problems


def _last_found_whole(run: Run) -> str:
    """Say until when the run was whole, as far as anybody looked: the loss came after that."""
    if run.verified_problems:
        return next((one for one in run.verified_problems if one.startswith(_WHOLE)), "")
    if run.verified_at is None:
        return ""
    return f"{_WHOLE} {run.verified_at:%Y-%m-%d %H:%M:%S} UTC, by {run.verified_by}."


def list_problems(run: Run) -> list[str]:
    """List what is wrong with a finished run's files, and with the bars that it used."""
    problems = _list_damages(run)
    bars = run.revision.folder / BARS
    if change := store.find_change(bars, run.revision.bars_sha256, of="the catalogue"):
        problems.append(f"{BARS} of {run.revision}, which the run used, {change}")
    return problems


def _list_damages(run: Run) -> list[str]:
    path = run.folder / artifacts.MANIFEST_FILE
    digest = run.manifest_sha256
    if digest and (change := store.find_change(path, digest, of="the catalogue")):
        return [f"{path.name} {change}"]  # then nothing that it says is of use
    return artifacts.verify_run(run.folder) or _compare_catalogue(run)


def _compare_catalogue(run: Run) -> list[str]:
    manifest = store.read_json(run.folder / artifacts.MANIFEST_FILE)
    said = {
        "spec": run.spec,
        "input_hash": run.input_hash,
        "code_hash": run.code_hash,
    }
    if not run.is_imported:  # its data may have another name where it was made
        said["dataset_id"] = run.dataset_id
    problems = [
        f"The catalogue's {name} of the run differs from {artifacts.MANIFEST_FILE}."
        for name, value in said.items()
        if manifest.get(name) != value
    ]
    if run.revision.bars_sha256 != run.spec["bars_sha256"]:
        problems.append("The catalogue's revision of the run is not the one that it used.")
    figures = read_metrics(run)
    listed: Mapping[str, object] = RunMetrics.objects.filter(run=run).values().first() or {}
    problems += [
        f"The catalogue's {name} of the run differs from {artifacts.METRICS_FILE}."
        for name, value in figures.items()
        if name in FIGURES and listed.get(name) != value
    ]
    return problems


def read_metrics(run: Run) -> dict[str, object]:
    """Read the values of a finished run's metrics by key."""
    figures = store.read_json(run.folder / artifacts.METRICS_FILE)
    values: dict[str, object] = figures["values"]
    return values


def _is_complete(run: Run) -> bool:
    path = run.folder / artifacts.MANIFEST_FILE
    if not path.is_file() or artifacts.verify_run(run.folder):
        return False
    return store.read_json(path).get("input_hash") == run.input_hash
