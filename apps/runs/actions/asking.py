"""Asking for runs."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from apps.datasets.models import Dataset, Revision
from apps.permissions.models import User
from apps.runs.actions.changing import check_description
from apps.runs.actions.strategies import ChosenStrategy, strategy_of
from apps.runs.models import Run, RunKey
from apps.strategies.models import StrategyVersion
from hewston.pipeline import artifacts
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule
from hewston.pipeline.intervals import is_daily
from hewston.pipeline.playback import FASTEST, SLOWEST
from hewston.pipeline.resampling import check_interval
from hewston.pipeline.spec import (
    COST_FIELDS,
    RUN_FIELDS,
    RunSpec,
    SlippageFees,
    is_version,
    missing_spread,
    read_run_fields,
)
from hewston.taskqueue import LIVE, Status

PLAYBACK_FIELDS: dict[str, Rule] = {
    "speed": {
        "type": "float",
        "default": 60.0,
        "min": SLOWEST,
        "max": FASTEST,
        "help": "bars a frame when it is played back, at 30 frames a second; decides nothing",
    }
}
_TRIES = 5  # at a request that others make at the same moment


def build_spec(
    *,
    revision: Revision,
    strategy: ChosenStrategy,
    params: Mapping[str, object],
    options: Mapping[str, object],
) -> RunSpec:
    """Turn what a person said into what decides the run; raises InputError with the field."""
    dataset = revision.dataset
    values = read_run_fields(options)
    for key, default in (("from", dataset.from_date), ("to", dataset.to_date)):
        _check_date(key, values[f"{key}_date"], revision)
        values[f"{key}_date"] = values[f"{key}_date"] or default
    values["interval"] = values["interval"] or dataset.interval
    check_interval(values["interval"], dataset.interval)
    _check_session(values["session"], dataset)
    _check_quotes(values["slippage_fees"], dataset)
    return RunSpec(
        bars_sha256=revision.bars_sha256,
        instrument=dataset.instrument_spec,
        calendar=dataset.calendar,
        tz=dataset.tz,
        symbol=dataset.symbol,
        strategy_id=strategy.strategy_id,
        strategy_sha256=strategy.sha256,
        params=strategy.read_params(params),
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
    version: StrategyVersion | None = None,
    key: RequestKey | None = None,
    speed: float = 60.0,
    name: str = "",
    note: str = "",
) -> tuple[Run, bool]:
    """Ask for a run. The same inputs are the same run: returns it, and whether it is new.

    A key answers with the run it was used for, however that ended. Raises HewstonError
    (IDEMPOTENCY_CONFLICT) for a key that came with another body. Speed, name and note are a new
    run's: they decide nothing, and change none that is there.
    """
    check_description(name=name, note=note)
    if is_version(spec.strategy_id) != (version is not None):
        raise ValueError(f"{spec.strategy_id} comes with {version}.")
    code_hash = artifacts.hash_code()
    wanted = Run(
        owner=owner,
        dataset_id=revision.dataset_id,
        revision=revision,
        spec=spec.as_json(),
        strategy_id=spec.strategy_id,
        version=version,
        code_hash=code_hash,
        input_hash=spec.input_hash(code_hash),
        speed=speed,
        name=name.strip(),
        note=note.strip(),
    )
    for _ in range(_TRIES):
        known = key and find_by_key(owner=owner, key=key)
        if known:
            return known, False
        try:
            with transaction.atomic():
                return _find_or_create(wanted, key)
        except IntegrityError:
            continue  # somebody asked for it, or used the key, at the same moment
    raise HewstonError("Many asked for this at once. Try again.", code="BUSY")


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
        if wanted.version_id and not StrategyVersion.objects.filter(pk=wanted.version_id).exists():
            raise HewstonError(
                f"The strategy {wanted.strategy_id} was deleted meanwhile.",
                code="STRATEGY_NOT_FOUND",
            )
        if not Revision.objects.filter(pk=wanted.revision_id).exists():
            raise HewstonError(
                f"Dataset {wanted.dataset_id} was deleted meanwhile.", code="DATASET_NOT_FOUND"
            )
        wanted.save(force_insert=True)
        wanted.enqueue()
    else:
        _check_folder(same)
    if key is not None:
        RunKey.objects.create(
            owner=wanted.owner, key=key.key, body_sha256=key.body_sha256, run=same or wanted
        )
    return same or wanted, same is None


def retry_run(*, run: Run) -> tuple[Run, bool]:
    """Ask again for a run that failed or was cancelled, for the one whose it is.

    Returns the run with these inputs, and whether it is new. Raises HewstonError for any other.
    """
    if run.status not in {Status.ERROR, Status.CANCELLED}:
        raise HewstonError(
            f"Run {run.pk} is {run.get_status_display()}: there is nothing to try again.",
            code="CONFLICT",
        )
    strategy = strategy_of(run)
    spec = build_spec(
        revision=run.revision,
        strategy=strategy,
        params=run.run_spec.params,
        options=list_options(run.run_spec),
    )
    return request_run(
        owner=run.owner,
        revision=run.revision,
        spec=spec,
        version=strategy.version,
        speed=run.speed,
        name=run.name,
        note=run.note,
    )


def _check_folder(run: Run) -> None:
    if run.status == Status.DONE and not run.folder.is_dir():
        raise InputError(
            f"Run {run.pk} has the same inputs, but its folder is gone. Put it back from a backup, "
            "or delete the run; with another seed the same is computed as a new run.",
            code="CONFLICT",
        )


def _check_quotes(costs: SlippageFees, dataset: Dataset) -> None:
    if costs.k_spread > 0 and costs.spread_fallback is None and not dataset.has_quotes:
        raise missing_spread()


def _check_session(session: str, dataset: Dataset) -> None:
    if is_daily(dataset.interval) and session == "extended":
        raise InputError(
            f"The dataset has bars of {dataset.interval}, which do not tell hours before the open "
            "and after the close. Use the session regular or all: they are the same.",
            field="session",
            allowed=["regular", "all"],
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
