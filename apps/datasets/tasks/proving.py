"""The work of a proof: compare a revision with files, and keep the report."""

import contextlib
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import transaction

from apps.datasets.models import Equality, Revision
from hewston.pipeline import store as storage
from hewston.pipeline.equality import REPORT_FILE, Proof, Subject
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.store import Store
from hewston.taskqueue import Claim, perform

PROVE = "hewston.pipeline.equality.proof:prove"

Report = Callable[[Mapping[str, object]], None]


def perform_equality(equality: Equality, *, report: Report = lambda _progress: None) -> None:
    """Compare. ``report`` gets every progress too.

    Raises HewstonError when it could not be compared: only its row and log then remain.
    """
    perform(equality, lambda claim: _prove(equality, claim, report))


def work_on_equality(equality_id: str) -> None:
    """Do what the queue delivered; a second delivery does nothing."""
    equality = Equality.objects.filter(pk=equality_id).first()
    if equality is not None:
        with contextlib.suppress(HewstonError, CancelledError):  # the row has said it
            perform_equality(equality)


def _prove(equality: Equality, claim: Claim, report: Report) -> None:
    proof: Proof = claim.call(
        PROVE,
        report=report,
        subject=_describe(equality.revision),
        against=equality.paths,
        options=dict(equality.options),
        staging=claim.folder,
    )
    final = equality.revision.equality_folder(proof.digest)
    # The same files were compared before: then that report stands.
    found = storage.read_json((final if final.exists() else proof.folder) / REPORT_FILE)
    claim.log.write(found["sentence"], verdict=found["verdict"])
    with transaction.atomic():
        is_ours = equality.complete(
            digest=proof.digest,
            files=list(proof.files),
            verdict=found["verdict"],
            sentence=found["sentence"],
            counts=found["bars"],
            progress={"share": 1.0},
        )
        if not is_ours:
            raise CancelledError("The comparison was cancelled.")
        storage.publish(proof.folder, final)


def _describe(revision: Revision) -> Subject:
    dataset, store = revision.dataset, Store(settings.DATA_ROOT)
    raw = (store.raw_file(file["sha256"], file["suffix"]) for file in revision.raw_files)
    return Subject(
        dataset_id=dataset.pk,
        revision=revision.number,
        bars_sha256=revision.bars_sha256,
        symbol=dataset.symbol,
        interval=dataset.interval,
        calendar=dataset.calendar,
        tz=dataset.tz,
        tick_size=dataset.instrument_spec.tick_size,
        venue_code=dataset.venue_code,
        bars=revision.folder / "bars.parquet",
        raw=tuple(path for path in raw if path.is_file()),
    )
