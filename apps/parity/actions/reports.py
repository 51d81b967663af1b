"""What came of comparisons: finding one, its report, its certificate."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.parity.models import Certificate, Comparison
from apps.permissions.models import User
from hewston.http import DamagedError, reading
from hewston.pipeline import store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.parity.files import REPORT_FILE
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.reading import Reader
from hewston.taskqueue import Status

logger = logging.getLogger(__name__)


def find_comparison(*, user: User, comparison_id: str) -> Comparison:
    """Find a comparison that the user may see; raises HewstonError (COMPARISON_NOT_FOUND)."""
    mine = Comparison.objects.visible_to(user)
    found = mine.filter(pk=comparison_id).with_sides().first()
    if found is None:
        known = list(mine.values_list("pk", flat=True)[:10])
        raise HewstonError(
            f"There is no comparison {comparison_id[:40]}. {suggest(comparison_id, known)}",
            code=Comparison.missing,
            field="id",
        )
    return found


def check_compared(comparison: Comparison) -> None:
    """Raise HewstonError (CONFLICT) for a comparison that is not done."""
    if comparison.status != Status.DONE:
        raise HewstonError(
            f"Comparison {comparison.pk} is {comparison.get_status_display()}: it has no report.",
            code="CONFLICT",
            status=comparison.status,
        )


@contextlib.contextmanager
def reading_comparison(comparison: Comparison, *files: Path) -> Iterator[None]:
    """Raise HewstonError (CONFLICT) where files of a comparison, or of its sides, are damaged."""
    try:
        with reading("comparison", comparison.pk, *files):
            yield
    except DamagedError as damage:
        logger.exception("%s", damage.sentence)
        raise HewstonError(
            f"{damage.sentence} Delete the comparison, and compare again.", code="CONFLICT"
        ) from damage


def read_comparison(*, comparison: Comparison) -> dict[str, Any]:
    """Read the report of a comparison that is done.

    Raises HewstonError (CONFLICT) for another one, and where the report is not whole.
    """
    check_compared(comparison)
    path = comparison.folder / REPORT_FILE
    with reading_comparison(comparison, path):
        if store.sha256_file(path) != comparison.report_sha256:
            raise InputError(f"{path} was changed.", damage=f"{path.name} was changed since")
        return store.read_json(path)


def open_reader(*, comparison: Comparison) -> Reader:
    """Open what is stored of a comparison that is done. Raises HewstonError (CONFLICT) else."""
    check_compared(comparison)
    pine, python = comparison.sources()
    options = Options.from_json(comparison.options)
    return Reader(folder=comparison.folder, pine=pine, python=python, options=options)


def describe_comparison(comparison: Comparison) -> dict[str, Any]:
    """Give a comparison's row as plain JSON values."""
    run, other = comparison.run, comparison.python_artifact
    is_done = comparison.status == Status.DONE
    return {
        "comparison_id": comparison.pk,
        "artifact_id": comparison.artifact.pk,
        "artifact_name": comparison.artifact.name,
        "second_artifact_id": comparison.second_artifact and comparison.second_artifact.pk,
        "run_id": run and run.pk,
        "python_artifact_id": other and other.pk,
        "python_name": comparison.python_name,
        "strategy_id": run and run.strategy_id,
        "options": comparison.options,
        "status": comparison.status,
        "progress": comparison.progress,
        "error": comparison.error,
        "verdict": comparison.verdict or None,
        "class": comparison.class_name or None,
        "cause": comparison.cause or None,
        "sentence": comparison.sentence or None,
        "first_at": comparison.first_at and comparison.first_at.isoformat(),
        "counts": comparison.figures() if is_done else None,
        "report_sha256": comparison.report_sha256 or None,
        "code_hash": comparison.code_hash,
        "certificate_ids": [one.pk for one in comparison.certificates.all()],
        "owner": comparison.owner.get_username(),
        "created_at": comparison.created_at.isoformat(),
        "started_at": comparison.started_at and comparison.started_at.isoformat(),
        "ended_at": comparison.ended_at and comparison.ended_at.isoformat(),
    }


def find_certificate(*, user: User, certificate_id: str) -> Certificate:
    """Find a certificate that the user may see; raises HewstonError (CERTIFICATE_NOT_FOUND)."""
    mine = Certificate.objects.visible_to(user)
    found = mine.filter(pk=certificate_id).select_related("version__strategy__owner").first()
    if found is None:
        known = list(mine.values_list("pk", flat=True)[:10])
        raise HewstonError(
            f"There is no certificate {certificate_id[:40]}. {suggest(certificate_id, known)}",
            code="CERTIFICATE_NOT_FOUND",
            field="id",
        )
    return found


def describe_certificate(certificate: Certificate) -> dict[str, Any]:
    """Give a certificate as plain JSON values."""
    return {
        "certificate_id": certificate.pk,
        "strategy": certificate.version.strategy.path,
        "version": certificate.version.number,
        "comparison_id": certificate.comparison_id,
        "verdict": certificate.verdict,
        "sentence": certificate.sentence,
        "sha256": certificate.sha256,
        "content": certificate.content,
        "owner": certificate.owner.get_username(),
        "created_at": certificate.created_at.isoformat(),
    }
