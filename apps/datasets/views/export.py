"""Bars that leave as a file."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from apps.datasets.actions import EXPORT_FIELDS, choose_revision, select_bars, write_bars
from apps.datasets.models import Dataset
from hewston.body import read_query
from hewston.frames import send_made
from hewston.http import reading


@require_safe
def export(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    """Give chosen bars of a dataset as CSV, Parquet or Excel."""
    mine = Dataset.objects.visible_to(request.user).prefetch_related("revisions")
    found = get_object_or_404(mine, pk=dataset_id)
    asked = read_query(request, EXPORT_FIELDS)
    revision = choose_revision(dataset=found, number=asked["revision"])
    chosen = select_bars(revision=revision, asked=asked)
    with reading("dataset", found.pk, *chosen.files):
        return send_made(
            request,
            lambda path: write_bars(selection=chosen, kind=asked["format"], path=path),
            kind=asked["format"],
            etag=chosen.digest,
            name=f"bars-{found.pk}-{chosen.interval}",
        )
