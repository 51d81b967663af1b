"""Uploads that somebody looks at before they are kept."""

import shutil
import time
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.parity.actions.artifacts import keep_file, preview_file
from apps.parity.actions.zones import read_order_name, read_zone_name
from apps.parity.models import BridgeArtifact, BridgeDraft
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.store import Store
from hewston.uploads import Upload

_ORPHANED_S = 3600.0  # a folder without its row is this old before it is nobody's


def start_draft(*, owner: User, upload: Upload) -> BridgeDraft:
    """Let the one file of an upload wait until its owner has looked at it.

    Raises InputError, and keeps nothing, for what is no export.
    """
    forget_old_drafts()
    name = upload.names[0]
    try:
        preview_file(user=owner, path=upload.folder / name, filename=name)
    except InputError as problem:
        if problem.details.get("field") != "date_order":  # which is asked on the draft's page
            raise
    draft = BridgeDraft(owner=owner, filename=name)
    draft.folder.mkdir(parents=True, mode=0o700)
    try:
        (upload.folder / name).rename(draft.file)
        draft.save(force_insert=True)
    except BaseException:
        shutil.rmtree(draft.folder, ignore_errors=True)
        raise
    return draft


def change_draft(
    *, draft: BridgeDraft, name: str, symbol: str, zone: str, date_order: str, dataset_id: str
) -> None:
    """Say other things of a draft. Raises InputError for a zone or an order that is none."""
    draft.zone, draft.date_order = read_zone_name(zone), read_order_name(date_order)
    draft.name, draft.symbol = name.strip()[:200], symbol.strip()[:64]
    draft.dataset_id = dataset_id[:200]
    draft.changed_at = timezone.now()
    fields = ["zone", "date_order", "name", "symbol", "dataset_id", "changed_at"]
    draft.save(update_fields=fields)


def preview_draft(*, draft: BridgeDraft) -> dict[str, Any]:
    """Say what a draft would become, as ``preview_file``. Raises HewstonError."""
    return preview_file(
        user=draft.owner,
        path=draft.file,
        filename=draft.filename,
        zone=draft.zone,
        date_order=draft.date_order,
        dataset_id=draft.dataset_id,
    )


def keep_draft(*, draft: BridgeDraft) -> tuple[BridgeArtifact, bool]:
    """Keep a draft's upload as ``keep_file``; the draft ends.

    Raises InputError where a zone or an order must be said: then the draft stays.
    """
    kept = keep_file(
        owner=draft.owner,
        path=draft.file,
        filename=draft.filename,
        zone=draft.zone,
        date_order=draft.date_order,
        name=draft.name,
        symbol=draft.symbol,
    )
    cancel_draft(draft=draft)
    return kept


def cancel_draft(*, draft: BridgeDraft) -> None:
    """Forget a draft and its file. Raises HewstonError (CONFLICT) when it has ended already."""
    folder = draft.folder
    gone, _ = BridgeDraft.objects.filter(pk=draft.pk).delete()
    shutil.rmtree(folder, ignore_errors=True)
    if not gone:
        raise HewstonError("This preview has ended: send the file again.", code="CONFLICT")


def forget_old_drafts() -> None:
    """Forget drafts that nobody changed for a day, and remove folders that are nobody's."""
    BridgeDraft.objects.filter(BridgeDraft.too_old(timezone.now())).delete()
    folders = list(Store(settings.DATA_ROOT).bridge_drafts.glob("*"))
    found = BridgeDraft.objects.filter(pk__in=[one.name for one in folders])
    known = set(found.values_list("pk", flat=True))
    for folder in folders:
        if folder.name not in known and time.time() - folder.stat().st_mtime > _ORPHANED_S:
            shutil.rmtree(folder, ignore_errors=True)
