"""The two sides of a comparison: whether they can be compared, and what names them."""

import hashlib
from typing import Any

from apps.parity.models import BridgeArtifact, Comparison
from apps.runs.models import Run
from apps.strategies.models import StrategyCheck
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.spec import canonical_json
from hewston.taskqueue import LIVE, Status

_PARTS = ("candles", "series", "trades")


def check_sides(wanted: Comparison) -> None:
    """Refuse sides of which nothing can be compared."""
    pine, run, other = wanted.pine_artifacts, wanted.run, wanted.python_artifact
    if len({one.pk for one in pine}) < len(pine):
        raise InputError("Both bridge artifacts of Pine are the same.", field="second_artifact_id")
    if len(pine) > 1 and not _parts(pine[1]) - _parts(pine[0]):
        raise InputError(
            f"Bridge artifact {pine[1].pk} has only {_say(_parts(pine[1]))}, which {pine[0].pk} "
            "has too: leave it out.",
            field="second_artifact_id",
        )
    if run is not None:
        _check_run(run)
        return
    if other is None:
        raise ValueError("A comparison has no Python's side.")
    if other.pk in {one.pk for one in pine}:
        raise InputError(
            f"Bridge artifact {other.pk} is on both sides: choose another for one of them.",
            field="python_artifact_id",
        )
    said = set[str]().union(*(_parts(one) for one in pine))
    if not said & _parts(other):
        raise InputError(
            f"Pine's side has {_say(said)}, and bridge artifact {other.pk} has "
            f"{_say(_parts(other))}: nothing of them can be compared.",
            field="python_artifact_id",
        )


def _check_run(run: Run) -> None:
    if run.status not in {*LIVE, Status.DONE}:
        raise HewstonError(
            f"Run {run.pk} is {run.get_status_display()}: it has no results to compare with.",
            code="RUN_NOT_READY",
            field="run_id",
            status=run.status,
        )


def _parts(artifact: BridgeArtifact) -> set[str]:
    return {name for name in _PARTS if getattr(artifact, name)}


def _say(parts: set[str]) -> str:
    return " and ".join(name for name in _PARTS if name in parts) or "nothing"


def hash_inputs(wanted: Comparison) -> str:
    """Name all that decides what comes of a comparison."""
    run, other = wanted.run, wanted.python_artifact
    python = [other.pk, other.upload_sha256] if other is not None else []
    inputs = {
        "pine": [[one.pk, one.upload_sha256] for one in wanted.pine_artifacts],
        "python": python if run is None else [run.pk, run.input_hash],
        "options": wanted.options,
        "warmup": wanted.warmup,
        "code_hash": wanted.code_hash,
    }
    return hashlib.sha256(canonical_json(inputs).encode()).hexdigest()


def find_warmup(run: Run) -> dict[str, Any]:
    """Find how long the newest check of the run's version, with its parameters, saw it warm up."""
    if run.version is None:
        return {}
    checks = StrategyCheck.objects.filter(version=run.version, status=Status.DONE)
    params = run.spec["params"]
    found = next((one for one in checks.iterator() if one.params == params), None)
    measured = None if found is None else found.result.get("warmup")
    return {} if not measured else {name: measured[name] for name in ("bars", "series")}


def are_sides_there(wanted: Comparison) -> bool:
    """Tell whether nothing of both sides was deleted meanwhile."""
    ids = [one.pk for one in (*wanted.pine_artifacts, wanted.python_artifact) if one is not None]
    is_run_there = wanted.run is None or Run.objects.filter(pk=wanted.run.pk).exists()
    return is_run_there and BridgeArtifact.objects.filter(pk__in=ids).count() == len(set(ids))
