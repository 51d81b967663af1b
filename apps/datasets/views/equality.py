"""A dataset compared with other bars of the same market: asking for it, and what came of it."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.datasets import actions
from apps.datasets.forms import ChartForm, EqualityForm
from apps.datasets.models import Dataset, Equality
from apps.permissions.models import User
from hewston.frames import send_scan
from hewston.http import reading, send_file, status_of, telling
from hewston.pipeline.equality import AMOUNTS, DIFFERENCES_FILE, REPORT_FILE
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.spec import sha256_text
from hewston.pipeline.store import Stamp, read_json, stamp_file
from hewston.taskqueue import Status, read_log
from hewston.uploads import read_upload

_SHOWN = 200  # differences on the page; the download has all


@require_http_methods(["GET", "HEAD", "POST"])
def new_equality(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Compare a revision with files that are sent, or with files of the inbox."""
    dataset = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    revision = ChartForm(request.GET).choose_revision(list(dataset.revisions.all()))
    if revision is None:
        raise Http404
    form, status = EqualityForm(request.POST), 200
    if request.method == "POST":
        try:
            made = form.submit(
                user=cast(User, request.user), revision=revision, upload=read_upload(request)
            )
        except HewstonError as problem:
            form.problem, status = problem, status_of(problem)
        else:
            return redirect("equality", dataset.pk, made.pk)
    page = {
        "dataset": dataset,
        "revision": revision,
        "form": form,
        "most_bytes": settings.UPLOAD_BYTES,
        "inbox_folder": settings.INBOX,
    }
    return render(request, "datasets/equality_new.html", page, status=status)


@require_safe
def equality(request: HttpRequest, dataset_id: str, equality_id: str) -> HttpResponse:
    """Show one comparison: how far it is, why it failed, or its report."""
    found = _find(request, dataset_id, equality_id)
    page = {"equality": found, "dataset": found.revision.dataset, "log": read_log(found.pk)}
    if found.status == Status.DONE:
        files = [found.folder / name for name in (REPORT_FILE, DIFFERENCES_FILE)]
        with reading("dataset", dataset_id, *files):
            report, differences = _read(*files, tuple(stamp_file(file) for file in files))
        page |= {"report": report, "differences": differences, "amounts": AMOUNTS}
    return render(request, "datasets/equality_report.html", page)


@require_POST
def cancel_equality(request: HttpRequest, dataset_id: str, equality_id: str) -> HttpResponse:
    """Stop a comparison."""
    found = _find(request, dataset_id, equality_id)
    with telling(request):
        actions.cancel_equality(equality=found)
    return redirect("equality", dataset_id, found.pk)


@require_safe
def equality_report(request: HttpRequest, dataset_id: str, equality_id: str) -> HttpResponse:
    """Give the report as it is stored."""
    path = _find_done(request, dataset_id, equality_id).folder / REPORT_FILE
    with reading("dataset", dataset_id, path):
        return send_file(path, "application/json")


@require_safe
def equality_differences(
    request: HttpRequest, dataset_id: str, equality_id: str
) -> HttpResponseBase:
    """Give every difference as CSV."""
    found = _find_done(request, dataset_id, equality_id)
    path = found.folder / DIFFERENCES_FILE
    with reading("dataset", dataset_id, path):
        return send_scan(
            request,
            path,
            kind="csv",
            etag=sha256_text(f"{found.folder} {stamp_file(path)}"),
            name=f"differences-{dataset_id}-{found.pk}",
        )


def _find(request: HttpRequest, dataset_id: str, equality_id: str) -> Equality:
    """Find a comparison of a dataset that may be seen: whoever sees the one sees the other."""
    dataset = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    known = Equality.objects.filter(revision__dataset=dataset).select_related("revision__dataset")
    return get_object_or_404(known, pk=equality_id)


def _find_done(request: HttpRequest, dataset_id: str, equality_id: str) -> Equality:
    found = _find(request, dataset_id, equality_id)
    if found.status != Status.DONE:
        raise Http404
    return found


@functools.lru_cache(maxsize=16)
def _read(
    report: Path, differences: Path, stamps: tuple[Stamp, ...]
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Read a report and the first differences of it: again only where a file was replaced."""
    del stamps
    first = pl.scan_parquet(differences).filter(pl.col("kind") == "differs").head(_SHOWN)
    return read_json(report), first.collect(engine="streaming").to_dicts()  # no more than it shows
