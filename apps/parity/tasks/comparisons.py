"""The work of a comparison: its run first, where that is not over; then both sides, in a child."""

import contextlib
import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.parity.models import BridgeArtifact, Certificate, Comparison
from apps.runs.actions import recover_runs
from apps.runs.models import Run
from apps.runs.tasks import list_problems, perform_run
from hewston.pipeline import store
from hewston.pipeline.errors import CancelledError, HewstonError, InputError
from hewston.pipeline.parity.files import REPORT_FILE
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.report import certify
from hewston.pipeline.spec import canonical_json, sha256_text
from hewston.taskqueue import Claim, Status, follow, perform

COMPARE = "hewston.pipeline.parity.comparing:compare_to_folder"
_WITHIN = "numeric_tolerance"  # the class of a series that differs within its tolerance

type Report = Callable[[float], None]


def perform_comparison(comparison: Comparison, *, report: Report = lambda _share: None) -> None:
    """Compare both sides. ``report`` gets the share done.

    A run that is not over is performed here, or waited for where another worker has it; meanwhile
    the comparison waits. Raises HewstonError when both could not be compared: only the row and its
    log then remain.
    """
    try:
        _end_run(comparison)
    except KeyboardInterrupt:
        comparison.cancel()
        raise
    perform(comparison, lambda claim: _compare(comparison, claim, report))


def work_on_comparison(comparison_id: str) -> None:
    """Do what the queue delivered; a second delivery does nothing."""
    found = Comparison.objects.with_sides().filter(pk=comparison_id)
    if (comparison := found.first()) is not None:
        with contextlib.suppress(HewstonError, CancelledError):  # the row has said it
            perform_comparison(comparison)


def _end_run(comparison: Comparison) -> None:
    """Have the run done, whoever does it, or until the comparison is over.

    No two workers wait for each other: who waits here holds nothing, and a run that another one
    has goes on.
    """
    run = comparison.run
    if run is None:
        return

    def look() -> None:
        recover_runs()
        comparison.reread()
        if comparison.is_over:
            raise CancelledError("The comparison was cancelled.")

    while not (run.is_over or comparison.is_over):
        try:
            perform_run(run)
            follow(run, recover=look)
        except (HewstonError, Run.DoesNotExist):
            run.reread()  # which says so where it was deleted


def _compare(comparison: Comparison, claim: Claim, report: Report) -> None:
    if comparison.run is not None:
        _check_run(comparison.run)
    for artifact in (*comparison.pine_artifacts, comparison.python_artifact):
        if artifact is not None:
            _check_artifact(artifact, reads_upload=bool(comparison.options["zone"]))
    pine, python = comparison.sources()
    staged = claim.folder / "comparison"
    staged.mkdir()
    found: dict[str, Any] = claim.call(
        COMPARE,
        report=report,
        pine=pine,
        python=python,
        options=Options.from_json(comparison.options),
        folder=staged,
    )
    _publish(comparison, staged, found)
    claim.log.write("Done.", verdict=found["verdict"])


def _check_run(run: Run) -> None:
    """Refuse a run without results, and one whose files are not as they were written."""
    if run.status != Status.DONE:
        said = (run.error or {}).get("message")
        why = f"{run.get_status_display()}: {said}" if said else f"{run.get_status_display()}."
        raise HewstonError(
            f"There is nothing to compare with: run {run.pk} is {why}", code="RUN_NOT_READY"
        )
    if problems := list_problems(run):
        raise HewstonError(f"Run {run.pk} cannot be compared: {problems[0]}", code="CONFLICT")


def _check_artifact(artifact: BridgeArtifact, *, reads_upload: bool) -> None:
    """Refuse an artifact whose files are not as they were kept."""
    try:
        facts = artifact.read_facts()
        hashes = {name: str(digest) for name, digest in facts["hashes"].items()}
        upload = facts["upload"]
    except (InputError, LookupError, AttributeError):
        changes = ["what is known of it is missing or damaged."]
    else:
        changes = [
            f"{name} {change}"
            for name, digest in hashes.items()
            if reads_upload or name != upload
            if (change := store.find_change(artifact.folder / name, digest, of="what was kept"))
        ]
    if changes:
        raise HewstonError(
            f"Bridge artifact {artifact.pk} cannot be compared: {changes[0]} Put its folder back "
            "from a backup, or delete it and upload its file again.",
            code="CONFLICT",
        )


def _publish(comparison: Comparison, staged: Path, found: Mapping[str, Any]) -> None:
    """Put the folder in place, end the comparison and write its certificate: all or nothing.

    A folder that is there already is of a process that died before its row said so.
    """
    sha256 = store.sha256_file(staged / REPORT_FILE)
    with transaction.atomic():  # so that no other process publishes at the same moment
        if not comparison.complete(
            report_sha256=sha256, progress={"share": 1.0}, **list_columns(found)
        ):
            raise CancelledError("The comparison was cancelled.")
        shutil.rmtree(comparison.folder, ignore_errors=True)
        try:
            store.publish(staged, comparison.folder)
            _certify(comparison, found, sha256)
        except BaseException:
            shutil.rmtree(comparison.folder, ignore_errors=True)
            raise


def list_columns(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give what lists show of a report."""
    first, trades = found["first"] or {}, found["trades"]
    differ = [one for one in found["series"] if one["class"] not in {None, _WITHIN}]
    at = first.get("ts")
    return {
        "verdict": found["verdict"],
        "class_name": found["class"] or "",
        "cause": found["cause"] or "",
        "sentence": found["sentence"],
        "first_at": at and dt.datetime.fromisoformat(at),
        "bars": found["bars"]["compared"],
        "series": len(found["series"]),
        "series_differ": len(differ),
        **({} if trades is None else _count_trades(trades)),
    }


def _count_trades(trades: Mapping[str, Any]) -> dict[str, int]:
    counts = {one["kind"]: one["trades"] for one in trades["kinds"]}
    return {
        "pine_trades": trades["pine"],
        "python_trades": trades["python"],
        "trades_matched": counts.get("matched", 0),
    }


def _certify(comparison: Comparison, found: Mapping[str, Any], report_sha256: str) -> None:
    """Keep the certificate with the version that the run is of; the same one is kept once."""
    if comparison.run is None or comparison.run.version is None:
        return
    content = certify(found, code_hash=comparison.code_hash, report_sha256=report_sha256)
    Certificate.objects.update_or_create(
        owner=comparison.owner,
        version=comparison.run.version,
        sha256=sha256_text(canonical_json(content)),
        defaults={"comparison": comparison},
        create_defaults={
            "comparison": comparison,
            "verdict": found["verdict"],
            "sentence": found["sentence"],
            "content": content,
        },
    )
