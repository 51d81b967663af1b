"""Bringing data in."""

import contextlib
import datetime as dt
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.datasets.actions.changing import settle_dataset_deletions
from apps.datasets.actions.drafts import forget_old_drafts
from apps.datasets.models import Equality, Ingest, TableDraft
from apps.permissions.models import User
from hewston import uploads
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, read_fields
from hewston.pipeline.ingest import printable
from hewston.pipeline.ingest.tables.options import MARKET_FIELDS, gather_overrides
from hewston.pipeline.store import Store
from hewston.taskqueue import LIVE, Status, Watch, find_dead, revive
from hewston.uploads import Upload

_LONGEST_SYMBOL = 71  # as in DBN, version 3
_KEEP_UPLOADS = dt.timedelta(hours=24)
_BEGIN_UPLOADS = dt.timedelta(seconds=10)  # from a folder to the lock on it
INGEST_FIELDS: dict[str, Rule] = {
    "symbol": {"type": "str", "default": None},
    "vendor_dataset": {"type": "str", "default": None},
    "sample_year": {"type": "int", "default": None, "min": 2000, "max": 2030},
    **MARKET_FIELDS,
}


def read_ingest_fields(given: Mapping[str, object]) -> dict[str, object]:
    """Read what a person may say of an ingest: the options of ``request_ingest``.

    Keys are those of INGEST_FIELDS; what is None or blank was not said. What is said of the
    instrument becomes the option ``overrides``. Raises InputError with the field and what it may
    be.
    """
    said = {
        name: value.strip() if isinstance(value, str) else value for name, value in given.items()
    }
    said = {name: value for name, value in said.items() if value is not None and value != ""}
    values = read_fields(INGEST_FIELDS, said, of="option of an ingest")
    chosen = {name: value for name, value in values.items() if value is not None}
    for name, value in chosen.items():
        if isinstance(value, str) and len(value) > _LONGEST_SYMBOL:
            raise InputError(
                f"{name} has {len(value):,} characters; none has more than {_LONGEST_SYMBOL}.",
                field=name,
                allowed=f"at most {_LONGEST_SYMBOL} characters",
            )
    if "sample_year" in chosen and len(chosen) > 1:
        raise InputError(
            "The sample is of one symbol and one instrument of its own: say its year alone.",
            field="sample_year",
        )
    return gather_overrides(chosen)


@transaction.atomic
def request_ingest(
    *, owner: User, sources: Sequence[Path], options: Mapping[str, object]
) -> Ingest:
    """Ask for files to be brought in.

    Raises InputError for a path that no page could show, and for one that holds or is in the data
    root, other than the inbox: what is there came in already.
    """
    check_sources(sources)
    ingest = Ingest.objects.create(
        owner=owner, sources=[str(path) for path in sources], options=dict(options)
    )
    ingest.enqueue()
    return ingest


@transaction.atomic
def request_ingest_of_upload(
    *, owner: User, upload: Upload, options: Mapping[str, object]
) -> Ingest:
    """Ask for the files of a request to be brought in; they are kept until they are."""
    ingest = Ingest.objects.create(
        owner=owner, sources=upload.names, upload=upload.id, options=dict(options)
    )
    ingest.enqueue()
    transaction.on_commit(upload.keep)
    return ingest


@transaction.atomic
def retry_ingest(*, ingest: Ingest) -> Ingest:
    """Ask for the same files again. Raises HewstonError when they are gone, or are in already."""
    if ingest.status not in {Status.ERROR, Status.CANCELLED}:
        raise HewstonError(
            f"Ingest {ingest.pk} is {ingest.get_status_display()}: there is nothing to try again.",
            code="CONFLICT",
        )
    if not ingest.upload:
        sources = [Path(name) for name in ingest.sources]
        return request_ingest(owner=ingest.owner, sources=sources, options=ingest.options)
    try:
        os.utime(ingest.upload_folder)
    except OSError as problem:
        raise HewstonError(
            "The files that were sent are not kept any more. Send them again.", code="CONFLICT"
        ) from problem
    again = Ingest.objects.create(
        owner=ingest.owner,
        sources=ingest.sources,
        upload=ingest.upload,
        options=ingest.options,
    )
    again.enqueue()
    return again


