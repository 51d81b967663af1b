"""A dataset compared with other bars, as JSON: ask for it, follow the job, read the report."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.datasets.actions import (
    REVISION_FIELDS,
    TABLE_FIELDS,
    cancel_equality,
    choose_revision,
    find_dataset,
    find_in_inbox,
    read_equality_fields,
    request_equality,
    request_equality_of_upload,
)
from apps.datasets.api.bodies import TABLE_PROPERTIES, read_form
from apps.datasets.api.router import GET, router
from apps.datasets.models import Dataset, Equality
from apps.permissions.models import User
from hewston.access import INGEST, READ
from hewston.body import PAGE, read_object, read_query
from hewston.frames import FORMAT, send_scan
from hewston.http import reading
from hewston.openapi import describe_body, describe_query, refusals
from hewston.pipeline.equality import DIFFERENCES_FILE, REPORT_FILE, VERDICTS
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, read_fields
from hewston.pipeline.spec import sha256_text
from hewston.pipeline.store import read_json, stamp_file
from hewston.taskqueue import Status
from hewston.uploads import Upload, read_upload

_DIFFERENCES_FIELDS: dict[str, Rule] = {
    **FORMAT,
    "limit": {
        "type": "int",
        "default": None,
        "min": 1,
        "max": 10**9,
        "help": "else 10,000 as JSON, and all of them as CSV or Parquet",
    },
    "offset": PAGE["offset"],
}
_JSON_ROWS = 10_000
_SYMBOL = {"type": "string", "description": "what the files call the dataset's symbol"}
_REVISION = {"type": "integer", "description": "else the newest"}
_TABLE = {name: TABLE_PROPERTIES[name] for name in TABLE_FIELDS}
_BODY = describe_body(
    {
        "inbox": {
            "type": "array",
            "items": {"type": "string"},
            "description": "names of files or folders in the inbox folder of the server",
        },
        "symbol": _SYMBOL,
        "revision": _REVISION,
        **_TABLE,
    },
    required=["inbox"],
    example={"inbox": ["aapl-ohlcv-1m.dbn.zst"]},
)
_BODY["content"]["multipart/form-data"] = {
    "schema": {
        "type": "object",
        "properties": {
            "files": {
                "type": "array",
                "items": {"type": "string", "format": "binary"},
                "description": "DBN files of OHLCV-1S, 1M, 1H or 1D, or tables of bars",
            },
            "symbol": _SYMBOL,
            "revision": _REVISION,
            **_TABLE,
        },
        "required": ["files"],
    }
}


class EqualityStarted(Schema):
    """The job that was made."""

    equality_id: str
    status: str


class EqualityOut(Schema):
    """A comparison: with what, where it stands, and what came of it."""

    equality_id: str
    dataset_id: str
    revision: int
    status: str = Field(description=", ".join(Status.values))
    owner: str
    sources: list[str]
    options: dict[str, Any]
    files: list[dict[str, Any]] = Field(description="`name`, `sha256` and `size_bytes`")
    verdict: str | None = Field(description=", ".join(VERDICTS))
    sentence: str | None
    bars: dict[str, int] = Field(
        description="`ours`, `theirs`, `both`, `equal`, `differing`, `only_ours`, `only_theirs`"
    )
    differences: str | None = Field(description="address of every difference")
    created_at: str
    started_at: str | None
    ended_at: str | None
    progress: dict[str, Any]
    error: dict[str, Any] | None


class EqualityReport(EqualityOut):
    """A comparison with its report."""

    report: dict[str, Any] | None = Field(description="by column and session; null until done")


class EqualityList(Schema):
    """A page of the list; ``total`` counts every comparison of the dataset."""

    items: list[EqualityOut]
    total: int
    limit: int
    offset: int


@router.post(
    "/api/datasets/{dataset_id}/equality",
    auth=INGEST,
    summary="Compare a dataset with other bars",
    response={202: EqualityStarted, **refusals(404, 413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
)
def start_equality(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Send somebody else's bars, or name files that are in the server's inbox folder."""
    dataset = find_dataset(user=cast("User", request.user), dataset_id=dataset_id)
    upload, said, names = _read_asked(request)
    number = read_fields(
        REVISION_FIELDS, {k: said.pop(k) for k in REVISION_FIELDS if k in said}, of="key"
    )
    options = read_equality_fields(said)
    asked: dict[str, Any] = {
        "owner": request.user,
        "revision": choose_revision(dataset=dataset, number=number["revision"]),
        "options": options,
    }
    if upload is None:
        made = request_equality(sources=find_in_inbox(names=names), **asked)
    else:
        made = request_equality_of_upload(upload=upload, **asked)
    return JsonResponse(
        {"equality_id": made.pk, "status": made.status},
        status=202,
        headers={"Location": reverse("api:equality", args=[dataset.pk, made.pk])},
    )


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/equality",
    auth=READ,
    summary="A dataset's comparisons",
    response={200: EqualityList, **refusals(404, 422)},
    openapi_extra={"parameters": describe_query(PAGE)},
    url_name="equalities",
)
def show_equalities(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """The newest first, of all revisions."""
    asked = read_query(request, PAGE)
    dataset = find_dataset(user=cast("User", request.user), dataset_id=dataset_id)
    found = _of(dataset)
    start, size = asked["offset"], asked["limit"]
    items = [_describe(equality) for equality in found[start : start + size]]
    body = {"items": items, "total": found.count(), "limit": size, "offset": start}
    return JsonResponse(body)


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/equality/{equality_id}",
    auth=READ,
    summary="One comparison",
    response={200: EqualityReport, **refusals(404, 409)},
    url_name="equality",
)
def show_equality(request: HttpRequest, dataset_id: str, equality_id: str) -> HttpResponse:
    """Where it stands, and its report."""
    found = _find(request, dataset_id, equality_id)
    report = None
    if found.status == Status.DONE:
        path = found.folder / REPORT_FILE
        with reading("dataset", dataset_id, path):
            report = read_json(path)
    return JsonResponse(_describe(found) | {"report": report})


