"""Ingests as JSON: bring files in, follow the job, stop it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Schema

from apps.datasets.actions import (
    INGEST_FIELDS,
    cancel_ingest,
    check_tables,
    find_in_inbox,
    list_tables,
    read_ingest_fields,
    read_table_options,
    request_ingest,
    request_ingest_of_upload,
)
from apps.datasets.api.bodies import TABLE_PROPERTIES, check_keys, describe_files, read_form
from apps.datasets.api.router import GET, router
from apps.datasets.models import Ingest, list_sent
from apps.permissions.models import User
from hewston.access import INGEST, READ
from hewston.body import PAGE, read_object, read_query
from hewston.openapi import describe_body, describe_field, describe_query, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule
from hewston.pipeline.ingest.tables.options import MARKET_FIELDS, OPTIONS
from hewston.taskqueue import Status
from hewston.uploads import read_upload

_OPTIONS = {  # key → option of an ingest of DBN
    "symbol": "symbol",
    "dataset": "vendor_dataset",
    **{name: name for name in MARKET_FIELDS},
}
_KEYS = list(dict.fromkeys([*_OPTIONS, *OPTIONS, "preset"]))
_LIST_FIELDS: dict[str, Rule] = {
    "status": {"type": "str", "default": None, "choices": tuple(Status.values)},
    **PAGE,
}
_DBN_PROPERTIES = {
    "symbol": {
        "type": "string",
        "description": "take this symbol only, where files hold several; of a table, whose bars "
        "they are",
    },
    "dataset": {
        "type": "string",
        "description": "take this dataset of a vendor only, like XNAS.ITCH; of DBN alone",
    },
}
_PROPERTIES = {**TABLE_PROPERTIES, **_DBN_PROPERTIES}
_BODY = describe_body(
    {
        "inbox": {
            "type": "array",
            "items": {"type": "string"},
            "description": "names of files or folders in the inbox folder of the server",
        },
        **_PROPERTIES,
        "sample_year": describe_field(INGEST_FIELDS["sample_year"])
        | {"description": "makes a made-up year instead of reading files"},
    },
    required=[],
    example={"inbox": ["aapl-trades.dbn.zst", "aapl-tbbo.dbn.zst"]},
)
_BODY["content"]["multipart/form-data"] = describe_files(
    _PROPERTIES, "DBN files (.dbn, .dbn.zst), or tables of one symbol (CSV, text, Excel, Parquet)"
)


class IngestStarted(Schema):
    """The job that was made."""

    ingest_id: str
    status: str


class IngestOut(Schema):
    """An ingest: what came in, where it stands, and what it became."""

    ingest_id: str
    status: str = Field(description=", ".join(Status.values))
    owner: str
    sources: list[str]
    options: dict[str, Any]
    datasets: list[dict[str, Any]] = Field(description="`dataset_id` and `revision`")
    left_out: list[dict[str, Any]] = Field(description="`file` and `reason`")
    created_at: str
    started_at: str | None
    ended_at: str | None
    duration_ms: int | None
    attempt: int
    progress: dict[str, Any] = Field(description="`file`, `day`, `records` and `share` (0 to 1)")
    error: dict[str, Any] | None


class IngestList(Schema):
    """A page of the list; ``total`` counts every ingest that matches."""

    items: list[IngestOut]
    total: int
    limit: int
    offset: int


@router.post(
    "/api/datasets",
    auth=INGEST,
    summary="Bring data in",
    response={202: IngestStarted, **refusals(413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
)
def bring_in(request: HttpRequest) -> HttpResponse:
    """Send the files themselves, or name files that are in the server's inbox folder.

    Of a table, what it does not say must be said: 422 names it in `details.questions`, each with
    the best guess.
    """
    owner = cast("User", request.user)
    if request.content_type == "multipart/form-data":
        upload = read_upload(request)
        if upload is None:
            raise InputError("There is no file in the body.", field="files")
        said = read_form(request)
        check_keys(said, allowed=_KEYS)
        options = _read_options(said, owner, list_sent(upload.id, upload.names))
        ingest = request_ingest_of_upload(owner=owner, upload=upload, options=options)
    else:
        said = read_object(request)
        check_keys(said, allowed=["inbox", *_KEYS, "sample_year"])
        names = _read_names(said, is_sample=said.get("sample_year") is not None)
        sources = find_in_inbox(names=names)
        said = {name: value for name, value in said.items() if name != "inbox"}
        options = _read_options(said, owner, sources)
        ingest = request_ingest(owner=owner, sources=sources, options=options)
    return JsonResponse(
        {"ingest_id": ingest.pk, "status": ingest.status},
        status=202,
        headers={"Location": f"/api/ingests/{ingest.pk}"},
    )


@router.api_operation(
    GET,
    "/api/ingests",
    auth=READ,
    summary="List ingests",
    response={200: IngestList, **refusals(422)},
    openapi_extra={"parameters": describe_query(_LIST_FIELDS)},
    url_name="ingests",
)
def show_ingests(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    asked = read_query(request, _LIST_FIELDS)
    found = Ingest.objects.visible_to(request.user)
    if asked["status"] is not None:
        found = found.filter(status=asked["status"])
    start, size = asked["offset"], asked["limit"]
    page = found.select_related("owner").prefetch_related("revisions")[start : start + size]
    items = [_describe(ingest) for ingest in page]
    body = {"items": items, "total": found.count(), "limit": size, "offset": start}
    return JsonResponse(body)


@router.api_operation(
    GET,
    "/api/ingests/{ingest_id}",
    auth=READ,
    summary="One ingest",
    response={200: IngestOut, **refusals(404)},
    url_name="ingest",
)
def show_ingest(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Where it stands, and what it became."""
    return JsonResponse(_describe(_find(request, ingest_id)))


