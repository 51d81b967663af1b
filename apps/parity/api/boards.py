"""Boards as JSON: ask for one with a zip, follow the job, read its pairs."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.datasets.actions import find_dataset
from apps.parity import actions
from apps.parity.actions import BOARD_FIELDS, find_board
from apps.parity.api.router import GET, router
from apps.parity.models import Board
from apps.permissions.models import User
from hewston.access import READ, RUN
from hewston.body import PAGE, read_query, read_text
from hewston.http import send_csv
from hewston.openapi import describe_field, describe_query, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, suggest
from hewston.taskqueue import Status
from hewston.uploads import read_upload

_TEXTS = ("dataset_id", "zone", "date_order", "spread_fallback")
_LONGEST = 200
_FORMAT: dict[str, Rule] = {
    "format": {"type": "str", "default": "json", "choices": ("json", "csv")}
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
                        "description": "a zip of pairs: NAME.py and NAME.csv or NAME.xlsx",
                    },
                    "dataset_id": {"type": "string", "description": "its newest revision"},
                    "zone": {
                        "type": "string",
                        "description": "of the lists' times; else that under which fills lie "
                        "inside their bars",
                    },
                    "date_order": {
                        "type": "string",
                        "description": "dmy or mdy: of lists with dates like 03/04/2025, where "
                        "neither they nor the bars tell",
                    },
                    "spread_fallback": {"type": "string", "description": "ticks=N or bps=N"},
                    **{name: describe_field(rule) for name, rule in BOARD_FIELDS.items()},
                },
                "required": ["file", "dataset_id"],
            }
        }
    },
}


class BoardOut(Schema):
    """A board: on what data, where it stands, and its totals."""

    board_id: str
    dataset_id: str
    revision: int
    name: str
    owner: str
    zone: str | None
    date_order: str | None
    status: str = Field(description=", ".join(Status.values))
    progress: dict[str, Any]
    error: dict[str, Any] | None
    totals: dict[str, Any] | None = Field(
        description="`pairs`, `trades`, `matched`, `extra`, `aligned`, `not_comparable` and `pct`, "
        "0 to 100; null until done"
    )
    created_at: str
    started_at: str | None
    ended_at: str | None
    address: str


class BoardWhole(BoardOut):
    """A board with its pairs; see docs/parity-board.md."""

    spec: dict[str, Any] = Field(description="of the run of each pair")
    ignored: list[str] = Field(description="files that are part of no pair")
    pairs: list[dict[str, Any]] | None = Field(description="null until done")
    earlier: str | None = Field(description="the board of the same dataset before this one")
    changes: list[dict[str, Any]] = Field(description="what got better or worse since that one")


class BoardList(Schema):
    """A page of boards, the newest first."""

    items: list[BoardOut]
    total: int
    limit: int
    offset: int


@router.post(
    "/api/parity/boards",
    auth=RUN,
    summary="Play many strategies beside their lists of trades",
    response={202: BoardOut, **refusals(404, 413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
)
def start_board(request: HttpRequest) -> HttpResponse:
    """Send a zip of pairs; each is run on the dataset and set beside its list."""
    if request.content_type != "multipart/form-data":
        raise InputError("Send a zip as multipart/form-data, in the field file.", field="file")
    upload = read_upload(request)
    said = _read_form(request)
    if upload is None or len(upload.names) != 1:
        raise InputError("Send one zip, in the field file.", field="file")
    user, name = cast("User", request.user), upload.names[0]
    texts = {key: read_text(said, key, longest=_LONGEST) for key in _TEXTS}
    options = {key: value for key, value in said.items() if key in BOARD_FIELDS and value}
    dataset = find_dataset(user=user, dataset_id=texts["dataset_id"])
    made = actions.request_board(
        owner=user,
        revision=dataset.latest,
        source=upload.folder / name,
        name=name,
        options={**options, "spread_fallback": texts["spread_fallback"] or None},
        zone=texts["zone"],
        date_order=texts["date_order"],
    )
    answer = _describe(made)
    return JsonResponse(answer, status=202, headers={"Location": str(answer["address"])})


@router.api_operation(
    GET,
    "/api/parity/boards",
    auth=READ,
    summary="List boards",
    response={200: BoardList, **refusals(422)},
    openapi_extra={"parameters": describe_query(PAGE)},
)
def show_boards(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    asked = read_query(request, PAGE)
    mine = Board.objects.visible_to(request.user)
    start, size = asked["offset"], asked["limit"]
    found = mine.defer("rows", "spec", "ignored").select_related("revision", "owner")
    items = [_describe(one) for one in found[start : start + size]]
    return JsonResponse({"items": items, "total": mine.count(), "limit": size, "offset": start})


@router.api_operation(
    GET,
    "/api/parity/boards/{board_id}",
    auth=READ,
    summary="One board",
    response={200: BoardWhole, **refusals(404)},
    url_name="board",
)
def show_board(request: HttpRequest, board_id: str) -> HttpResponse:
    """Where it stands, its pairs, and what differs from the board before."""
    user = cast("User", request.user)
    found = find_board(user=user, board_id=board_id)
    is_done = found.status == Status.DONE
    earlier, changes = (
        actions.compare_with_earlier(board=found, user=user) if is_done else (None, [])
    )
    return JsonResponse(
        {
            **_describe(found),
            "spec": found.spec,
            "ignored": found.ignored,
            "pairs": found.rows if is_done else None,
            "earlier": None if earlier is None else earlier.pk,
            "changes": [change.as_json() for change in changes],
        }
    )


@router.api_operation(
    GET,
    "/api/parity/boards/{board_id}/pairs",
    auth=READ,
    summary="A board's pairs",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_FORMAT)},
)
def show_pairs(request: HttpRequest, board_id: str) -> HttpResponse:
    """As `manage.py parity batch --json` gives them, or as CSV."""
    asked = read_query(request, _FORMAT)
    found = find_board(user=cast("User", request.user), board_id=board_id)
    if found.status != Status.DONE:
        raise HewstonError(
            f"Board {found.pk} is {found.get_status_display()}: it has no pairs.", code="CONFLICT"
        )
    if asked["format"] == "csv":
        return send_csv(f"board-{found.pk}.csv", *actions.tabulate_board(found))
    return JsonResponse(actions.describe_board(found))


@router.post(
    "/api/parity/boards/{board_id}/again",
    auth=RUN,
    summary="Play a board's pairs again",
    response={202: BoardOut, **refusals(404, 409, 429)},
)
def play_again(request: HttpRequest, board_id: str) -> HttpResponse:
    """Play the same pairs on the newest revision, as the pipeline is now."""
    found = find_board(user=cast("User", request.user), board_id=board_id)
    answer = _describe(actions.board_again(board=found))
    return JsonResponse(answer, status=202, headers={"Location": str(answer["address"])})


@router.post(
    "/api/parity/boards/{board_id}/cancel",
    auth=RUN,
    summary="Cancel a board",
    response={200: BoardOut, **refusals(404, 409, 429)},
)
def stop_board(request: HttpRequest, board_id: str) -> HttpResponse:
    """Stop it within two seconds; its files and its log are kept."""
    found = find_board(user=cast("User", request.user), board_id=board_id)
    actions.cancel_board(board=found)
    return JsonResponse(_describe(found))


@router.delete(
    "/api/parity/boards/{board_id}",
    auth=RUN,
    summary="Delete a board",
    response={204: None, **refusals(404, 409, 429)},
)
def remove_board(request: HttpRequest, board_id: str) -> HttpResponse:
    """Remove a board that is over, with its files and its log."""
    actions.delete_board(board=find_board(user=cast("User", request.user), board_id=board_id))
    return HttpResponse(status=204)


def _read_form(request: HttpRequest) -> dict[str, object]:
    """Read the fields beside the file; raises InputError for one twice, or unknown."""
    known = [*_TEXTS, *BOARD_FIELDS]
    for name, values in request.POST.lists():
        if name not in known:
            message = f"{name[:80]} is not a field of a board. {suggest(name, known)}"
            raise InputError(message, field=name[:80], allowed=known)
        if len(values) > 1:
            raise InputError(f"{name} is given {len(values)} times. Give it once.", field=name)
    return dict(request.POST.items())


def _describe(board: Board) -> dict[str, object]:
    return {
        "board_id": board.pk,
        "dataset_id": board.revision.dataset_id,
        "revision": board.revision.number,
        "name": board.name,
        "owner": board.owner.get_username(),
        "zone": board.zone or None,
        "date_order": board.date_order or None,
        "status": board.status,
        "progress": board.progress,
        "error": board.error,
        "totals": board.figures() if board.status == Status.DONE else None,
        "created_at": board.created_at,
        "started_at": board.started_at,
        "ended_at": board.ended_at,
        "address": reverse("api:board", args=[board.pk]),
    }
