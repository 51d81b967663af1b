"""Bridge artifacts as JSON: upload, preview, list, read and delete."""

from collections.abc import Mapping
from typing import Any, cast

from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.parity import actions
from apps.parity.api.router import GET, router
from apps.parity.forms import ORDERS, narrow
from apps.parity.models import KINDS, BridgeArtifact
from apps.permissions.models import User
from hewston.access import READ, RUN
from hewston.body import PAGE, read_query, read_text
from hewston.frames import send_scan
from hewston.http import reading, send_named
from hewston.openapi import describe_query, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, suggest
from hewston.uploads import Upload, read_upload

_SAID = ("name", "symbol", "zone", "date_order", "dataset_id")
_LONGEST = 200
_LIST: dict[str, Rule] = {
    "q": {"type": "str", "default": None, "help": "in id, name, symbol or the file's name"},
    "kind": {"type": "str", "default": None, "choices": tuple(name for name, _ in KINDS)},
    "symbol": {"type": "str", "default": None, "help": "exactly"},
    "order": {
        "type": "str",
        "default": "-created",
        "choices": tuple(sign + name for name in ORDERS for sign in ("", "-")),
    },
    **PAGE,
}
_ROWS: dict[str, Rule] = {
    "format": {"type": "str", "default": "json", "choices": ("json", "csv", "parquet")},
    "limit": {"type": "int", "default": 10_000, "min": 1, "max": 10**7},
    "offset": PAGE["offset"],
}
_WORDS = {
    "name": "else as the file says",
    "symbol": "else as the file says",
    "zone": "of its times, where the file does not say it: an IANA name or +08:00",
    "date_order": "dmy or mdy, also day_first or month_first: of dates like 03/04/2025 that do not "
    "tell",
    "dataset_id": "to find the zone and the order with: fills lie inside their bars",
}
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "a list of trades (CSV, XLSX), chart data (CSV), or JSON",
                    },
                    **{
                        name: {"type": "string", "maxLength": _LONGEST, "description": words}
                        for name, words in _WORDS.items()
                    },
                },
                "required": ["file"],
            }
        }
    },
}


class ArtifactOut(Schema):
    """A bridge artifact: what an export said."""

    artifact_id: str
    name: str
    filename: str
    kind: str = Field(description="chart_data, trade_list or json")
    symbol: str | None
    interval: str | None
    zone: str | None = Field(description="of its times; null where the file has instants")
    date_order: str | None = Field(description="dmy or mdy; null where that is no question")
    candles: int
    series: int = Field(description="how many")
    trades: int
    open_trades: int
    first_at: str | None
    last_at: str | None
    upload_sha256: str
    size_bytes: int
    owner: str
    created_at: str
    address: str


class ArtifactWhole(ArtifactOut):
    """A bridge artifact with all that was read of it beside its rows."""

    facts: dict[str, Any] = Field(
        description="`layout`, `currency`, `series` with decimals and nulls, `properties`, "
        "`warnings`, `notes`, `hashes`"
    )


class ArtifactList(Schema):
    """A page of bridge artifacts."""

    items: list[ArtifactOut]
    total: int
    limit: int
    offset: int


