"""The work of an ingest: claim the row, call the pipeline, record one outcome."""

import contextlib
import dataclasses
import datetime as dt
import fcntl
import itertools
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import polars as pl
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.datasets.models import Dataset, Ingest, Revision
from hewston import children
from hewston.pipeline import store as storage
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.ingest import (
    MANIFEST,
    DatasetDraft,
    Derivation,
    dataset_manifest,
    verify_dataset,
    write_dataset,
)
from hewston.pipeline.store import Store
from hewston.taskqueue import Claim, JobLog, perform

DERIVE = "hewston.pipeline.ingest.request:derive"  # which loads what reads DBN
MAKE_LEVELS = "hewston.pipeline.playback.levels:make_all_levels"
_TICK_S = 1.0

Report = Callable[[Mapping[str, object]], None]


def perform_ingest(ingest: Ingest, *, report: Report = lambda _progress: None) -> None:
    """Bring an ingest's files in. ``report`` gets every progress too.

    Raises HewstonError when the ingest failed: only its row and log then remain.
    """
    perform(ingest, lambda claim: _bring_in(ingest, claim, report))


def work_on_ingest(ingest_id: str) -> None:
    """Do what the queue delivered; a second delivery does nothing."""
    ingest = Ingest.objects.filter(pk=ingest_id).first()
    if ingest is not None:
        with contextlib.suppress(HewstonError, CancelledError):  # the row has said it
            perform_ingest(ingest)


def _bring_in(ingest: Ingest, claim: Claim, report: Report) -> None:
    derivation: Derivation = claim.call(
        DERIVE,
        report=report,
        sources=ingest.paths,
        staging=claim.folder,
        options=dict(ingest.options),
    )
    for left_out in derivation.left_out:
        claim.log.write(f"{left_out.file} was left out: {left_out.reason}", level="warning")
    with publishing_alone(), _Publisher(ingest, claim.folder) as publisher:
        for draft in derivation.drafts:
            claim.beat(
                {
                    "file": draft.raw_files[-1].name,
                    "day": draft.to_date.isoformat(),
                    "records": draft.rows,
                    "share": 1.0,
                }
            )
            publisher.publish(draft)
        _record(ingest, derivation, publisher.published, claim.log)
    _make_levels(ingest, claim.log)


def _make_levels(ingest: Ingest, log: JobLog) -> None:
    """Make what charts will ask for. The job is done: where this fails, who asks makes it."""
    for revision in ingest.revisions.select_related("dataset"):
        try:
            children.call(
                MAKE_LEVELS,
                tick=lambda _progress: None,
                tick_s=_TICK_S,
                log=log.write,
                stored=revision.stored,
            )
        except (HewstonError, children.ChildDiedError, children.UnforeseenError) as problem:
            log.write(f"The chart's longer bars are not made yet: {problem}", level="warning")


