"""Taking in a revision that somebody made elsewhere."""

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.datasets.models import Dataset, Revision
from apps.datasets.tasks import choose_id, identify
from apps.permissions.models import User
from hewston.pipeline import store as storage
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.ingest import BARS, MANIFEST, DatasetDraft
from hewston.pipeline.spec import Instrument, RunSpec
from hewston.pipeline.store import Store

BROUGHT_BY = "bundle/"  # begins the provider of a dataset that a bundle brought


def find_revision(*, owner: User, spec: RunSpec, interval: str) -> Revision | None:
    """Find the revision with the bars that a run used among somebody's datasets."""
    found = Revision.objects.filter(
        bars_sha256=spec.bars_sha256,
        dataset__owner=owner,
        dataset__symbol=spec.symbol,
        dataset__calendar=spec.calendar,
        dataset__tz=spec.tz,
        dataset__interval=interval,
    )
    return found.select_related("dataset").order_by("pk").first()


def adopt_revision(
    *,
    owner: User,
    staged: Path,
    manifest: Mapping[str, Any],
    span: tuple[dt.datetime, dt.datetime],
    warnings: int,
    undo: Callable[[Path], object],
) -> Revision:
    """Put a checked revision into place, with its rows; ``span``: when first and last bar begin.

    To be called by who publishes alone, in a transaction; ``undo`` gets the folder to remove when
    that fails. Its dataset has a provider of its own, so that nobody's bundle becomes the newest
    revision of what was ingested here. It has no raw files. Raises HewstonError (CONFLICT).
    """
    draft = _draft(staged, manifest)
    dataset_id = choose_id(owner.pk, draft, set())
    dataset, _ = Dataset.objects.get_or_create(
        **identify(owner.pk, draft),
        defaults={
            "dataset_id": dataset_id,
            "instrument": draft.instrument.as_json(),
            "calendar": draft.calendar,
            "tz": draft.tz,
        },
    )
    if (dataset.calendar, dataset.tz) != (draft.calendar, draft.tz):
        raise HewstonError(
            f"{dataset.pk} has the calendar {dataset.calendar} ({dataset.tz}), and the data of the "
            f"bundle has {draft.calendar} ({draft.tz}). Delete that dataset first.",
            code="CONFLICT",
        )
    size_bytes = sum(path.stat().st_size for path in staged.iterdir())
    manifest_sha256 = storage.sha256_file(staged / MANIFEST)
    _place(staged, dataset, draft.bars_sha256, undo)
    newest = dataset.revisions.first()
    return Revision.objects.create(
        dataset=dataset,
        number=newest.number + 1 if newest else 1,
        bars_sha256=draft.bars_sha256,
        manifest_sha256=manifest_sha256,
        rows=draft.rows,
        size_bytes=size_bytes,
        first_ts=span[0],
        last_ts=span[1],
        calendar_version=draft.calendar_version,
        raw_files=[],
        warnings=warnings,
    )


def _place(
    staged: Path, dataset: Dataset, bars_sha256: str, undo: Callable[[Path], object]
) -> None:
    final = Store(settings.DATA_ROOT).dataset_folder(dataset.pk, bars_sha256)
    if dataset.revisions.filter(bars_sha256__startswith=final.name).exists():
        raise HewstonError(
            f"{dataset.pk} has another revision whose hash begins as this one's.", code="CONFLICT"
        )
    shutil.rmtree(final, ignore_errors=True)  # a crash left it before its row
    undo(final)
    storage.publish(staged, final)


def _draft(staged: Path, manifest: Mapping[str, Any]) -> DatasetDraft:
    """Describe what a checked manifest says as an ingest describes what it made."""
    return DatasetDraft(
        symbol=manifest["symbol"],
        instrument=Instrument.from_json(manifest["instrument"]),
        is_defined=False,
        interval=manifest["interval"],
        from_date=dt.date.fromisoformat(manifest["from"]),
        to_date=dt.date.fromisoformat(manifest["to"]),
        whole_year=manifest["whole_year"],
        products=tuple(manifest["products"]),
        provider=f"{BROUGHT_BY}{manifest['provider']}",
        venue_code=manifest["venue_code"],
        adjustment=manifest["adjustment"],
        calendar=manifest["calendar"],
        calendar_version=manifest["calendar_version"],
        tz=manifest["tz"],
        raw_files=(),
        bars=staged / BARS,
        quality={},
        bars_sha256=manifest["output_hashes"]["bars_parquet_sha256"],
        rows=manifest["rows"],
        options={},
    )
