"""Tables that somebody looks at before they are brought in."""

import contextlib
import datetime as dt
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.datasets.actions.tables import list_tables, preview_table
from apps.datasets.models import Ingest, TableDraft
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ingest.files import Given
from hewston.pipeline.ingest.tables.options import OPTIONS
from hewston.pipeline.store import Store
from hewston.uploads import Upload

KEEP_DRAFTS = dt.timedelta(hours=24)


def start_draft(
    *, owner: User, sources: Sequence[str], options: Mapping[str, Any], upload: Upload | None = None
) -> TableDraft:
    """Keep tables that were sent or lie in the inbox until their owner has looked at them.

    Raises InputError, and keeps nothing, for what no setting could make a table.
    """
    draft = TableDraft(
        owner=owner,
        sources=list(sources),
        upload=upload.id if upload else "",
        options=dict(options),
    )
    try:
        preview_table(find_tables(draft)[0], options=options)
    except HewstonError as problem:
        if problem.details.get("field") not in OPTIONS:
            raise
    with transaction.atomic():
        draft.save(force_insert=True)
        if upload is not None:
            transaction.on_commit(upload.keep)
    return draft


@transaction.atomic
def draft_again(*, ingest: Ingest) -> TableDraft:
    """Look again at tables whose ingest failed. Raises HewstonError when they are gone."""
    draft = TableDraft(
        owner=ingest.owner, sources=ingest.sources, upload=ingest.upload, options=ingest.options
    )
    if not ingest.is_table or not all(path.exists() for path in draft.paths):
        raise HewstonError("Its files are not kept any more. Send them again.", code="CONFLICT")
    _touch(draft)
    draft.save(force_insert=True)
    return draft


def change_draft(*, draft: TableDraft, options: Mapping[str, Any], leave_out: int | None) -> None:
    """Say other things of a draft's tables; ``leave_out`` so many rows that cannot be read.

    Raises HewstonError (CONFLICT) when the draft has ended meanwhile.
    """
    draft.options, draft.leave_out = dict(options), leave_out
    draft.changed_at = timezone.now()
    _touch(draft)
    changed = TableDraft.objects.filter(pk=draft.pk).update(
        options=draft.options, leave_out=draft.leave_out, changed_at=draft.changed_at
    )
    if not changed:
        raise _has_ended()


@transaction.atomic
def import_draft(*, draft: TableDraft, symbol: str | None, most_bad_rows: int | None) -> Ingest:
    """Ask for a draft's tables to be brought in as was said; the draft ends.

    ``symbol`` is whose bars they are, where their owner has not said it. ``most_bad_rows`` is how
    many rows they have seen that cannot be read, where that is known. Raises HewstonError
    (CONFLICT) when it has ended already.
    """
    gone, _ = TableDraft.objects.filter(pk=draft.pk).delete()
    if not gone:
        raise _has_ended()
    table = dict(draft.options.get("table") or {})
    if symbol is not None:
        table.setdefault("symbol", symbol)
    if most_bad_rows:
        table.setdefault("max_bad_rows", most_bad_rows)
    ingest = Ingest.objects.create(
        owner=draft.owner,
        sources=draft.sources,
        upload=draft.upload,
        options={**draft.options, "table": table},
    )
    ingest.enqueue()
    return ingest


def cancel_draft(*, draft: TableDraft) -> None:
    """Forget a draft and remove the files that were sent, unless an ingest has them too.

    Raises HewstonError (CONFLICT) when it has ended already.
    """
    with transaction.atomic():
        gone, _ = TableDraft.objects.filter(pk=draft.pk).delete()
    if not gone:
        raise _has_ended()
    if draft.upload and not is_upload_in_use(draft.upload):
        shutil.rmtree(Store(settings.DATA_ROOT).uploads / draft.upload, ignore_errors=True)


def _has_ended() -> HewstonError:
    return HewstonError(
        "This preview has ended: it was imported or cancelled, or nobody changed it for a day. "
        "What was imported is in the list of ingests; anything else must be sent again.",
        code="CONFLICT",
    )


def is_upload_in_use(upload: str) -> bool:
    """Tell whether a draft or an ingest is about a folder of sent files.

    The draft is asked for first: one that ends meanwhile has become an ingest.
    """
    return any(rows.filter(upload=upload).exists() for rows in (TableDraft.objects, Ingest.objects))


def forget_old_drafts() -> None:
    """Forget drafts that nobody has changed for a day; their files go with the sweep."""
    TableDraft.objects.filter(changed_at__lt=timezone.now() - KEEP_DRAFTS).delete()


def find_tables(draft: TableDraft) -> list[Given]:
    """List a draft's tables. Raises InputError when they are not there any more."""
    tables = list_tables(draft.paths)
    if not tables:
        raise InputError("Its files are not there any more. Cancel this, and send them again.")
    return tables


def _touch(draft: TableDraft) -> None:
    """Let the sweep count from now."""
    if draft.upload:
        with contextlib.suppress(FileNotFoundError):  # who looks at the files says that
            os.utime(Store(settings.DATA_ROOT).uploads / draft.upload)
