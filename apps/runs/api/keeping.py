"""Several runs at once, and the views that a person keeps, through the API."""

from typing import cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Schema

from apps.datasets.actions import MOST_TAGS, TAG_LENGTH
from apps.permissions.models import User
from apps.runs.actions import (
    CHANGES,
    MOST_AT_ONCE,
    QUERY_LENGTH,
    VIEW_NAME_LENGTH,
    change_runs,
    delete_view,
    save_view,
)
from apps.runs.api.router import GET, router
from apps.runs.models import Run, SavedView
from hewston.access import READ, RUN
from hewston.body import read_object, read_query, read_text, read_texts
from hewston.openapi import describe_body, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest

TAGS = {
    "type": "array",
    "items": {"type": "string", "maxLength": TAG_LENGTH},
    "maxItems": MOST_TAGS,
}


class Refused(Schema):
    """A run that stayed as it was, and why."""

    run_id: str
    code: str = Field(examples=["CONFLICT"])
    message: str


class Changed(Schema):
    """The ids of the runs that were changed, and those that refused."""

    changed: list[str]
    refused: list[Refused]


class ViewOut(Schema):
    """A list of runs under a name."""

    view_id: int
    name: str
    query: str = Field(examples=["sharpe_min=1&order=-net_profit"])


class ViewList(Schema):
    """All of a person's views, by name."""

    items: list[ViewOut]
    total: int


@router.post(
    "/backtests/change",
    auth=RUN,
    summary="Change several runs",
    response={200: Changed, **refusals(422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {
                "ids": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "maxItems": MOST_AT_ONCE,
                },
                "action": {"type": "string", "enum": list(CHANGES)},
                "tags": TAGS | {"description": "to put on (tag) or to take off (untag)"},
            },
            required=["ids", "action"],
            example={"ids": ["0123456789ab"], "action": "tag", "tags": ["checked"]},
        )
    },
    url_name="runs-change",
)
def change_several(request: HttpRequest) -> HttpResponse:
    """Tag, archive, restore or delete; one that refuses says why, and the others go on."""
    body = read_object(request)
    known = ["ids", "action", "tags"]
    for word in body:
        if word not in known:
            raise InputError(
                f"{word} is not a key of a change. {suggest(word, known)}",
                field=word,
                allowed=known,
            )
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise InputError("ids must be a list of texts.", field="ids", allowed="a list of texts")
    if not 1 <= len(ids) <= MOST_AT_ONCE:
        allowed = f"1 to {MOST_AT_ONCE} runs"
        raise InputError(f"Name {allowed} at once.", field="ids", allowed=allowed)
    action = read_text(body, "action", longest=40)
    chosen = Run.objects.visible_to(request.user).filter(pk__in=ids)
    changed, refused = change_runs(
        runs=chosen, action=action, tags=",".join(read_texts(body, "tags") or [])
    )
    missing = sorted(set(ids) - {*changed, *(run_id for run_id, _ in refused)})
    refused += [
        (
            run_id,
            HewstonError(
                f"There is no run {run_id[:40]}, or it is not yours to see.", code="RUN_NOT_FOUND"
            ),
        )
        for run_id in missing
    ]
    told = [
        {"run_id": run_id, "code": refusal.code, "message": refusal.message}
        for run_id, refusal in refused
    ]
    return JsonResponse({"changed": changed, "refused": told})


@router.api_operation(
    GET,
    "/api/run-views",
    auth=READ,
    summary="List your views of runs",
    response={200: ViewList, **refusals(422)},
    url_name="run-views",
)
def show_views(request: HttpRequest) -> HttpResponse:
    """Filters, order and columns of the page of runs, as its query, under a name."""
    read_query(request, {})
    mine = SavedView.objects.visible_to(request.user).filter(owner=cast("User", request.user))
    items = [_describe(view) for view in mine]
    return JsonResponse({"items": items, "total": len(items)})


@router.post(
    "/api/run-views",
    auth=RUN,
    summary="Keep a view of runs",
    response={200: ViewOut, 201: ViewOut, **refusals(422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {
                "name": {"type": "string", "maxLength": VIEW_NAME_LENGTH},
                "query": {"type": "string", "maxLength": QUERY_LENGTH},
            },
            required=["name"],
            example={"name": "Good ones", "query": "sharpe_min=1&order=-net_profit"},
        )
    },
)
def keep_view(request: HttpRequest) -> HttpResponse:
    """201 for a new name; 200 for one that is there, whose query is replaced."""
    body = read_object(request)
    for word in body:
        if word not in {"name", "query"}:
            message = f"{word} is not a key of a view. {suggest(word, ['name', 'query'])}"
            raise InputError(message, field=word, allowed=["name", "query"])
    view, is_new = save_view(
        owner=cast("User", request.user),
        name=read_text(body, "name", longest=2 * VIEW_NAME_LENGTH),
        query=read_text(body, "query", longest=2 * QUERY_LENGTH),
    )
    return JsonResponse(_describe(view), status=201 if is_new else 200)


@router.delete(
    "/api/run-views/{view_id}",
    auth=RUN,
    summary="Delete a view of runs",
    response={204: None, **refusals(404, 429)},
    url_name="run-view",
)
def drop_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """The runs that it lists stay as they are."""
    found = SavedView.objects.visible_to(request.user).filter(pk=view_id).first()
    if found is None:
        raise HewstonError("There is no such view, or it is not yours to see.", code="NOT_FOUND")
    delete_view(view=found)
    return HttpResponse(status=204)


def _describe(view: SavedView) -> dict[str, object]:
    return {"view_id": view.pk, "name": view.name, "query": view.query}
