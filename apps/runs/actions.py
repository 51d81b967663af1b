"""What can be done with runs."""

import datetime as dt
import shutil
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from apps.datasets.models import Dataset, Revision
from apps.permissions.models import User
from apps.runs.models import Run, RunMetrics
from apps.runs.tasks import record_result
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import read_fields, suggest
from hewston.pipeline.spec import RunSpec, read_run_fields
from hewston.pipeline.strategies.catalogue import find_strategy, source_sha256
from hewston.taskqueue import INTERRUPTED, LIVE, Status, find_dead


def build_spec(
    *,
    revision: Revision,
    strategy_id: str,
    params: Mapping[str, object],
    options: Mapping[str, object],
) -> RunSpec:
    """Turn what a person said into what decides the run; raises InputError with the field."""
    strategy = find_strategy(strategy_id)
    dataset = revision.dataset
    values = read_run_fields(options)
    for key, default in (("from", dataset.from_date), ("to", dataset.to_date)):
        _check_date(key, values[f"{key}_date"], revision)
        values[f"{key}_date"] = values[f"{key}_date"] or default
    return RunSpec(
        bars_sha256=revision.bars_sha256,
        instrument=dataset.instrument_spec,
        interval=dataset.interval,
        calendar=dataset.calendar,
        tz=dataset.tz,
        symbol=dataset.symbol,
        strategy_id=strategy_id,
        strategy_sha256=source_sha256(strategy),
        params=read_fields(
            strategy.PARAMS, params, of=f"parameter of {strategy_id}", prefix="params."
        ),
        **values,
    )


def request_run(*, owner: User, revision: Revision, spec: RunSpec) -> tuple[Run, bool]:
    """Ask for a run. The same inputs are the same run: returns it, and whether it is new."""
    code_hash = artifacts.hash_code()
    input_hash = spec.input_hash(code_hash)
    same = Run.objects.filter(owner=owner, input_hash=input_hash, status__in=[*LIVE, Status.DONE])
    if (known := same.first()) is not None:
        _check_folder(known)
        return known, False
    try:
        with transaction.atomic():
            run = Run.objects.create(
                owner=owner,
                dataset_id=revision.dataset_id,
                revision=revision,
                spec=spec.as_json(),
                strategy_id=spec.strategy_id,
                code_hash=code_hash,
                input_hash=input_hash,
            )
    except IntegrityError:
        return same.get(), False  # somebody asked for it at the same moment
    return run, True


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


def recover_runs() -> list[Run]:
    """Sweep what dead processes left half-made, and end the runs that were theirs.

    A run whose folder is complete and verifies died between writing and recording: it is done.
    """
    dead = find_dead(Run.objects.all())
    for run in dead:
        if run.status == Status.RUNNING and _is_complete(run):
            record_result(run=run, metrics=read_metrics(run))
        elif run.fail(INTERRUPTED):
            shutil.rmtree(run.folder, ignore_errors=True)
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


def _check_folder(run: Run) -> None:
    if run.status == Status.DONE and not run.folder.is_dir():
        raise InputError(
            f"Run {run.pk} has the same inputs, but its folder {run.folder} is gone. Put it back "
            "from a backup; with another --seed the same is computed as a new run.",
            code="CONFLICT",
        )


def _check_date(field: str, day: dt.date | None, revision: Revision) -> None:
    dataset = revision.dataset
    if day is not None and not dataset.from_date <= day <= dataset.to_date:
        span = f"{dataset.from_date} to {dataset.to_date}"
        raise InputError(
            f"{field} ({day}) is outside the dataset, which covers {span}.",
            field=field,
            allowed=span,
        )
