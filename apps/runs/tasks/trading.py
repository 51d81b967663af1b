"""The work of a run: claim the row, call the pipeline, record one outcome."""

import contextlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from apps.runs.models import Run, RunMetrics
from hewston import children
from hewston.pipeline import artifacts
from hewston.pipeline import store as storage
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.sandboxes import client_for
from hewston.taskqueue import Claim, JobLog, Status, perform
from hewston.version import find_commit

FIGURES = frozenset(field.name for field in RunMetrics._meta.fields) - {"run"}  # noqa: SLF001 (Django's own API)
BACKTEST = "hewston.pipeline.backtest:run_backtest"
BREAK_DOWN = "hewston.pipeline.breakdown:make_breakdown"
_TICK_S = 0.25


def perform_run(
    run: Run, *, report: Callable[[float], None] = lambda _share: None
) -> dict[str, int]:
    """Do a run; returns the milliseconds of each stage, empty if it was not ours or died.

    Raises HewstonError when the run failed.
    """
    timings: dict[str, int] = {}
    perform(run, lambda claim: timings.update(_trade(run, claim, report)))
    return timings


def work_on_run(run_id: str) -> None:
    """Do what the queue delivered; a second delivery does nothing."""
    run = Run.objects.select_related("revision__dataset").filter(pk=run_id).first()
    if run is not None:
        with contextlib.suppress(HewstonError, CancelledError):  # the row has said it
            perform_run(run)


def record_result(*, run: Run, metrics: Mapping[str, object]) -> bool:
    """End a run with its figures; False when it is no longer ours to end."""
    with transaction.atomic():
        manifest = storage.sha256_file(run.folder / artifacts.MANIFEST_FILE)
        if not run.complete(progress={"share": 1.0}, manifest_sha256=manifest):
            return False
        list_figures(run=run, metrics=metrics)
    return True


def list_figures(*, run: Run, metrics: Mapping[str, object]) -> None:
    """Put a run's figures into the catalogue, as far as it has columns for them."""
    values = {name: value for name, value in metrics.items() if name in FIGURES}
    RunMetrics.objects.update_or_create(run=run, defaults=values)


def _trade(run: Run, claim: Claim, report: Callable[[float], None]) -> dict[str, int]:
    record = artifacts.RunRecord(
        spec=run.run_spec,
        dataset_id=run.dataset_id,
        dataset_interval=run.dataset.interval,
        code_hash=run.code_hash,
        git_commit=find_commit(),
        created_at=timezone.now().isoformat(),
        source=None if run.version is None else run.version.source.encode(),
    )
    staged = claim.folder / "run"
    staged.mkdir()
    outcome: artifacts.Outcome = claim.call(
        BACKTEST,
        report=report,
        bars_file=run.revision.folder / "bars.parquet",
        record=record,
        folder=staged,
        sandbox=client_for(record.source),
    )
    _publish(run, staged, outcome.metrics["values"])
    for finding in outcome.metrics["findings"]:
        claim.log.write(finding["message"], level=finding["severity"], ts_open=finding["ts_open"])
    timings = dict(outcome.timings_ms)
    claim.log.write("Done.", timings_ms=timings)
    _break_down(run, claim.log)
    return timings


def _break_down(run: Run, log: JobLog) -> None:
    """Make what the run's page will ask for. The run is done: where this fails, who asks does.

    While other runs wait for a worker it is left to who asks.
    """
    if Run.objects.filter(status=Status.QUEUED).exists():
        return
    try:
        children.call(
            BREAK_DOWN,
            tick=lambda _progress: None,
            tick_s=_TICK_S,
            log=log.write,
            stored=run.stored,
        )
    except (HewstonError, children.ChildDiedError, children.UnforeseenError) as problem:
        log.write(f"The page's plots are not made yet: {problem}", level="warning")


def _publish(run: Run, staged: Path, metrics: Mapping[str, object]) -> None:
    """Put the folder in place and end the run; a run that does not end so keeps no folder."""
    if run.folder.exists():
        raise HewstonError(f"{run.folder} is there already.", code="CONFLICT")
    try:
        storage.publish(staged, run.folder)
        if not record_result(run=run, metrics=metrics):
            raise CancelledError("The run was cancelled.")
    finally:
        if not Run.objects.filter(pk=run.pk, status=Status.DONE).exists():
            shutil.rmtree(run.folder, ignore_errors=True)