@router.api_operation(
    GET,
    "/api/datasets/{dataset_id}/equality/{equality_id}/differences",
    auth=READ,
    summary="Where a dataset and other bars differ",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_DIFFERENCES_FIELDS)},
    url_name="equality-differences",
)
def show_differences(request: HttpRequest, dataset_id: str, equality_id: str) -> HttpResponseBase:
    """Give a row a value that differs, and a row a bar that one side alone has."""
    asked = read_query(request, _DIFFERENCES_FIELDS)
    found = _find(request, dataset_id, equality_id)
    if found.status != Status.DONE:
        raise HewstonError(
            f"Comparison {found.pk} is {found.get_status_display()}: it has no report.",
            code="CONFLICT",
        )
    path, first, limit = found.folder / DIFFERENCES_FILE, asked["offset"], asked["limit"]
    if limit is None and asked["format"] == "json":
        limit = _JSON_ROWS
    with reading("dataset", dataset_id, path):
        return send_scan(
            request,
            path,
            kind=asked["format"],
            etag=sha256_text(f"{found.folder} {first} {limit} {stamp_file(path)}"),
            name=f"differences-{dataset_id}-{found.pk}",
            start=first,
            count=limit,
        )


@router.post(
    "/api/datasets/{dataset_id}/equality/{equality_id}/cancel",
    auth=INGEST,
    summary="Cancel a comparison",
    response={200: EqualityOut, **refusals(404, 409, 429)},
    url_name="equality-cancel",
)
def stop_equality(request: HttpRequest, dataset_id: str, equality_id: str) -> HttpResponse:
    """Stop it within two seconds; nothing but its log is kept."""
    found = _find(request, dataset_id, equality_id)
    cancel_equality(equality=found)
    return JsonResponse(_describe(found))


def _read_asked(request: HttpRequest) -> tuple[Upload | None, dict[str, object], list[str]]:
    """Read the files that were sent or the names of the inbox, and what else was said."""
    if request.content_type == "multipart/form-data":
        upload = read_upload(request)
        if upload is None:
            raise InputError("There is no file in the body.", field="files")
        return upload, read_form(request), []
    said = dict(read_object(request))
    names = said.pop("inbox", None)
    if not names or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise InputError(
            "inbox must be a list of names of files or folders in the inbox folder.", field="inbox"
        )
    return None, said, names


def _of(dataset: Dataset) -> QuerySet[Equality]:
    related = ("owner", "revision")
    return Equality.objects.filter(revision__dataset=dataset).select_related(*related)


def _find(request: HttpRequest, dataset_id: str, equality_id: str) -> Equality:
    """Find a comparison of a dataset that may be seen: whoever sees the one sees the other."""
    dataset = find_dataset(user=cast("User", request.user), dataset_id=dataset_id)
    found = _of(dataset).filter(pk=equality_id).first()
    if found is None:
        raise HewstonError(
            f"Dataset {dataset.pk} has no comparison {equality_id[:40]}.", code="NOT_FOUND"
        )
    return found


def _describe(equality: Equality) -> dict[str, object]:
    dataset_id, is_done = equality.revision.dataset_id, equality.status == Status.DONE
    differences = reverse("api:equality-differences", args=[dataset_id, equality.pk])
    return {
        "equality_id": equality.pk,
        "dataset_id": dataset_id,
        "revision": equality.revision.number,
        "status": equality.status,
        "owner": equality.owner.get_username(),
        "sources": equality.names,
        "options": equality.options,
        "files": equality.files,
        "verdict": equality.verdict or None,
        "sentence": equality.sentence or None,
        "bars": equality.counts,
        "differences": differences if is_done else None,
        "created_at": equality.created_at,
        "started_at": equality.started_at,
        "ended_at": equality.ended_at,
        "progress": equality.progress,
        "error": equality.error,
    }
