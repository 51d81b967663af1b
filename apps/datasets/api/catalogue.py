"""Datasets as JSON: the list, one of them, its bars and reports."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.datasets.api.router import GET, router
from apps.datasets.models import Dataset, Revision
from hewston.access import READ
from hewston.body import read_query
from hewston.frames import FORMAT, send_content, send_frame
from hewston.http import reading
from hewston.openapi import describe_query, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, suggest
from hewston.pipeline.intervals import CHART_INTERVALS
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.playback import read_schedule
from hewston.pipeline.resampling import resample
from hewston.pipeline.spec import sha256_text

_COLUMNS = ("dataset_id", "symbol", "venue_code", "from_date", "to_date", "rows", "created_at")
_LIMITS: dict[str, Rule] = {
    "limit": {"type": "int", "default": 50, "min": 1, "max": 500},
    "offset": {"type": "int", "default": 0, "min": 0, "max": 10**9},
}
LIST_FIELDS: dict[str, Rule] = {
    "q": {"type": "str", "default": None, "help": "a part of the id, the symbol or the venue"},
    "symbol": {"type": "str", "default": None, "help": "exactly this symbol"},
    **_LIMITS,
    "order": {
        "type": "str",
        "default": "-created_at",
        "choices": tuple(sign + name for name in _COLUMNS for sign in ("", "-")),
    },
}
REVISION: dict[str, Rule] = {
    "revision": {"type": "int", "default": None, "min": 1, "max": 10**9, "help": "else the newest"}
}
BARS_FIELDS: dict[str, Rule] = {
    "from": {"type": "date", "default": None, "help": "first exchange date, inclusive"},
    "to": {"type": "date", "default": None, "help": "last exchange date, inclusive"},
    "interval": {"type": "str", "default": None, "choices": tuple(CHART_INTERVALS)},
    "session": {"type": "str", "default": "regular", "choices": tuple(SESSION_FILTERS)},
    **REVISION,
    **FORMAT,
    "limit": {
        "type": "int",
        "default": None,
        "min": 1,
        "max": 10**9,
        "help": "else 10,000 as JSON, and all of them as CSV or Parquet",
    },
    "offset": _LIMITS["offset"],
}
_JSON_BARS = 10_000


class RevisionOut(Schema):
    """The bars of a dataset as one ingest derived them."""

    revision: int
    bars_sha256: str
    rows: int
    size_bytes: int
    first_ts: str
    last_ts: str
    calendar_version: str
    warnings: int
    generated_at: str
    manifest: str
    quality: str


class DatasetOut(Schema):
    """One symbol's bars over a range of exchange dates; ``revisions`` come newest first."""

    dataset_id: str
    status: str
    owner: str
    symbol: str
    instrument: dict[str, Any]
    interval: str
    from_: str = Field(alias="from")
    to: str
    products: list[str]
    provider: str
    venue_code: str
    adjustment: str
    calendar: str
    tz: str
    created_at: str
    bars: str
    revisions: list[RevisionOut]


class DatasetList(Schema):
    """A page of the list; ``total`` counts every dataset that matches."""

    items: list[DatasetOut]
    total: int
    limit: int
    offset: int


