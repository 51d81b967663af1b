"""Bars and reports of a dataset, and what two of its revisions do not share."""

import dataclasses
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from ninja import Field, Schema

from apps.datasets.actions import (
    DIFFERENCE_FIELDS,
    REVISION_FIELDS,
    SELECTION_FIELDS,
    choose_revision,
    compare_revisions,
    read_differences,
    read_summary,
    select_bars,
    write_bars,
    write_differences_csv,
)
from apps.datasets.api.catalogue import find_dataset
from apps.datasets.api.router import GET, router
from hewston.access import READ
from hewston.body import PAGE, read_query
from hewston.frames import name_times, send_content, send_frame, send_made, send_made_scan
from hewston.http import reading
from hewston.openapi import describe_query, refusals
from hewston.pipeline.differences import CHANGES
from hewston.pipeline.export import KINDS, read_bars
from hewston.pipeline.fields import Rule

_FIELDS: dict[str, Rule] = {
    **SELECTION_FIELDS,
    "format": {"type": "str", "default": "json", "choices": ("json", *KINDS)},
    "limit": {
        "type": "int",
        "default": None,
        "min": 1,
        "max": 10**9,
        "help": "else 10,000 as JSON, and all of them as a file",
    },
    "offset": PAGE["offset"],
}

_JSON_BARS = 10_000
_BARS_IN_MEMORY = 150_000  # a year of minutes; of more, a child reads them and writes what is sent

_DIFFERENCES: dict[str, Rule] = {
    **DIFFERENCE_FIELDS,
    "format": {"type": "str", "default": "json", "choices": ("json", "csv")},
    **PAGE,
}


class DifferencesOut(Schema):
    """What two revisions do not share; ``total`` counts every bar that differs."""

    before: int
    after: int
    bars_before: int
    bars_after: int
    unchanged: int
    added: int
    removed: int
    different: int
    columns: list[dict[str, Any]] = Field(
        description="`column`, `count`, `first`, `largest` and `largest_at`"
    )
    days: list[dict[str, Any]] = Field(
        description="`date`, `added`, `removed`, `different` and `largest_close`"
    )
    total: int
    items: list[dict[str, Any]] = Field(
        description="`ts_open`, `change`, and each column as NAME_before and NAME_after"
    )


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/bars",
    auth=READ,
    summary="A dataset's bars",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_FIELDS)},
    url_name="dataset-bars",
)
def show_bars(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    """Give `{items, total}`, or a file; `total` counts all bars between from and to.

    Times are UTC; those of an Excel file are of the zone that its header names.
    """
    asked = read_query(request, _FIELDS)
    dataset = find_dataset(request, dataset_id)
    revision = choose_revision(dataset=dataset, number=asked["revision"])
    chosen = select_bars(revision=revision, asked=asked)
    kind, start, count = asked["format"], asked["offset"], asked["limit"]
    name = f"bars-{dataset.pk}-{chosen.interval}"
    with reading("dataset", dataset.pk, *chosen.files):
        if kind != "json":
            cut = dataclasses.replace(chosen, start=start, count=count)
            return send_made(
                request,
                lambda path: write_bars(selection=cut, kind=kind, path=path),
                kind=kind,
                etag=cut.digest,
                name=name,
            )
        count = count or _JSON_BARS
        etag = dataclasses.replace(chosen, start=start, count=count).digest
        if revision.rows <= _BARS_IN_MEMORY and count <= _BARS_IN_MEMORY:
            return send_frame(
                request,
                lambda: read_bars(chosen),
                kind=kind,
                etag=etag,
                name=name,
                rows=slice(start, start + count),
            )
        return send_made_scan(
            request,
            lambda path: write_bars(selection=chosen, kind="parquet", path=path),
            kind=kind,
            etag=etag,
            name=name,
            start=start,
            count=count,
        )


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/differences",
    auth=READ,
    summary="What two revisions do not share",
    response={200: DifferencesOut, **refusals(404, 409, 422, 503)},
    openapi_extra={"parameters": describe_query(_DIFFERENCES)},
    url_name="dataset-differences",
)
def show_revision_differences(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    """Count what came, went and changed, by column and by day; `items` are the bars themselves.

    As CSV, every bar that differs. Times are UTC.
    """
    asked = read_query(request, _DIFFERENCES)
    dataset = find_dataset(request, dataset_id)
    after = choose_revision(dataset=dataset, number=asked["after"])
    earlier = max(after.number - 1, 1) if asked["before"] is None else asked["before"]
    before = choose_revision(dataset=dataset, number=earlier)
    files = [revision.folder / "bars.parquet" for revision in (before, after)]
    start, count = asked["offset"], asked["limit"]
    with reading("dataset", dataset.pk, *files):
        folder = compare_revisions(before=before, after=after)
        if asked["format"] == "csv":
            return send_made(
                request,
                lambda path: write_differences_csv(folder=folder, path=path),
                kind="csv",
                etag=f"{before.bars_sha256[:16]}{after.bars_sha256[:16]}",
                name=f"differences-{dataset.pk}-{before.number}-{after.number}",
            )
        summary = read_summary(folder)
        rows = read_differences(folder, start=start, count=count)
    total = sum(summary[name] for name in CHANGES)
    told = {"before": before.number, "after": after.number, **summary, "total": total}
    return JsonResponse({**told, "items": name_times(rows).to_dicts()})


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/manifest",
    auth=READ,
    summary="A dataset's manifest",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(REVISION_FIELDS)},
    url_name="dataset-manifest",
)
def show_dataset_manifest(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    """Give what a revision was made from, byte for byte."""
    return _send_report(request, dataset_id, "manifest")


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/quality",
    auth=READ,
    summary="A dataset's quality",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(REVISION_FIELDS)},
    url_name="dataset-quality",
)
def show_dataset_quality(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    """Give the quality report of a revision: sessions, gaps and findings."""
    return _send_report(request, dataset_id, "quality")


def _send_report(request: HttpRequest, dataset_id: str, report: str) -> HttpResponseBase:
    asked = read_query(request, REVISION_FIELDS)
    dataset = find_dataset(request, dataset_id)
    revision = choose_revision(dataset=dataset, number=asked["revision"])
    path = revision.folder / f"{report}.json"
    with reading("dataset", dataset.pk, path):
        return send_content(
            request,
            path.read_bytes,
            etag=f"{revision.bars_sha256[:32]}-{report}",
            name=f"{report}-{dataset.pk}.json",
            content_type="application/json",
        )