@router.post(
    "/api/ingests/{ingest_id}/cancel",
    auth=INGEST,
    summary="Cancel an ingest",
    response={200: IngestOut, **refusals(404, 409, 429)},
    url_name="ingest-cancel",
)
def stop_ingest(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Stop it within two seconds; nothing but its log is kept."""
    ingest = _find(request, ingest_id)
    cancel_ingest(ingest=ingest)
    return JsonResponse(_describe(ingest))


def _read_options(
    said: Mapping[str, object], owner: User, sources: Sequence[Path]
) -> dict[str, object]:
    """Read what is said of files by their kind; tables are looked at."""
    tables = list_tables(sources) if sources else []
    if tables:
        options = read_table_options(owner=owner, given=said)
        check_tables(tables, options=options)
        return options
    check_keys(said, allowed=[*_OPTIONS, "sample_year"])
    return read_ingest_fields({_OPTIONS.get(name, name): value for name, value in said.items()})


def _read_names(body: Mapping[str, object], *, is_sample: bool) -> list[str]:
    names = body.get("inbox")
    if names is None and is_sample:
        return []
    is_list = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    if not names or not isinstance(names, list) or not is_list or is_sample:
        raise InputError(
            "inbox must be a list of names of files or folders in the inbox folder; or give "
            "sample_year alone.",
            field="inbox",
        )
    return names


def _find(request: HttpRequest, ingest_id: str) -> Ingest:
    visible = Ingest.objects.visible_to(request.user).select_related("owner")
    found = visible.prefetch_related("revisions").filter(pk=ingest_id).first()
    if found is None:
        raise HewstonError(
            f"There is no ingest {ingest_id[:40]}, or it is not yours to see.", code="NOT_FOUND"
        )
    return found


def _describe(ingest: Ingest) -> dict[str, object]:
    return {
        "ingest_id": ingest.pk,
        "status": ingest.status,
        "owner": ingest.owner.get_username(),
        "sources": ingest.names,
        "options": ingest.options,
        "datasets": [
            {"dataset_id": one.dataset_id, "revision": one.number} for one in ingest.revisions.all()
        ],
        "left_out": ingest.left_out,
        "created_at": ingest.created_at,
        "started_at": ingest.started_at,
        "ended_at": ingest.ended_at,
        "duration_ms": ingest.duration_ms,
        "attempt": ingest.attempt,
        "progress": ingest.progress,
        "error": ingest.error,
    }
