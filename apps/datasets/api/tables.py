"""Tables as JSON: what one would become, and the presets of how they are read."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Schema

from apps.datasets.actions import (
    delete_preset,
    find_in_inbox,
    list_tables,
    preview_table,
    read_table_options,
    save_preset,
)
from apps.datasets.api.bodies import (
    INBOX_NAME,
    TABLE_PROPERTIES,
    check_keys,
    describe_files,
    read_form,
)
from apps.datasets.api.router import GET, router
from apps.datasets.models import TablePreset, list_sent
from apps.permissions.models import User
from hewston.access import INGEST, READ
from hewston.body import read_object, read_query, read_text
from hewston.openapi import describe_body, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ingest.tables.options import OPTIONS
from hewston.uploads import read_upload

_SAID = [*OPTIONS, "preset"]
_BODY = describe_body(
    {"inbox": INBOX_NAME, **TABLE_PROPERTIES},
    required=["inbox"],
    example={"inbox": "spy-minutes.csv", "tz": "America/New_York", "stamp": "open"},
)
_BODY["content"]["multipart/form-data"] = describe_files(TABLE_PROPERTIES, "one table")


class TablePreview(Schema):
    """What a table would become. Nothing of it is stored."""

    file: str
    kind: str = Field(description="text, excel or parquet")
    layout: str | None = Field(description="whose export it is, where that is recognised")
    symbols: list[str]
    settings: list[dict[str, Any]] = Field(
        description="`key`, `label`, `value`, `confidence` (said, certain, likely, unknown), "
        "`reason`, `choices` and `is_open`: then it must be said"
    )
    questions: list[str] = Field(description="the keys that must be said")
    columns: list[dict[str, Any]] = Field(
        description="`number`, `name`, `role`, `confidence`, `reason`, `samples`"
    )
    raw: dict[str, Any] = Field(description="the first and the last rows as they stand in the file")
    bars: dict[str, Any] = Field(description="the first and the last bars")
    rows: dict[str, Any] = Field(
        description="how many were `read`, became `bars`, are `bad` or `not_data`; `is_whole` is "
        "false where a long file was read in part"
    )
    market: dict[str, Any] = Field(
        description="`asset_class`, `calendar`, `tz`, `instrument`, `sessions`"
    )
    findings: list[dict[str, Any]] = Field(
        description="what is odd: `key`, `label`, `severity`, `count`, `sentence`, and `rows`"
    )
    refusals: list[dict[str, Any]] = Field(description="what would refuse the import")
    is_ready: bool


class PresetOut(Schema):
    """What is said of every table of a kind."""

    preset_id: int
    name: str
    options: dict[str, Any]
    created_at: str


class PresetList(Schema):
    """Your presets by name."""

    items: list[PresetOut]
    total: int


@router.post(
    "/api/datasets/preview",
    auth=INGEST,
    summary="Preview a table",
    response={200: TablePreview, **refusals(413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
)
def preview(request: HttpRequest) -> HttpResponse:
    """Say how one table is read, what must be said of it, and what its bars would be."""
    owner = cast("User", request.user)
    if request.content_type == "multipart/form-data":
        upload = read_upload(request)
        if upload is None or len(upload.names) != 1:
            raise InputError("Send one file.", field="files")
        said, paths = read_form(request), list_sent(upload.id, upload.names)
        check_keys(said, allowed=_SAID)
    else:
        said = read_object(request)
        check_keys(said, allowed=["inbox", *_SAID])
        paths = find_in_inbox(names=[read_text(said, "inbox", longest=1000)])
        if not paths[0].is_file():
            raise InputError("inbox must be the name of one file in the inbox.", field="inbox")
        said = {name: value for name, value in said.items() if name != "inbox"}
    options = read_table_options(owner=owner, given=said)
    tables = list_tables(paths)
    if not tables:
        raise InputError(f"{paths[0].name} is in DBN, which needs no preview.", field="files")
    return JsonResponse(preview_table(tables[0], options=options))


@router.api_operation(
    GET,
    "/api/table-presets",
    auth=READ,
    summary="List your presets of tables",
    response={200: PresetList, **refusals(422)},
    url_name="table-presets",
)
def show_presets(request: HttpRequest) -> HttpResponse:
    """What is said of every table of a kind, under a name."""
    read_query(request, {})
    items = [_describe(preset) for preset in _list(request)]
    return JsonResponse({"items": items, "total": len(items)})


@router.post(
    "/api/table-presets",
    auth=INGEST,
    summary="Make a preset of tables",
    response={201: PresetOut, **refusals(409, 422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {"name": {"type": "string", "maxLength": 80}, **TABLE_PROPERTIES},
            required=["name"],
            example={"name": "broker", "tz": "Europe/Helsinki", "stamp": "open"},
        )
    },
)
def make_preset(request: HttpRequest) -> HttpResponse:
    """Keep what is said of tables; symbol, member and max_bad_rows are of one file and left out."""
    body = read_object(request)
    check_keys(body, allowed=["name", *_SAID])
    said = {name: value for name, value in body.items() if name != "name"}
    owner = cast("User", request.user)
    options = read_table_options(owner=owner, given=said)
    preset = save_preset(owner=owner, name=read_text(body, "name", longest=200), options=options)
    return JsonResponse(_describe(preset), status=201)


@router.delete(
    "/api/table-presets/{preset_id}",
    auth=INGEST,
    summary="Delete a preset of tables",
    response={204: None, **refusals(404, 429)},
    url_name="table-preset",
)
def drop_preset(request: HttpRequest, preset_id: int) -> HttpResponse:
    """What was brought in with it stays as it is."""
    found = TablePreset.objects.visible_to(request.user).filter(pk=preset_id).first()
    if found is None:
        raise HewstonError("There is no such preset, or it is not yours to see.", code="NOT_FOUND")
    delete_preset(preset=found)
    return HttpResponse(status=204)


def _list(request: HttpRequest) -> list[TablePreset]:
    owner = cast("User", request.user)
    return list(TablePreset.objects.visible_to(request.user).filter(owner=owner))


def _describe(preset: TablePreset) -> dict[str, object]:
    return {
        "preset_id": preset.pk,
        "name": preset.name,
        "options": preset.said,
        "created_at": preset.created_at,
    }
