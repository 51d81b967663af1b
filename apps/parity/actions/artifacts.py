"""Bridge artifacts: looking at an upload, keeping it, finding and deleting it."""

import datetime as dt
import hashlib
import logging
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from apps.datasets.actions import find_dataset
from apps.parity.actions.zones import read_order_name, read_zone_name
from apps.parity.models import BridgeArtifact, upload_suffix
from apps.permissions.models import User
from hewston import children
from hewston.children import UnforeseenError
from hewston.entry import write_value
from hewston.pipeline import store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.spec import COST_FIELDS, RUN_FIELDS, canonical_json
from hewston.taskqueue import new_id

_PREVIEW = "hewston.pipeline.parity.bridges:preview_upload"
_KEEP = "hewston.pipeline.parity.bridges:keep_upload"
_WITHIN_S = 60.0
_MEMORY_BYTES = 1_000_000_000
MOST_BYTES = 128 << 20  # of an upload
MOST_SHOWN = 200  # trades of a list that its page shows
_ORPHANED_S = 3600.0  # a folder without its row is this old before it is nobody's
_MOST_NAMED = 5  # comparisons that keep an artifact from being deleted
_MISSING = "ARTIFACT_NOT_FOUND"

logger = logging.getLogger(__name__)


def preview_file(
    *,
    user: User,
    path: Path,
    filename: str,
    zone: str = "",
    date_order: str = "",
    dataset_id: str = "",
) -> dict[str, Any]:
    """Say what an upload would become, as the pipeline's ``preview_upload``; keeps nothing.

    With a dataset, the zones are offered under which fills lie inside its bars. Raises InputError
    for what is no export and where the order of day and month must be said (field
    ``date_order``), and HewstonError for a dataset that the user cannot see.
    """
    bars = None
    if dataset_id:
        bars = find_dataset(user=user, dataset_id=dataset_id).latest.folder / "bars.parquet"
    return _ask(
        _PREVIEW,
        path,
        filename,
        zone=read_zone_name(zone) or None,
        date_order=read_order_name(date_order) or None,
        bars_file=bars,
    )


def keep_file(
    *,
    owner: User,
    path: Path,
    filename: str,
    zone: str = "",
    date_order: str = "",
    name: str = "",
    symbol: str = "",
    dataset_id: str = "",
) -> tuple[BridgeArtifact, bool]:
    """Keep an upload; gives its artifact and whether it is new: the same content is there once.

    ``name`` and ``symbol`` are else what the file says. A zone, and an order of day and month, need
    not be said where one alone puts the most fills inside the bars of ``dataset_id``. Raises
    InputError, and keeps nothing, for what is no export and where a zone must be said (field
    ``zone``, with ``offers``), or the order of day and month (field ``date_order``).
    """
    _sweep()
    said = {"title": name.strip()[:200], "symbol": symbol.strip()[:64]}
    said["date_order"] = read_order_name(date_order)
    chosen = read_zone_name(zone)
    if dataset_id and not chosen:
        shown = preview_file(
            user=owner,
            path=path,
            filename=filename,
            date_order=said["date_order"],
            dataset_id=dataset_id,
        )
        chosen, said["date_order"] = _choose_zone(shown, dataset_id), shown["date_order"] or ""
    with store.Store(settings.DATA_ROOT).staging(f"bridge-{new_id()}") as staged:
        folder = staged / "artifact"
        folder.mkdir()
        kept = f"upload{upload_suffix(filename)}"
        facts = _ask(_KEEP, path, filename, zone=chosen or None, folder=folder, kept=kept, **said)
        return _publish(owner, folder, facts, size=path.stat().st_size)


def _choose_zone(shown: Mapping[str, Any], dataset_id: str) -> str:
    """Choose the zone under which the most fills lie inside a dataset's bars, if one does best."""
    if not shown["needs_zone"]:
        return ""
    offers = shown["offers"]
    best = [one["zone"] for one in offers if one["inside"] == offers[0]["inside"]]
    if len(best) == 1:
        return str(best[0])
    among = (
        f"fills lie inside the bars of {dataset_id} as well under {', '.join(best[:6])}"
        if best
        else f"under no zone do its fills lie inside the bars of {dataset_id}"
    )
    raise InputError(
        f"The times of {shown['filename']} have no zone, and {among}. Say which zone it is.",
        field="zone",
        file=shown["filename"],
        offers=offers,
    )


def _ask(work: str, path: Path, filename: str, **arguments: object) -> dict[str, Any]:
    """Have a child read an upload, which is hostile until that is done."""
    try:
        size = path.stat().st_size
    except OSError as problem:
        message = f"{filename} cannot be read: {problem.strerror or problem}."
        raise InputError(message, field="file", file=filename) from problem
    if size > MOST_BYTES:
        raise InputError(
            f"{filename} has {size / 1e6:,.0f} MB: an export has at most {MOST_BYTES >> 20} MiB.",
            code="PAYLOAD_TOO_LARGE",
            file=filename,
        )
    try:
        found: dict[str, Any] = children.ask(
            work,
            within_s=_WITHIN_S,
            memory_bytes=_MEMORY_BYTES,
            path=path,
            name=filename,
            **arguments,
        )
    except UnforeseenError as problem:
        logger.error("%s: %s", filename, "".join(problem.lines))  # noqa: TRY400 (the child's traceback is in it)
        raise InputError(
            f"{filename} cannot be read as an export, for a reason that nobody foresaw "
            f"({problem.kind}); the server's log has it. Export it again as CSV and try that.",
            file=filename,
        ) from problem
    return found