@router.post(
    "/api/parity/artifacts",
    auth=RUN,
    summary="Upload a bridge artifact",
    response={200: ArtifactOut, 201: ArtifactOut, **refusals(404, 413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
)
def add_artifact(request: HttpRequest) -> HttpResponse:
    """Keep an export: 201, or 200 where the same content is kept already."""
    upload, said = _read_form(request)
    kept, is_new = actions.keep_file(
        owner=cast("User", request.user),
        path=upload.folder / upload.names[0],
        filename=upload.names[0],
        **said,
    )
    answer = _describe(kept)
    headers = {"Location": str(answer["address"])}
    return JsonResponse(answer, status=201 if is_new else 200, headers=headers)


@router.post(
    "/api/parity/artifacts/preview",
    auth=RUN,
    summary="See what an export would become",
    response={200: dict, **refusals(404, 413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
)
def preview_artifact(request: HttpRequest) -> HttpResponse:
    """Read an export and keep nothing; `offers` has the zones, where a dataset is named."""
    upload, said = _read_form(request)
    shown = actions.preview_file(
        user=cast("User", request.user),
        path=upload.folder / upload.names[0],
        filename=upload.names[0],
        zone=said["zone"],
        date_order=said["date_order"],
        dataset_id=said["dataset_id"],
    )
    return JsonResponse(shown)


@router.api_operation(
    GET,
    "/api/parity/artifacts",
    auth=READ,
    summary="List bridge artifacts",
    response={200: ArtifactList, **refusals(422)},
    openapi_extra={"parameters": describe_query(_LIST)},
)
def show_artifacts(request: HttpRequest) -> HttpResponse:
    """Those that you may see."""
    asked = {k: v for k, v in read_query(request, _LIST).items() if v is not None}
    found = narrow(BridgeArtifact.objects.visible_to(request.user), asked).select_related("owner")
    column = F(ORDERS[asked["order"].removeprefix("-")])
    falls = asked["order"].startswith("-")
    sort = column.desc(nulls_last=True) if falls else column.asc(nulls_last=True)
    start, size = asked["offset"], asked["limit"]
    items = [_describe(one) for one in found.order_by(sort, "pk")[start : start + size]]
    return JsonResponse({"items": items, "total": found.count(), "limit": size, "offset": start})


@router.api_operation(
    GET,
    "/api/parity/artifacts/{artifact_id}",
    auth=READ,
    summary="One bridge artifact",
    response={200: ArtifactWhole, **refusals(404, 409)},
    url_name="artifact",
)
def show_artifact(request: HttpRequest, artifact_id: str) -> HttpResponse:
    """Its row, and all that was read of it."""
    found = _find(request, artifact_id)
    with reading("bridge artifact", found.pk):
        return JsonResponse({**_describe(found), "facts": found.read_facts()})


@router.api_operation(
    GET,
    "/api/parity/artifacts/{artifact_id}/file",
    auth=READ,
    summary="A bridge artifact's upload",
    response={200: Any, **refusals(404, 409)},
)
def show_artifact_file(request: HttpRequest, artifact_id: str) -> HttpResponseBase:
    """Byte for byte as it came."""
    found = _find(request, artifact_id)
    with reading("bridge artifact", found.pk, found.file):
        return send_named(found.file, found.filename)


@router.api_operation(
    GET,
    "/api/parity/artifacts/{artifact_id}/candles",
    auth=READ,
    summary="A bridge artifact's candles",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_ROWS)},
)
def show_artifact_candles(request: HttpRequest, artifact_id: str) -> HttpResponseBase:
    """As JSON, CSV or Parquet; times in UTC."""
    return _send(request, artifact_id, "candles")


@router.api_operation(
    GET,
    "/api/parity/artifacts/{artifact_id}/series",
    auth=READ,
    summary="A bridge artifact's series",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_ROWS)},
)
def show_artifact_series(request: HttpRequest, artifact_id: str) -> HttpResponseBase:
    """A row a bar and a column a series; times in UTC."""
    return _send(request, artifact_id, "series")


@router.api_operation(
    GET,
    "/api/parity/artifacts/{artifact_id}/trades",
    auth=READ,
    summary="A bridge artifact's trades",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_ROWS)},
)
def show_artifact_trades(request: HttpRequest, artifact_id: str) -> HttpResponseBase:
    """A row a trade; times in UTC."""
    return _send(request, artifact_id, "trades")


@router.delete(
    "/api/parity/artifacts/{artifact_id}",
    auth=RUN,
    summary="Delete a bridge artifact",
    response={204: None, **refusals(404, 409, 429)},
)
def remove_artifact(request: HttpRequest, artifact_id: str) -> HttpResponse:
    """Remove it with its files; 409 while a comparison uses it."""
    actions.delete_artifact(artifact=_find(request, artifact_id))
    return HttpResponse(status=204)


def _send(request: HttpRequest, artifact_id: str, name: str) -> HttpResponseBase:
    asked = read_query(request, _ROWS)
    found = _find(request, artifact_id)
    if not getattr(found, name):
        raise HewstonError(
            f"Bridge artifact {found.pk} has no {name}: it is {found.get_kind_display()}.",
            code="CONFLICT",
        )
    path = found.folder / f"{name}.parquet"
    with reading("bridge artifact", found.pk, path):
        return send_scan(
            request,
            path,
            kind=asked["format"],
            etag=f"{found.pk}{name}-{asked['offset']}-{asked['limit']}",
            name=f"{found.pk}-{name}",
            start=asked["offset"],
            count=asked["limit"],
        )


def _find(request: HttpRequest, artifact_id: str) -> BridgeArtifact:
    return actions.find_artifact(user=cast("User", request.user), artifact_id=artifact_id)


def _read_form(request: HttpRequest) -> tuple[Upload, dict[str, str]]:
    """Read the one file and the fields beside it; raises InputError for others."""
    if request.content_type != "multipart/form-data":
        raise InputError("Send a file as multipart/form-data, in the field file.", field="file")
    upload = read_upload(request)
    given: Mapping[str, object] = dict(request.POST.items())
    for name in given:
        if name not in _SAID:
            message = f"{name[:80]} is not a field of an artifact. {suggest(name, list(_SAID))}"
            raise InputError(message, field=name[:80], allowed=list(_SAID))
    if upload is None or len(upload.names) != 1:
        raise InputError("Send one file, in the field file.", field="file")
    return upload, {name: read_text(given, name, longest=_LONGEST) for name in _SAID}


def _describe(artifact: BridgeArtifact) -> dict[str, Any]:
    address = reverse("api:artifact", args=[artifact.pk])
    return {**actions.describe_artifact(artifact), "address": address}
