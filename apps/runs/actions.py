"""What can be done with runs."""

import dataclasses
import datetime as dt
import shutil
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from apps.datasets.models import Dataset, Revision
from apps.permissions.models import User
from apps.runs.models import Run, RunKey, RunMetrics
from apps.runs.tasks import record_result
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import read_fields, suggest
from hewston.pipeline.spec import (
    COST_FIELDS,
    RUN_FIELDS,
    RunSpec,
    SlippageFees,
    missing_spread,
    read_run_fields,
)
from hewston.pipeline.strategies.catalogue import find_strategy, source_sha256
from hewston.taskqueue import LIVE, Status, Watch, find_dead, revive

NAME_LENGTH, NOTE_LENGTH = 120, 10_000  # characters


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
    _check_quotes(values["slippage_fees"], dataset)
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


def list_options(spec: RunSpec) -> dict[str, Any]:
    """Give back the options that ``build_spec`` makes the same spec of."""
    data: Mapping[str, Any] = spec.as_json()
    costs = data["slippage_fees"]
    fallback = costs["spread_fallback"] or {}
    return {
        **{name: data[name] for name in RUN_FIELDS},
        **{name: costs[name] for name in COST_FIELDS},
        "spread_fallback": {k: v for k, v in fallback.items() if v is not None} or None,
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class RequestKey:
    """An idempotency key, and the SHA-256 of the body it came with, in canonical JSON."""

    key: str
    body_sha256: str


def request_run(
    *,
    owner: User,
    revision: Revision,
    spec: RunSpec,
    key: RequestKey | None = None,
    speed: float = 60.0,
) -> tuple[Run, bool]:
    """Ask for a run. The same inputs are the same run: returns it, and whether it is new.

    A key answers with the run it was used for, however that ended. Raises HewstonError
    (IDEMPOTENCY_CONFLICT) for a key that came with another body.
    """
    code_hash = artifacts.hash_code()
    wanted = Run(
        owner=owner,
        dataset_id=revision.dataset_id,
        revision=revision,
        spec=spec.as_json(),
        strategy_id=spec.strategy_id,
        code_hash=code_hash,
        input_hash=spec.input_hash(code_hash),
        speed=speed,
    )
    while True:
        known = key and find_by_key(owner=owner, key=key)
        if known:
            return known, False
        try:
            with transaction.atomic():
                return _find_or_create(wanted, key)
        except IntegrityError:
            continue  # somebody asked for it, or used the key, at the same moment


def find_by_key(*, owner: User, key: RequestKey) -> Run | None:
    """Find the run that a key was used for; raises HewstonError when its body was another."""
    used = RunKey.objects.filter(owner=owner, key=key.key).select_related("run").first()
    if used is None:
        return None
    if used.body_sha256 != key.body_sha256:
        raise HewstonError(
            f"The idempotency key {key.key} was used with another body. Use a new key for a new "
            "request.",
            code="IDEMPOTENCY_CONFLICT",
        )
    return used.run


def _find_or_create(wanted: Run, key: RequestKey | None) -> tuple[Run, bool]:
    live = [*LIVE, Status.DONE]
    same = Run.objects.filter(
        owner=wanted.owner, input_hash=wanted.input_hash, status__in=live
    ).first()
    if same is None:
        wanted.save(force_insert=True)
        wanted.enqueue()
    else:
        _check_folder(same)
    if key is not None:
        RunKey.objects.create(
            owner=wanted.owner, key=key.key, body_sha256=key.body_sha256, run=same or wanted
        )
    return same or wanted, same is None


def cancel_run(*, run: Run) -> None:
    """Stop a run; nothing of it is kept but its log. Raises HewstonError when it is over."""
    if not run.cancel():
        raise HewstonError(
            f"Run {run.pk} is over already: {run.get_status_display()}.", code="RUN_ENDED"
        )


def retry_run(*, run: Run) -> tuple[Run, bool]:
    """Ask again for a run that failed or was cancelled, for the one whose it is.

    Returns the run with these inputs, and whether it is new. Raises HewstonError for any other.
    """
    if run.status not in {Status.ERROR, Status.CANCELLED}:
        raise HewstonError(
            f"Run {run.pk} is {run.get_status_display()}: there is nothing to try again.",
            code="CONFLICT",
        )
    spec = build_spec(
        revision=run.revision,
        strategy_id=run.strategy_id,
        params=run.run_spec.params,
        options=list_options(run.run_spec),
    )
    again, created = request_run(owner=run.owner, revision=run.revision, spec=spec, speed=run.speed)
    if created:
        describe_run(run=again, name=run.name, note=run.note)
    return again, created


def check_description(*, name: str, note: str) -> None:
    """Check a name and a note before they are given; raises InputError with the field."""
    for field, text, longest in (("name", name, NAME_LENGTH), ("note", note, NOTE_LENGTH)):
        if len(text) > longest:
            raise InputError(
                f"{field} has {len(text):,} characters, but at most {longest:,} are kept.",
                field=field,
                allowed=f"at most {longest:,} characters",
            )


def describe_run(*, run: Run, name: str, note: str) -> None:
    """Give a run a name and a note; they decide nothing. Raises InputError when one is too long."""
    check_description(name=name, note=note)
    Run.objects.filter(pk=run.pk).update(name=name.strip(), note=note.strip())
    run.refresh_from_db(fields=["name", "note"])


def delete_run(*, run: Run) -> None:
    """Remove a run that is over, with its folder and its log. Raises HewstonError otherwise.

    The folder is moved aside inside the transaction: what a crash leaves there is moved back when
    the row is still there, and removed when it is not.
    """
    place = store.Store(settings.DATA_ROOT)
    aside = place.deleted / run.pk
    try:
        with transaction.atomic():
            deleted, _ = Run.objects.filter(pk=run.pk).exclude(status__in=LIVE).delete()
            if not deleted:
                raise HewstonError(f"Run {run.pk} is under way: cancel it first.", code="CONFLICT")
            aside.parent.mkdir(exist_ok=True)
            if run.folder.exists():
                run.folder.rename(aside)
    finally:
        settle_deletions()
    place.log_file(run.pk).unlink(missing_ok=True)


@transaction.atomic  # where a deletion is under way, this waits for its end
def settle_deletions() -> None:
    """Finish what a deletion left aside: back where its run still exists, else away."""
    place = store.Store(settings.DATA_ROOT)
    for aside in place.deleted.glob("*"):
        if Run.objects.filter(pk=aside.name).exists():
            aside.rename(place.run_folder(aside.name))
        else:
            shutil.rmtree(aside, ignore_errors=True)


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


def _check_folder(run: Run) -> None:
    if run.status == Status.DONE and not run.folder.is_dir():
        raise InputError(
            f"Run {run.pk} has the same inputs, but its folder {run.folder} is gone. Put it back "
            "from a backup; with another --seed the same is computed as a new run.",
            code="CONFLICT",
        )


def _check_quotes(costs: SlippageFees, dataset: Dataset) -> None:
    if costs.k_spread > 0 and costs.spread_fallback is None and not dataset.has_quotes:
        raise missing_spread()


def _check_date(field: str, day: dt.date | None, revision: Revision) -> None:
    dataset = revision.dataset
    if day is not None and not dataset.from_date <= day <= dataset.to_date:
        span = f"{dataset.from_date} to {dataset.to_date}"
        raise InputError(
            f"{field} ({day}) is outside the dataset, which covers {span}.",
            field=field,
            allowed=span,
        )