@router.api_operation(
    GET,
    "/api/datasets",
    auth=READ,
    summary="List datasets",
    response={200: DatasetList, **refusals(422)},
    openapi_extra={"parameters": describe_query(LIST_FIELDS)},
    url_name="datasets",
)
def show_datasets(request: HttpRequest) -> HttpResponse:
    """Those that you may see."""
    asked = read_query(request, LIST_FIELDS)
    found = Dataset.objects.visible_to(request.user).annotate(rows=Max("revisions__rows"))
    if asked["symbol"] is not None:
        found = found.filter(symbol=asked["symbol"])
    if (text := asked["q"]) is not None:
        names = ("dataset_id", "symbol", "venue_code")
        found = found.filter(Q(*((f"{name}__icontains", text) for name in names), _connector=Q.OR))
    found = found.order_by(asked["order"], "dataset_id")
    start, size = asked["offset"], asked["limit"]
    page = found.select_related("owner").prefetch_related("revisions")[start : start + size]
    items = [describe(dataset) for dataset in page]
    body = {"items": items, "total": found.count(), "limit": size, "offset": start}
    return JsonResponse(body)


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}",
    auth=READ,
    summary="One dataset",
    response={200: DatasetOut, **refusals(404)},
    url_name="dataset",
)
def show_dataset(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """What it is, and the addresses of its bars and of each revision's reports."""
    read_query(request, {})
    return JsonResponse(describe(_find(request, dataset_id)))


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/bars",
    auth=READ,
    summary="A dataset's bars",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(BARS_FIELDS)},
    url_name="dataset-bars",
)
def show_bars(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    """Give `{items, total}`, CSV or Parquet; `total` counts all bars between from and to."""
    asked = read_query(request, BARS_FIELDS)
    dataset = _find(request, dataset_id)
    revision = _choose(dataset, asked["revision"])
    interval = asked["interval"] or dataset.interval
    _check(dataset, asked, interval)
    limit = asked["limit"] or (_JSON_BARS if asked["format"] == "json" else None)
    files = [revision.folder / name for name in ("bars.parquet", "quality.json")]
    with reading("dataset", dataset.pk, *files):
        first = asked["offset"]
        return send_frame(
            request,
            lambda: _read(files[0], files[1], dataset.tz, interval, asked),
            kind=asked["format"],
            etag=sha256_text(f"{revision.bars_sha256} {interval} {asked}"),
            name=f"bars-{dataset.pk}-{interval}",
            rows=slice(first, None if limit is None else first + limit),
        )


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/manifest",
    auth=READ,
    summary="A dataset's manifest",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(REVISION)},
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
    openapi_extra={"parameters": describe_query(REVISION)},
    url_name="dataset-quality",
)
def show_dataset_quality(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    """Give the quality report of a revision: sessions, gaps and findings."""
    return _send_report(request, dataset_id, "quality")


def _send_report(request: HttpRequest, dataset_id: str, report: str) -> HttpResponseBase:
    asked = read_query(request, REVISION)
    dataset = _find(request, dataset_id)
    revision = _choose(dataset, asked["revision"])
    path = revision.folder / f"{report}.json"
    with reading("dataset", dataset.pk, path):
        return send_content(
            request,
            path.read_bytes,
            etag=f"{revision.bars_sha256[:32]}-{report}",
            name=f"{report}-{dataset.pk}.json",
            content_type="application/json",
        )


def describe(dataset: Dataset) -> dict[str, object]:
    """Give a dataset's JSON; no file is opened."""
    return {
        "dataset_id": dataset.pk,
        "status": dataset.status,
        "owner": dataset.owner.get_username(),
        "symbol": dataset.symbol,
        "instrument": dataset.instrument,
        "interval": dataset.interval,
        "from": dataset.from_date,
        "to": dataset.to_date,
        "products": dataset.products,
        "provider": dataset.provider,
        "venue_code": dataset.venue_code,
        "adjustment": dataset.adjustment,
        "calendar": dataset.calendar,
        "tz": dataset.tz,
        "created_at": dataset.created_at,
        "bars": reverse("api:dataset-bars", args=[dataset.pk]),
        "revisions": [_describe_revision(one) for one in dataset.revisions.all()],
    }


def _describe_revision(revision: Revision) -> dict[str, object]:
    dataset, query = [revision.dataset_id], f"?revision={revision.number}"
    return {
        "revision": revision.number,
        "bars_sha256": revision.bars_sha256,
        "rows": revision.rows,
        "size_bytes": revision.size_bytes,
        "first_ts": revision.first_ts,
        "last_ts": revision.last_ts,
        "calendar_version": revision.calendar_version,
        "warnings": revision.warnings,
        "generated_at": revision.generated_at,
        "manifest": reverse("api:dataset-manifest", args=dataset) + query,
        "quality": reverse("api:dataset-quality", args=dataset) + query,
    }


def _find(request: HttpRequest, dataset_id: str) -> Dataset:
    visible = Dataset.objects.visible_to(request.user).select_related("owner")
    found = visible.prefetch_related("revisions").filter(pk=dataset_id).first()
    if found is None:
        known = list(visible.values_list("pk", flat=True)[:1000])
        raise HewstonError(
            f"There is no dataset {dataset_id[:120]}. {suggest(dataset_id, known)}",
            code="DATASET_NOT_FOUND",
        )
    return found


def _choose(dataset: Dataset, number: int | None) -> Revision:
    revisions = list(dataset.revisions.all())
    found = [one for one in revisions if number is None or one.number == number]
    if not found:
        numbers = [one.number for one in revisions]
        raise HewstonError(
            f"Dataset {dataset.pk} has no such revision.",
            code="NOT_FOUND",
            field="revision",
            allowed=numbers,
        )
    return found[0]


def _check(dataset: Dataset, asked: Mapping[str, Any], interval: str) -> None:
    known = list(CHART_INTERVALS)
    longer = known[known.index(dataset.interval) :]
    if interval not in longer:
        raise InputError(
            f"Bars of {dataset.interval} cannot be split into {interval}.",
            field="interval",
            allowed=longer,
        )
    if asked["from"] and asked["to"] and asked["from"] > asked["to"]:
        raise InputError(f"from ({asked['from']}) is after to ({asked['to']}).", field="from")


def _read(
    bars_file: Path, quality_file: Path, tz: str, interval: str, asked: Mapping[str, Any]
) -> pl.DataFrame:
    """Read the bars of a session between two exchange dates, and merge them to an interval."""
    bars = pl.scan_parquet(bars_file).filter(
        pl.col("session").is_in(SESSION_FILTERS[asked["session"]])
    )
    first, last = asked["from"], asked["to"]
    days = pl.col("ts_open").dt.convert_time_zone(tz).dt.date()
    if first or last:
        bars = bars.filter(days.is_between(first or dt.date.min, last or dt.date.max))
    return resample(bars.collect(), interval, schedule=read_schedule(quality_file), tz=tz)
