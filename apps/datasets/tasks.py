"""The work of an ingest: claim the row, call the pipeline, record one outcome."""

import dataclasses
import datetime as dt
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.datasets.models import Dataset, Ingest, Revision
from hewston.pipeline import store as storage
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.ingest import (
    DatasetDraft,
    Derivation,
    derive_dbn,
    verify_dataset,
    write_dataset,
)
from hewston.pipeline.sources.sample import write_sample
from hewston.pipeline.store import Store
from hewston.taskqueue import JobLog, perform

_BEAT_SECONDS = 0.5

Report = Callable[[Mapping[str, object]], None]


def perform_ingest(ingest: Ingest, *, report: Report = lambda _progress: None) -> None:
    """Bring an ingest's files in. ``report`` gets every progress too.

    Raises HewstonError when the ingest failed: only its row and log then remain.
    """
    perform(ingest, lambda folder, log: _bring_in(ingest, folder, log, _Beat(ingest, report)))


class _Beat:
    """Writes progress to the row at most twice a second, and stops work that was cancelled."""

    def __init__(self, ingest: Ingest, report: Report) -> None:
        self.ingest, self.report, self.last = ingest, report, 0.0

    def __call__(self, progress: Mapping[str, object]) -> None:
        self.report(progress)
        if time.monotonic() - self.last < _BEAT_SECONDS:
            return
        self.last = time.monotonic()
        if not self.ingest.beat(dict(progress)):
            raise CancelledError("The ingest was cancelled.")


def _bring_in(ingest: Ingest, folder: Path, log: JobLog, beat: _Beat) -> None:
    options = dict(ingest.options)
    if "sample_year" in options:
        made = folder / "sample"
        made.mkdir()
        paths = write_sample(made, year=int(options.pop("sample_year")), progress=beat)
    else:
        paths = [Path(source) for source in ingest.sources]
    derivation = derive_dbn(paths, staging=folder, progress=beat, **options)
    if "sample_year" in ingest.options:
        derivation = _made_up(derivation)
    for left_out in derivation.left_out:
        log.write(f"{left_out.file} was left out: {left_out.reason}", level="warning")
    revisions = [_publish(ingest, draft, folder) for draft in derivation.drafts]
    _record(ingest, derivation, revisions, log)


def _made_up(derivation: Derivation) -> Derivation:
    """Say that no vendor sent this data, whatever its files say."""
    drafts = [dataclasses.replace(draft, provider="sample") for draft in derivation.drafts]
    return dataclasses.replace(derivation, drafts=tuple(drafts))


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Published:
    """A draft whose files are in place; ``dataset_id`` is that of an older row, if there is one."""

    draft: DatasetDraft
    dataset_id: str
    size_bytes: int
    first_ts: dt.datetime
    last_ts: dt.datetime


def _identity(owner_id: int, draft: DatasetDraft) -> dict[str, object]:
    return {
        "owner_id": owner_id,
        "provider": draft.provider,
        "venue_code": draft.venue_code,
        "symbol": draft.symbol,
        "interval": draft.interval,
        "from_date": draft.from_date,
        "to_date": draft.to_date,
        "products": list(draft.products),
        "adjustment": draft.adjustment,
    }


def _choose_id(owner_id: int, draft: DatasetDraft) -> str:
    """Find the dataset's id, or make one: when taken, with the venue code, then -2, -3."""
    known = Dataset.objects.filter(**_identity(owner_id, draft)).first()
    if known is not None:
        return known.dataset_id
    base = _slug(draft.symbol) + _describe_range(draft)
    with_venue = f"{base}-{_slug(draft.venue_code)}"
    candidates = [base, with_venue, *(f"{with_venue}-{n}" for n in range(2, 1000))]
    taken = set(
        Dataset.objects.filter(dataset_id__in=candidates).values_list("dataset_id", flat=True)
    )
    return next(candidate for candidate in candidates if candidate not in taken)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Z0-9._-]", "-", text.upper())


def _describe_range(draft: DatasetDraft) -> str:
    days = f"{draft.from_date:%Y%m%d}-{draft.to_date:%Y%m%d}"
    return f"-{draft.from_date.year if draft.whole_year else days}-{draft.interval}"


def _publish(ingest: Ingest, draft: DatasetDraft, folder: Path) -> _Published:
    store = Store(settings.DATA_ROOT)
    dataset_id = _choose_id(ingest.owner_id, draft)
    times = pl.scan_parquet(draft.bars).select(
        first=pl.col("ts_open").first(), last=pl.col("ts_open").last()
    )
    first_ts, last_ts = times.collect().row(0)
    final = store.dataset_folder(dataset_id, draft.bars_sha256)
    if not final.exists():
        for raw in draft.raw_files:
            staged = folder / "raw" / f"{raw.sha256}{raw.suffix}"
            if staged.exists():
                storage.publish(staged, store.raw_file(raw.sha256, raw.suffix))
        staged = folder / "dataset" / dataset_id
        staged.mkdir(parents=True)
        write_dataset(staged, draft, dataset_id=dataset_id, created_at=timezone.now().isoformat())
        storage.publish(staged, final)
    elif problems := verify_dataset(final):
        raise HewstonError(
            f"{final} is there already, but is damaged: {problems[0]} Move it away and ingest "
            "again.",
            code="CONFLICT",
        )
    size = sum(path.stat().st_size for path in final.iterdir())
    return _Published(
        draft=draft, dataset_id=dataset_id, size_bytes=size, first_ts=first_ts, last_ts=last_ts
    )


@transaction.atomic
def _record(
    ingest: Ingest, derivation: Derivation, published: list[_Published], log: JobLog
) -> None:
    """Put everything into the catalogue at once and end the job."""
    found = []
    for item in published:
        revision, created = _catalogue(ingest, item)
        found.append(revision)
        state = "is new" if created else "was there already: nothing was added"
        log.write(f"{revision} ({revision.rows} bars) {state}.", created=created)
    ingest.complete(
        left_out=[dataclasses.asdict(entry) for entry in derivation.left_out],
        progress={"share": 1.0},
    )
    ingest.revisions.set(found)


def _catalogue(ingest: Ingest, item: _Published) -> tuple[Revision, bool]:
    draft = item.draft
    dataset, _ = Dataset.objects.get_or_create(
        **_identity(ingest.owner_id, draft),
        defaults={
            "dataset_id": item.dataset_id,
            "instrument": draft.instrument.as_json(),
            "calendar": draft.calendar,
            "tz": draft.tz,
        },
    )
    newest = dataset.revisions.first()
    return Revision.objects.get_or_create(
        dataset=dataset,
        bars_sha256=draft.bars_sha256,
        defaults={
            "number": newest.number + 1 if newest else 1,
            "rows": draft.rows,
            "size_bytes": item.size_bytes,
            "first_ts": item.first_ts,
            "last_ts": item.last_ts,
            "calendar_version": draft.calendar_version,
            "raw_files": [dataclasses.asdict(raw) for raw in draft.raw_files],
            "warnings": sum(finding["severity"] != "info" for finding in draft.quality["findings"]),
            "made_by": ingest,
        },
    )
