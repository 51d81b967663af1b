"""Datasets as JSON: the list, one of them, and what is done with it."""

from typing import Any

from django.db import transaction
from django.db.models import Count, F, Prefetch
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.datasets.actions import (
    MOST_TAGS,
    NOTES_LENGTH,
    TAG_LENGTH,
    archive_dataset,
    delete_dataset,
    describe_dataset,
    restore_dataset,
)
from apps.datasets.api.router import GET, router
from apps.datasets.forms import narrow
from apps.datasets.models import Dataset, DatasetQuerySet, Revision
from hewston.access import INGEST, READ
from hewston.body import PAGE, read_object, read_query, read_text, read_texts
from hewston.openapi import describe_body, describe_query, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, suggest

_COLUMNS = (
    *("dataset_id", "symbol", "asset_class", "provider", "venue_code", "interval"),
    *("from_date", "to_date", "rows", "size_bytes", "revision_count", "warnings", "used_by"),
    "created_at",
)
LIST_FIELDS: dict[str, Rule] = {
    "q": {
        "type": "str",
        "default": None,
        "help": "a part of the id, the symbol, the source, the notes or a tag",
    },
    "symbol": {"type": "str", "default": None, "help": "exactly this symbol"},
    "asset_class": {"type": "str", "default": None, "help": "of this asset class"},
    "interval": {"type": "str", "default": None, "help": "of bars of this length"},
    "provider": {"type": "str", "default": None, "help": "of this provider"},
    "tag": {"type": "str", "default": None, "help": "with this tag"},
    "covers_from": {"type": "date", "default": None, "help": "has this exchange date"},
    "covers_to": {"type": "date", "default": None, "help": "has this exchange date too"},
    "quality": {
        "type": "str",
        "default": None,
        "choices": ("clean", "findings"),
    },
    "archived": {
        "type": "str",
        "default": None,
        "choices": ("only", "any"),
        "help": "those that are archived alone, or too",
    },
    **PAGE,
    "order": {
        "type": "str",
        "default": "-created_at",
        "choices": tuple(sign + name for name in _COLUMNS for sign in ("", "-")),
    },
}
_CHANGES = ("tags", "notes", "archived")


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
    used_by: int = Field(description="how many runs use this revision")
    ingest_id: str | None = Field(description="the ingest that made it")
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
    tags: list[str]
    notes: str
    archived: bool
    archived_at: str | None
    size_bytes: int = Field(description="of all revisions")
    used_by: int = Field(description="how many runs use any revision")
    runs: str = Field(description="address of the list of those that you may see")
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
    asked = {k: v for k, v in read_query(request, LIST_FIELDS).items() if v is not None}
    found = narrow(Dataset.objects.visible_to(request.user).with_figures(), asked)
    order = asked["order"]
    column = F(order.removeprefix("-"))
    falls = order.startswith("-")
    found = found.order_by(
        column.desc(nulls_last=True) if falls else column.asc(nulls_last=True), "dataset_id"
    )
    start, size = asked["offset"], asked["limit"]
    # Sorting moves ids only; the rows of the page follow.
    ids = list(found.values_list("pk", flat=True)[start : start + size])
    rows = _with_all(Dataset.objects.filter(pk__in=ids)).in_bulk()  # ids of visible datasets
    items = [describe(rows[pk]) for pk in ids]
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
    return JsonResponse(describe(find_dataset(request, dataset_id)))


@router.patch(
    "/api/datasets/{dataset_id}",
    auth=INGEST,
    summary="Tag, annotate or archive a dataset",
    response={200: DatasetOut, **refusals(404, 422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {
                "tags": {
                    "type": "array",
                    "items": {"type": "string", "maxLength": TAG_LENGTH},
                    "maxItems": MOST_TAGS,
                    "description": "in place of those before",
                },
                "notes": {"type": "string", "maxLength": NOTES_LENGTH},
                "archived": {"type": "boolean"},
            },
            required=[],
            example={"tags": ["tech", "checked"], "archived": False},
        )
    },
)
@transaction.atomic
def change_dataset(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Change its tags, its notes, or whether lists leave it out; they decide nothing."""
    dataset = find_dataset(request, dataset_id)
    body = read_object(request)
    for word in body:
        if word not in _CHANGES:
            message = f"{word} cannot be changed. {suggest(word, list(_CHANGES))}"
            raise InputError(message, field=word, allowed=list(_CHANGES))
    notes = read_text(body, "notes", longest=NOTES_LENGTH) if "notes" in body else None
    describe_dataset(dataset=dataset, notes=notes, tags=read_texts(body, "tags"))
    if (archived := body.get("archived")) is not None:
        if not isinstance(archived, bool):
            message = "archived must be true or false."
            raise InputError(message, field="archived", allowed="true or false")
        (archive_dataset if archived else restore_dataset)(dataset=dataset)
    return JsonResponse(describe(find_dataset(request, dataset_id)))


@router.delete(
    "/api/datasets/{dataset_id}",
    auth=INGEST,
    summary="Delete a dataset",
    response={204: None, **refusals(404, 409, 429)},
)
def remove_dataset(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Remove a dataset that no run uses, with the source files that no other was made from."""
    delete_dataset(dataset=find_dataset(request, dataset_id))
    return HttpResponse(status=204)


def _with_all(datasets: DatasetQuerySet) -> DatasetQuerySet:
    """Fetch what ``describe`` shows, and no object for a single name."""
    revisions = Revision.objects.annotate(used_by=Count("runs")).order_by("dataset", "-number")
    related = Prefetch("revisions", revisions.defer("raw_files"))
    return datasets.with_figures().select_related("owner").prefetch_related(related, "tags")


def describe(dataset: Dataset) -> dict[str, object]:
    """Give the JSON of a dataset that ``_with_all`` fetched; no file is opened."""
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
        "tags": dataset.tag_names,
        "notes": dataset.notes,
        "archived": dataset.is_archived,
        "archived_at": dataset.archived_at,
        "size_bytes": dataset.size_bytes,  # type: ignore[attr-defined]  # by _with_all
        "used_by": dataset.used_by,  # type: ignore[attr-defined]  # likewise
        "runs": f"/backtests?dataset_id={dataset.pk}",
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
        "used_by": revision.used_by,  # type: ignore[attr-defined]  # by _with_all
        "ingest_id": revision.made_by_id,
        "manifest": reverse("api:dataset-manifest", args=dataset) + query,
        "quality": reverse("api:dataset-quality", args=dataset) + query,
    }


def find_dataset(request: HttpRequest, dataset_id: str) -> Dataset:
    """Find a dataset that the person may see; raises HewstonError with the nearest id."""
    visible = Dataset.objects.visible_to(request.user)
    found = _with_all(visible).filter(pk=dataset_id).first()
    if found is None or not found.revisions.all():  # none where it is being deleted
        known = list(visible.values_list("pk", flat=True)[:1000])
        raise HewstonError(
            f"There is no dataset {dataset_id[:120]}. {suggest(dataset_id, known)}",
            code="DATASET_NOT_FOUND",
        )
    return found