def _publish(
    owner: User, folder: Path, facts: dict[str, Any], *, size: int
) -> tuple[BridgeArtifact, bool]:
    """Put an artifact into its place, and the row beside it."""
    sha256 = facts["hashes"][facts["upload"]]
    row = BridgeArtifact(
        owner=owner,
        name=facts["name"][:200],
        filename=facts["filename"][:200],
        kind=facts["kind"],
        symbol=facts["symbol"][:64],
        interval=facts["interval"][:16],
        zone=facts["zone"] or "",
        date_order=facts["date_order"] or "",
        candles=(facts["candles"] or {}).get("rows", 0),
        series=len(facts["series"]),
        trades=(facts["trades"] or {}).get("rows", 0),
        open_trades=(facts["trades"] or {}).get("open", 0),
        **_span(facts),
        upload_sha256=sha256,
        size_bytes=size,
    )
    content = [owner.pk, sha256, row.zone, row.name, row.symbol]
    content += [row.date_order] if row.date_order else []
    row.pk = hashlib.sha256(canonical_json(content).encode()).hexdigest()[:12]
    if (known := BridgeArtifact.objects.filter(pk=row.pk).first()) is not None:
        return known, False
    shutil.rmtree(row.folder, ignore_errors=True)  # of a process that was killed before its row
    store.publish(folder, row.folder)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # somebody else kept the same meanwhile
        return BridgeArtifact.objects.get(pk=row.pk), False
    except BaseException:
        shutil.rmtree(row.folder, ignore_errors=True)
        raise
    return row, True


def _span(facts: dict[str, Any]) -> dict[str, dt.datetime | None]:
    """Find the first and the last time of all that an artifact has."""
    parts = [facts["candles"] or {}, facts["trades"] or {}, *facts["series"]]
    times = {
        key: [dt.datetime.fromisoformat(one[key]) for one in parts if one.get(key)]
        for key in ("first", "last")
    }
    return {
        "first_at": min(times["first"], default=None),
        "last_at": max(times["last"], default=None),
    }


def find_artifact(*, user: User, artifact_id: str) -> BridgeArtifact:
    """Find an artifact that the user may see; raises HewstonError (ARTIFACT_NOT_FOUND)."""
    mine = BridgeArtifact.objects.visible_to(user).select_related("owner")
    found = mine.filter(pk=artifact_id).first()
    if found is None:
        known = list(mine.values_list("pk", flat=True)[:10])
        raise HewstonError(
            f"There is no bridge artifact {artifact_id[:40]}. {suggest(artifact_id, known)}",
            code=_MISSING,
            field="id",
        )
    return found


def read_artifact_trades(*, artifact: BridgeArtifact) -> list[dict[str, Any]]:
    """Read the first trades of an artifact's list, as many as a page shows."""
    path = artifact.folder / "trades.parquet"
    if not path.is_file():
        return []
    return pl.scan_parquet(path).head(MOST_SHOWN).collect().to_dicts()


def suggest_run(*, facts: Mapping[str, Any]) -> str:
    """Give the query of the run form that an artifact's properties fill; blank where none do."""
    known = RUN_FIELDS | COST_FIELDS
    options = {key: value for key, value in facts["run"].items() if key in known}
    if options.get("sizing") == "fixed_cash":
        options["sizing"] = "cash"
    if not options:
        return ""
    said = {"session": "all", "k_spread": 0.0, **options}
    if facts["interval"]:
        said["interval"] = facts["interval"]
    return urlencode({name: write_value(value) for name, value in said.items()})


def delete_artifact(*, artifact: BridgeArtifact) -> None:
    """Remove an artifact with its files. Raises HewstonError while a comparison uses it."""
    folder = artifact.folder
    try:
        BridgeArtifact.objects.filter(pk=artifact.pk).delete()
    except ProtectedError as refusal:
        ids = sorted(str(one) for one in refusal.protected_objects)
        named = ", ".join(ids[:_MOST_NAMED])
        more = f" and {len(ids) - _MOST_NAMED:,} more" if len(ids) > _MOST_NAMED else ""
        kind, them = ("comparison uses", "it") if len(ids) == 1 else ("comparisons use", "them")
        raise HewstonError(
            f"{len(ids):,} {kind} bridge artifact {artifact.pk}: {named}{more}. Delete {them} "
            "first.",
            code="CONFLICT",
            used_by=len(ids),
        ) from None
    shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove folders whose rows are gone, with their owner, or were never written."""
    folders = [
        one.parent for one in store.Store(settings.DATA_ROOT).bridges.glob("*/artifact.json")
    ]
    found = BridgeArtifact.objects.filter(pk__in=[one.name for one in folders])
    known = set(found.values_list("pk", flat=True))
    for folder in folders:
        if folder.name not in known and time.time() - folder.stat().st_mtime > _ORPHANED_S:
            shutil.rmtree(folder, ignore_errors=True)


def describe_artifact(artifact: BridgeArtifact) -> dict[str, Any]:
    """Give an artifact's row as plain JSON values."""
    return {
        "artifact_id": artifact.pk,
        "name": artifact.name,
        "filename": artifact.filename,
        "kind": artifact.kind,
        "symbol": artifact.symbol or None,
        "interval": artifact.interval or None,
        "zone": artifact.zone or None,
        "date_order": artifact.date_order or None,
        "candles": artifact.candles,
        "series": artifact.series,
        "trades": artifact.trades,
        "open_trades": artifact.open_trades,
        "first_at": artifact.first_at and artifact.first_at.isoformat(),
        "last_at": artifact.last_at and artifact.last_at.isoformat(),
        "upload_sha256": artifact.upload_sha256,
        "size_bytes": artifact.size_bytes,
        "owner": artifact.owner.get_username(),
        "created_at": artifact.created_at.isoformat(),
    }
