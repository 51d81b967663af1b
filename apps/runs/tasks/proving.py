"""Proving a run: its files by what was recorded of them, its results by computing them again."""

import contextlib
from collections.abc import Callable, Mapping

from django.utils import timezone

from apps.runs.models import Reproduction, Run, RunMetrics
from apps.runs.tasks.trading import FIGURES
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.ingest import BARS
from hewston.sandboxes import client_for
from hewston.taskqueue import Claim, perform
from hewston.version import describe_version

REPRODUCE = "hewston.pipeline.reproduction:reproduce"
_PROOF = ("verified_at", "verified_by", "verified_problems")
_WHOLE = "It was last found whole on"


def record_verification(run: Run) -> list[str]:
    """Verify a run and record what came of it; returns a sentence for each problem.

    Raises HewstonError when the run was deleted.
    """
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
    said = {"spec": run.spec, "input_hash": run.input_hash, "code_hash": run.code_hash}
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


def perform_reproduction(
    reproduction: Reproduction, *, report: Callable[[float], None] = lambda _share: None
) -> None:
    """Compute a run again and record how the results compare. ``report`` gets the share done.

    Raises HewstonError when it could not be compared.
    """
    perform(reproduction, lambda claim: _reproduce(reproduction, claim, report))


def work_on_reproduction(reproduction_id: str) -> None:
    """Do what the queue delivered; a second delivery does nothing."""
    found = Reproduction.objects.select_related("run__revision__dataset").filter(pk=reproduction_id)
    if (reproduction := found.first()) is not None:
        with contextlib.suppress(HewstonError, CancelledError):  # the row has said it
            perform_reproduction(reproduction)


def _reproduce(reproduction: Reproduction, claim: Claim, report: Callable[[float], None]) -> None:
    run = reproduction.run
    if problems := record_verification(run):
        raise HewstonError(f"Run {run.pk} cannot be compared: {problems[0]}", code="CONFLICT")
    again = claim.folder / "again"
    again.mkdir()
    outcome: Mapping[str, object] = claim.call(
        REPRODUCE,
        report=report,
        # Found by its hash: an imported run's data may have another name where it was made.
        bars_file=run.revision.folder / BARS,
        original=run.folder,
        folder=again,
        sandbox=client_for(artifacts.read_source(run.folder)),
    )
    if not reproduction.complete(
        outcome=outcome, version=describe_version(), progress={"share": 1.0}
    ):
        raise CancelledError("The reproduction was cancelled.")
    claim.log.write("Done.", differences=outcome["differences"])
