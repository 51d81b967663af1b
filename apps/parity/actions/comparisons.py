"""Comparisons: asking for one, again, and without a cause; stopping and deleting one."""

import shutil
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from apps.parity.actions.artifacts import find_artifact
from apps.parity.actions.reports import read_comparison
from apps.parity.actions.sides import are_sides_there, check_sides, find_warmup, hash_inputs
from apps.parity.actions.zones import read_zone_name
from apps.parity.models import BridgeArtifact, Comparison
from apps.permissions.models import User
from apps.runs.actions import build_spec, find_run, list_options, request_run, strategy_of
from apps.runs.models import Run
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.parity.options import Options
from hewston.taskqueue import LIVE, Status, Watch, find_dead, revive

_ORPHANED_S = 3600.0  # a folder without its row is this old before it is nobody's
_TRIES = 5  # at a request that others make at the same moment


def request_comparison(
    *,
    owner: User,
    artifact_id: str,
    second_artifact_id: str | None = None,
    run_id: str | None = None,
    python_artifact_id: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[Comparison, bool]:
    """Ask for what Pine said to be set beside a run, or beside another bridge artifact.

    ``artifact_id`` and ``second_artifact_id`` are Pine's: of two, each gives what it has, the first
    before the second. ``options`` are those of ``Options.from_json``. Gives the comparison, and
    whether it is new: the same inputs are the same one. Raises HewstonError for what is not there
    or cannot be compared, InputError with the field for options.
    """
    if not artifact_id:
        raise InputError("Say which bridge artifact is Pine's.", field="artifact_id")
    if bool(run_id) == bool(python_artifact_id):
        raise InputError(
            "Say what Python's side is: a run, or a bridge artifact; one of both.", field="run_id"
        )
    pine = [_find_artifact(owner, artifact_id, "artifact_id")]
    if second_artifact_id:
        pine.append(_find_artifact(owner, second_artifact_id, "second_artifact_id"))
    wanted = Comparison(
        owner=owner,
        artifact=pine[0],
        second_artifact=pine[1] if len(pine) > 1 else None,
        options=_read_options(options or {}).as_json(),
    )
    if python_artifact_id:
        wanted.python_artifact = _find_artifact(owner, python_artifact_id, "python_artifact_id")
    else:
        wanted.run = _find_run(owner, run_id or "")
    return _request(wanted)


def compare_again(*, comparison: Comparison, change: Mapping[str, Any]) -> tuple[Comparison, bool]:
    """Compare the same two sides with some options changed, as ``Options.changed`` reads them.

    With nothing changed, one that failed or was cancelled is tried again. Gives the comparison of
    its owner, and whether it is new. Raises as ``request_comparison``.
    """
    options = _read_options(comparison.options, change)
    return _request(_like(comparison, options=options.as_json(), run=comparison.run))


@transaction.atomic
def remove_cause(*, comparison: Comparison, hint: int) -> tuple[Comparison, bool]:
    """Compare again as the hint of that number (from 0) says: other options, or another run.

    The run is asked for with its options changed, and compared when it is done. Raises
    HewstonError where there is no such hint, and where the run cannot be asked for.
    """
    hints = read_comparison(comparison=comparison)["hints"]
    if not 0 <= hint < len(hints):
        raise HewstonError(
            f"Comparison {comparison.pk} has {len(hints)} hints, counted from 0: {hint} is none.",
            code="NOT_FOUND",
            field="hint",
        )
    chosen = hints[hint]
    options = _read_options(comparison.options, chosen["options"])
    run = comparison.run
    if chosen["run"]:
        run = _run_again(comparison, chosen["run"])
    return _request(_like(comparison, options=options.as_json(), run=run))


def _run_again(comparison: Comparison, change: Mapping[str, Any]) -> Run:
    """Ask for the run with some of its options changed."""
    run = comparison.run
    if run is None:
        raise HewstonError(
            "Python's side is a bridge artifact, which cannot be run again.", code="CONFLICT"
        )
    strategy = strategy_of(run)
    spec = build_spec(
        revision=run.revision,
        strategy=strategy,
        params=run.run_spec.params,
        options={**list_options(run.run_spec), **change},
    )
    again, _ = request_run(
        owner=comparison.owner,
        revision=run.revision,
        spec=spec,
        version=strategy.version,
        speed=run.speed,
        name=run.name,
        note=run.note,
    )
    return again


def _like(comparison: Comparison, *, options: dict[str, Any], run: Run | None) -> Comparison:
    return Comparison(
        owner=comparison.owner,
        artifact=comparison.artifact,
        second_artifact=comparison.second_artifact,
        python_artifact=comparison.python_artifact,
        run=run,
        options=options,
    )


def _read_options(given: Mapping[str, Any], change: Mapping[str, Any] | None = None) -> Options:
    """Read options, and what is changed of them; a zone gets its own name."""
    options = Options.from_json(given)
    if change is not None:
        options = options.changed(change)
    zone = read_zone_name(options.zone or "") or None
    return options if zone == options.zone else options.changed({"zone": zone})


def _find_artifact(owner: User, artifact_id: str, field: str) -> BridgeArtifact:
    try:
        return find_artifact(user=owner, artifact_id=artifact_id)
    except HewstonError as problem:
        problem.details = {**problem.details, "field": field}
        raise


def _find_run(owner: User, run_id: str) -> Run:
    try:
        return find_run(user=owner, run_id=run_id)
    except HewstonError as problem:
        problem.details = {**problem.details, "field": "run_id"}
        raise


def _request(wanted: Comparison) -> tuple[Comparison, bool]:
    """Find the comparison of these inputs, or ask for it."""
    check_sides(wanted)
    wanted.warmup = {} if wanted.run is None else find_warmup(wanted.run)
    wanted.code_hash = artifacts.hash_code()
    wanted.inputs_sha256 = hash_inputs(wanted)
    _sweep()
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                return _find_or_create(wanted)
        except IntegrityError:
            if not are_sides_there(wanted):
                break
    raise HewstonError(
        "What is to be compared was deleted meanwhile, or many asked for it at once. Try again.",
        code="BUSY",
    )


def _find_or_create(wanted: Comparison) -> tuple[Comparison, bool]:
    live = [*LIVE, Status.DONE]
    same = Comparison.objects.filter(
        owner=wanted.owner, inputs_sha256=wanted.inputs_sha256, status__in=live
    ).first()
    if same is None:
        wanted.save(force_insert=True)
        wanted.enqueue()
        return wanted, True
    if same.status == Status.DONE and not same.folder.is_dir():
        raise InputError(
            f"Comparison {same.pk} has the same inputs, but its folder is gone. Put it back from a "
            "backup, or delete the comparison and ask for it again.",
            code="CONFLICT",
        )
    return same, False


def cancel_comparison(*, comparison: Comparison) -> None:
    """Stop a comparison; its log is kept. Raises HewstonError when it is over."""
    if not comparison.cancel():
        raise HewstonError(
            f"Comparison {comparison.pk} is over already: {comparison.get_status_display()}.",
            code="CONFLICT",
        )


def delete_comparison(*, comparison: Comparison) -> None:
    """Remove a comparison that is over, with its files and its log; certificates stay.

    Raises HewstonError while it is under way.
    """
    deleted, _ = Comparison.objects.filter(pk=comparison.pk).exclude(status__in=LIVE).delete()
    if not deleted:
        comparison.reread()
        raise HewstonError(
            f"Comparison {comparison.pk} is under way: cancel it first.", code="CONFLICT"
        )
    shutil.rmtree(comparison.folder, ignore_errors=True)
    store.Store(settings.DATA_ROOT).log_file(comparison.pk).unlink(missing_ok=True)


def recover_comparisons(watch: Watch | None = None) -> list[Comparison]:
    """Give the comparisons of dead processes to others, and remove folders that are nobody's."""
    dead = find_dead(Comparison.objects.all(), watch)
    for comparison in dead:
        revive(comparison)
    _sweep()
    return dead


def _sweep() -> None:
    """Remove folders whose rows are gone: with their run, or never written."""
    folders = list(store.Store(settings.DATA_ROOT).comparisons.glob("*"))
    found = Comparison.objects.filter(pk__in=[one.name for one in folders])
    known = set(found.values_list("pk", flat=True))
    for folder in folders:
        if folder.name not in known and time.time() - folder.stat().st_mtime > _ORPHANED_S:
            shutil.rmtree(folder, ignore_errors=True)