def sweep_uploads() -> None:
    """Remove sent files that are in, and those that a request left which was cut short.

    What a live ingest reads or a draft is about stays; what a failed ingest may be asked to read
    again stays for a day, as a draft does.
    """
    forget_old_drafts()
    now = timezone.now()
    for folder in Store(settings.DATA_ROOT).uploads.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # its request ended meanwhile
            is_received = uploads.is_received(folder)  # asked first: an ingest is there before
            # Asked before the ingest that it becomes: one of them is always there.
            is_drafted = TableDraft.objects.filter(upload=folder.name).exists()
            states = {
                status
                for kind in (Ingest, Equality)
                for status in kind.objects.filter(upload=folder.name).values_list(
                    "status", flat=True
                )
            }
            keep = _KEEP_UPLOADS if states else _BEGIN_UPLOADS
            is_old = folder.stat().st_mtime < (now - keep).timestamp()
            is_over = Status.DONE in states or is_old
            if is_received and not is_drafted and not states & {*LIVE} and is_over:
                shutil.rmtree(folder, ignore_errors=True)


def list_inbox() -> Iterator[Path]:
    """Give the files and folders of the inbox that may be brought in, by name."""
    inbox = settings.INBOX
    if inbox.is_dir():
        for path in sorted(inbox.iterdir()):
            if not path.name.startswith(".") and path.name.isprintable() and _is_inside(path):
                yield path


def find_in_inbox(*, names: Sequence[str]) -> list[Path]:
    """Find files and folders of the inbox by their names, which may lead into its folders.

    Raises InputError for what is not there, or leads out of the inbox.
    """
    found = []
    for name in names:
        path = settings.INBOX / name
        try:
            is_there = _is_inside(path) and path.exists()
        except (OSError, ValueError):  # too long to exist, or no name at all
            is_there = False
        if not is_there:
            raise InputError(f"There is no {printable(name)} in the inbox folder.", field="inbox")
        if leaving := next((one for one in path.rglob("*") if not _is_inside(one)), None):
            raise InputError(
                f"{printable(leaving.name)} in {printable(name)} is a link that leaves the inbox "
                "folder. Put the file itself there.",
                field="inbox",
                file=printable(leaving.name),
            )
        found.append(path)
    return found


def _is_inside(path: Path) -> bool:
    """Tell whether a path, wherever its links lead, is below the inbox."""
    place = path.resolve()
    return place != settings.INBOX and place.is_relative_to(settings.INBOX)


def cancel_ingest(*, ingest: Ingest) -> None:
    """Stop an ingest; nothing of it is kept but its log. Raises HewstonError when it is over."""
    if not ingest.cancel():
        raise HewstonError(
            f"Ingest {ingest.pk} is over already: {ingest.get_status_display()}.", code="CONFLICT"
        )


def check_sources(paths: Sequence[Path]) -> None:
    """Refuse what no page could show, and what is in the data root or holds it.

    What is there came in already; the inbox may be in it. Raises InputError.
    """
    for path in paths:
        _check_place(path)
        if not str(path).isprintable():
            name = printable(str(path))
            raise InputError(
                f"{name} has characters that cannot be shown. Rename it, or give the folder it is "
                "in.",
                file=name,
            )


def _check_place(path: Path) -> None:
    place, root = path.resolve(), settings.DATA_ROOT
    inbox = settings.INBOX
    is_waiting = inbox.is_relative_to(root) and place.is_relative_to(inbox)
    if (place.is_relative_to(root) and not is_waiting) or root.is_relative_to(place):
        raise InputError(
            f"{printable(str(path))} is in the data root {root}, or holds it: what is there came "
            "in already. Name the files or the folder to bring in.",
            file=printable(str(path)),
        )


def recover_ingests(watch: Watch | None = None) -> list[Ingest]:
    """Sweep what dead processes left half-made or half-deleted; give their ingests to others."""
    settle_dataset_deletions()
    dead = find_dead(Ingest.objects.all(), watch)
    for ingest in dead:
        revive(ingest)
    return dead
