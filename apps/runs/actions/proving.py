"""Whether runs are whole: recovery and verification."""

import shutil
from collections.abc import Mapping

from apps.datasets.actions import settle_dataset_deletions
from apps.datasets.models import Dataset
from apps.permissions.models import User
from apps.runs.actions.changing import settle_deletions
from apps.runs.models import Run, RunMetrics
from apps.runs.tasks import record_result
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.taskqueue import Watch, find_dead, revive


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


def verify_run(*, run: Run) -> list[str]:
    """Compare a finished run's files with its manifest and the catalogue; a sentence a problem."""
    problems = artifacts.verify_run(run.folder)
    if problems:
        return problems
    path = run.folder / artifacts.MANIFEST_FILE
    if store.sha256_file(path) != run.manifest_sha256:
        return [f"{path.name} differs from the catalogue: it was changed after the run."]
    manifest = store.read_json(path)
    said = {
        "spec": run.spec,
        "input_hash": run.input_hash,
        "code_hash": run.code_hash,
        "dataset_id": run.dataset_id,
    }
    problems = [
        f"The catalogue's {name} of the run differs from {path.name}."
        for name, value in said.items()
        if manifest.get(name) != value
    ]
    figures = read_metrics(run)
    listed: Mapping[str, object] = RunMetrics.objects.filter(run=run).values().first() or {}
    problems += [
        f"The catalogue's {name} of the run differs from {artifacts.METRICS_FILE}."
        for name, value in figures.items()
        if listed.get(name) != value
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