@contextlib.contextmanager
def publishing_alone() -> Iterator[None]:
    """Let one ingest after the other choose ids and publish: else two could choose the same.

    What is deleted is deleted between them: else one could find files there that then go.
    """
    with (settings.DATA_ROOT / ".publish-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Published:
    """A draft whose files are in place; ``dataset_id`` is that of an older row, if there is one."""

    draft: DatasetDraft
    dataset_id: str
    manifest_sha256: str
    size_bytes: int
    first_ts: dt.datetime
    last_ts: dt.datetime


def identify(owner_id: int, draft: DatasetDraft) -> dict[str, object]:
    """Give the columns that tell a dataset from every other one."""
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


def choose_id(owner_id: int, draft: DatasetDraft, chosen: set[str]) -> str:
    """Find the dataset's id, or make one: when taken, with the venue code, then -2, -3.

    ``chosen`` are the ids of this ingest's other datasets, which are in no row yet.
    """
    known = Dataset.objects.filter(**identify(owner_id, draft)).first()
    if known is not None:
        return known.dataset_id
    base = _slug(draft.symbol) + _describe_range(draft)
    with_venue = f"{base}-{_slug(draft.venue_code)}"
    numbered = (f"{with_venue}-{number}" for number in itertools.count(2))
    return next(
        candidate
        for candidate in itertools.chain([base, with_venue], numbered)
        if candidate not in chosen and not Dataset.objects.filter(pk=candidate).exists()
    )


def _slug(text: str) -> str:
    # A command takes what begins with a dash for an option.
    return re.sub(r"[^A-Z0-9._-]", "-", text.upper()).lstrip("-") or "SYMBOL"


def _describe_range(draft: DatasetDraft) -> str:
    days = f"{draft.from_date:%Y%m%d}-{draft.to_date:%Y%m%d}"
    return f"-{draft.from_date.year if draft.whole_year else days}-{draft.interval}"


class _Publisher:
    """Puts an ingest's files in place; what it added is removed when the ingest fails."""

    def __init__(self, ingest: Ingest, folder: Path) -> None:
        self.published: list[_Published] = []
        self._owner_id = ingest.owner_id
        self._folder = folder
        self._store = Store(settings.DATA_ROOT)
        self._added: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_details: object) -> None:
        if failed:
            for path in self._added:
                _remove(path)

    def publish(self, draft: DatasetDraft) -> None:
        """Put a draft's dataset in place, or find the same one there.

        Raises HewstonError when the one that is there is damaged.
        """
        dataset_id = choose_id(self._owner_id, draft, {item.dataset_id for item in self.published})
        times = pl.scan_parquet(draft.bars).select(
            first=pl.col("ts_open").first(), last=pl.col("ts_open").last()
        )
        first_ts, last_ts = times.collect().row(0)
        final = self._place(draft, dataset_id)
        self.published.append(
            _Published(
                draft=draft,
                dataset_id=dataset_id,
                manifest_sha256=storage.sha256_file(final / "manifest.json"),
                size_bytes=sum(path.stat().st_size for path in final.iterdir()),
                first_ts=first_ts,
                last_ts=last_ts,
            )
        )

    def _place(self, draft: DatasetDraft, dataset_id: str) -> Path:
        final = self._store.dataset_folder(dataset_id, draft.bars_sha256)
        is_known = Revision.objects.filter(
            dataset_id=dataset_id, bars_sha256=draft.bars_sha256
        ).exists()
        if is_known and final.exists():
            if problems := verify_dataset(final):
                raise HewstonError(
                    f"{final} is there already, but is damaged: {problems[0]} Move it away and "
                    "ingest again.",
                    code="CONFLICT",
                )
            self._keep_raw(storage.read_json(final / MANIFEST)["raw_files"])
            return final
        created_at = timezone.now().isoformat()
        manifest = dataset_manifest(draft, dataset_id=dataset_id, created_at=created_at)
        self._keep_raw(dataclasses.asdict(raw) for raw in draft.raw_files)
        if final.exists() and not _holds(final, manifest):
            _remove(final)  # a crash left it before its row, and it was made of other files
        if not final.exists():
            staged = self._folder / "dataset" / dataset_id
            write_dataset(staged, draft, dataset_id=dataset_id, created_at=created_at)
            self._add(staged, final)
        return final

    def _keep_raw(self, files: Iterable[Mapping[str, Any]]) -> None:
        for raw in files:
            staged = self._folder / "raw" / f"{raw['sha256']}{raw['suffix']}"
            final = self._store.raw_file(raw["sha256"], raw["suffix"])
            if staged.exists() and not final.exists():
                self._add(staged, final)

    def _add(self, staged: Path, final: Path) -> None:
        self._added.append(final)
        storage.publish(staged, final)


def _holds(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Tell whether a folder is whole and is what the manifest says, whenever it was made."""
    if verify_dataset(folder):
        return False
    found = storage.read_json(folder / MANIFEST)
    return {**found, "created_at": None} == {**manifest, "created_at": None}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@transaction.atomic
def _record(
    ingest: Ingest, derivation: Derivation, published: list[_Published], log: JobLog
) -> None:
    """Put everything into the catalogue at once and end the job."""
    found = []
    for item in published:
        revision, created = _catalogue(ingest, item)
        found.append(revision)
        _define(revision.dataset, item.draft, log)
        state = "is new" if created else "was there already: nothing was added"
        log.write(f"{revision} ({revision.rows} bars) {state}.", created=created)
    left_out = [dataclasses.asdict(entry) for entry in derivation.left_out]
    if not ingest.complete(left_out=left_out, progress={"share": 1.0}):
        raise CancelledError("The ingest was cancelled.")  # which undoes all of the above
    ingest.revisions.set(found)


def _define(dataset: Dataset, draft: DatasetDraft, log: JobLog) -> None:
    """Take the instrument from definitions that came in after the same trades did."""
    instrument = draft.instrument.as_json()
    if draft.is_defined and dataset.instrument != instrument:
        log.write(
            f"{dataset} has its instrument from a definition now.",
            before=dataset.instrument,
            after=instrument,
        )
        dataset.instrument = instrument
        dataset.save(update_fields=["instrument"])


def _catalogue(ingest: Ingest, item: _Published) -> tuple[Revision, bool]:
    draft = item.draft
    dataset, _ = Dataset.objects.get_or_create(
        **identify(ingest.owner_id, draft),
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
            "manifest_sha256": item.manifest_sha256,
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
