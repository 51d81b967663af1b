"""The catalogue of datasets, one dataset, and the columns of its chart."""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl
from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.datasets.actions import cancel_ingest, retry_ingest
from apps.datasets.forms import ChartForm, DatasetFilter, IngestForm
from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from hewston.http import (
    compress_columns,
    reading,
    send_columns,
    send_csv,
    send_file,
    status_of,
    telling,
)
from hewston.pipeline import playback
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.intervals import CHART_INTERVALS
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.store import read_json
from hewston.taskqueue import read_log
from hewston.uploads import read_upload

_PAGE = 50
_LATEST_INGESTS = 5
_LONGEST_GAPS = 20
_RAW_FILES = 100
_FILE_LISTS = {"raw_files", "input_hashes"}
_SEVERITIES = ("error", "warning", "info")


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """List datasets."""
    form = DatasetFilter(request.GET)
    found = form.apply(Dataset.objects.visible_to(request.user)).prefetch_related("revisions")
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    ingests = _list_ingests(request)[:_LATEST_INGESTS]
    shown = {"page": page, "form": form, "ingests": ingests, "is_live": _is_live(ingests)}
    return render(request, "datasets/datasets.html", shown)


def _list_ingests(request: HttpRequest) -> QuerySet[Ingest]:
    return Ingest.objects.visible_to(request.user).prefetch_related("revisions")


def _is_live(ingests: Iterable[Ingest]) -> bool:
    return any(not ingest.is_over for ingest in ingests)


@require_safe
def ingests(request: HttpRequest) -> HttpResponse:
    """List ingests, also those that failed: the newest first."""
    page = Paginator(_list_ingests(request), _PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "is_live": _is_live(page.object_list)}
    return render(request, "datasets/ingests.html", shown)


@require_safe
def ingest(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Show one ingest: its files, what they became or why not, and its log."""
    found = get_object_or_404(_list_ingests(request), pk=ingest_id)
    return render(request, "datasets/ingest.html", {"ingest": found, "log": read_log(found.pk)})


@require_http_methods(["GET", "HEAD", "POST"])
def new_dataset(request: HttpRequest) -> HttpResponse:
    """Bring data in: send files, take them from the inbox, or make the sample year."""
    form = IngestForm(request.POST)
    status = 200
    if request.method == "POST":
        try:
            ingest = form.submit(user=cast(User, request.user), upload=read_upload(request))
        except HewstonError as problem:
            form.problem, status = problem, status_of(problem)
        else:
            return redirect("ingest", ingest.pk)
    page = {"form": form, "most_bytes": settings.UPLOAD_BYTES, "inbox_folder": settings.INBOX}
    return render(request, "datasets/new.html", page, status=status)


@require_POST
def cancel(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Stop an ingest."""
    found = get_object_or_404(_list_ingests(request), pk=ingest_id)
    with telling(request):
        cancel_ingest(ingest=found)
    return redirect("ingest", found.pk)


@require_POST
def retry(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Ask for the same files again."""
    found = get_object_or_404(_list_ingests(request), pk=ingest_id)
    with telling(request):
        found = retry_ingest(ingest=found)
    return redirect("ingest", found.pk)


@require_safe
def export_datasets(request: HttpRequest) -> HttpResponse:
    """Give the list of datasets as CSV."""
    found = DatasetFilter(request.GET).apply(Dataset.objects.visible_to(request.user))
    names = ("dataset_id", "symbol", "provider", "venue_code", "interval", "from_date", "to_date")
    header = [*names, "rows", "created_at"]
    return send_csv("datasets.csv", header, found.values_list(*header))


@require_safe
def dataset(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Show one dataset: chart, quality, manifest, revisions, runs."""
    found = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    revisions = list(found.revisions.all())
    form = ChartForm(request.GET)
    revision = form.choose_revision(revisions)
    if revision is None and (revisions or "revision" in request.GET):
        raise Http404
    page = {"dataset": found, "revisions": revisions, "revision": revision}
    if revision is not None:
        page |= _describe(found, revision, form.chosen(), request)
    return render(request, "datasets/dataset.html", page)


def _describe(
    found: Dataset, revision: Revision, chosen: dict[str, str], request: HttpRequest
) -> dict[str, object]:
    """Gather what the page shows of a revision."""
    files = (revision.folder / name for name in ("manifest.json", "quality.json"))
    with reading("dataset", found.pk, *files):
        manifest, quality = _read_reports(revision.folder)
        findings = _sort_findings(quality)
    return {
        **chosen,
        "intervals": list(CHART_INTERVALS),
        "sessions": list(SESSION_FILTERS),
        "columns_url": _columns_url(found, revision, "INTERVAL", "SESSION"),
        # Its lists of files are the table of raw files; the download has all of it.
        "manifest": {name: manifest[name] for name in manifest if name not in _FILE_LISTS},
        "raw_files": revision.raw_files[:_RAW_FILES],
        "quality": quality,
        **findings,
        "runs": found.runs.visible_to(request.user)
        .filter(revision=revision)
        .select_related("metrics")[:10],
    }


def _sort_findings(quality: Mapping[str, Any]) -> dict[str, object]:
    """Part what was found, the worst first, from what was looked for in vain; list long gaps."""
    findings = quality["findings"]
    found = [finding for finding in findings if finding["count"]]
    gaps = quality["missing_session_minutes"]["list"]
    return {
        "found": sorted(found, key=lambda finding: _SEVERITIES.index(finding["severity"])),
        "not_found": [finding for finding in findings if not finding["count"]],
        "gaps": sorted(gaps, key=lambda gap: (-gap["minutes"], gap["from"]))[:_LONGEST_GAPS],
    }


@functools.lru_cache(maxsize=16)
def _read_reports(folder: Path) -> tuple[dict[str, object], Mapping[str, Any]]:
    """Read a revision's manifest and quality report, which never change."""
    return read_json(folder / "manifest.json"), read_json(folder / "quality.json")


def _columns_url(found: Dataset, revision: Revision, interval: str, session: str) -> str:
    address = playback.address(revision.bars_sha256)
    return reverse("dataset-columns", args=[found.pk, address, interval, session])


@require_safe
def manifest(request: HttpRequest, dataset_id: str, number: int) -> HttpResponse:
    """Give a revision's manifest as it is stored."""
    found = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    revision = get_object_or_404(found.revisions, number=number)
    path = revision.folder / "manifest.json"
    with reading("dataset", found.pk, path):
        return send_file(path, "application/json")


@require_safe
def columns(
    request: HttpRequest, dataset_id: str, address: str, interval: str, session: str
) -> HttpResponse:
    """Give a revision's bars as columns, at an address that names their content."""
    found = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    revision = next(
        (one for one in found.revisions.all() if playback.address(one.bars_sha256) == address), None
    )
    if revision is None or interval not in CHART_INTERVALS or session not in SESSION_FILTERS:
        raise Http404
    files = (revision.folder / name for name in ("bars.parquet", "quality.json"))
    with reading("dataset", found.pk, *files):
        compressed = _encode(revision.folder, interval, session, found.tz)
    return send_columns(request, compressed)


@functools.lru_cache(maxsize=4)
def _encode(folder: Path, interval: str, session: str, tz: str) -> bytes:
    """Encode and compress; the last few stay in memory."""
    encoded = playback.encode_dataset(
        pl.scan_parquet(folder / "bars.parquet"),
        interval=interval,
        session=session,
        schedule=playback.read_schedule(folder / "quality.json"),
        tz=tz,
    )
    return compress_columns(encoded)
