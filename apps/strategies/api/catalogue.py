"""Strategies as JSON: the list, one of them, and what is done with it."""

from collections.abc import Mapping
from typing import Any, cast

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.datasets.actions import MOST_TAGS, TAG_LENGTH
from apps.permissions.models import User
from apps.strategies.actions import (
    DESCRIPTION_LENGTH,
    NAME_LENGTH,
    NOTE_LENGTH,
    SOURCE_BYTES,
    archive_strategy,
    create_strategy,
    delete_strategy,
    describe_strategy,
    list_built_ins,
    restore_strategy,
)
from apps.strategies.api.finding import find_strategy, with_all
from apps.strategies.api.router import GET, router
from apps.strategies.forms import narrow
from apps.strategies.models import Strategy
from hewston.access import READ, RUN
from hewston.body import PAGE, read_object, read_query, read_text, read_texts
from hewston.openapi import describe_body, describe_query, refusals
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, suggest

_COLUMNS = ("slug", "name", "version_count", "saved_at", "created_at")
LIST_FIELDS: dict[str, Rule] = {
    "q": {
        "type": "str",
        "default": None,
        "help": "a part of the slug, the name, the description, the owner's name or a tag",
    },
    "tag": {"type": "str", "default": None, "help": "with this tag"},
    "archived": {
        "type": "str",
        "default": None,
        "choices": ("only", "any"),
        "help": "those that are archived alone, or too",
    },
    **PAGE,
    "order": {
        "type": "str",
        "default": "-saved_at",
        "choices": tuple(sign + name for name in _COLUMNS for sign in ("", "-")),
    },
}
_TEXT = {"type": "string"}
SOURCE = _TEXT | {
    "maxLength": SOURCE_BYTES,
    "description": "Python, UTF-8; it is linted and run in the sandbox before it is kept",
}
NOTE = _TEXT | {"maxLength": NOTE_LENGTH, "description": "what is new in the version"}
_WORDS = {
    "name": _TEXT | {"maxLength": NAME_LENGTH},
    "description": _TEXT | {"maxLength": DESCRIPTION_LENGTH},
    "tags": {
        "type": "array",
        "items": {"type": "string", "maxLength": TAG_LENGTH},
        "maxItems": MOST_TAGS,
    },
}
_MADE_OF = ("slug", "source", "note", *_WORDS)
_CHANGES = (*_WORDS, "archived")
EXAMPLE = "def run_strategy(frame):\n    return frame[[]].assign(position=1.0)\n"


class StrategyOut(Schema):
    """A strategy: the name that versions have in common."""

    strategy: str = Field(description="OWNER/SLUG")
    slug: str
    owner: str
    name: str
    description: str
    language: str
    tags: list[str]
    created_at: str
    saved_at: str = Field(description="when its newest version was saved")
    archived: bool
    archived_at: str | None
    newest: int = Field(description="number of the newest version; the first is 1")
    versions: str = Field(description="address of the list of its versions")


class StrategyList(Schema):
    """A page of the list; ``total`` counts every strategy that matches."""

    items: list[StrategyOut]
    total: int
    limit: int
    offset: int


class BuiltInOut(Schema):
    """A strategy that comes with Hewston."""

    strategy_id: str
    docstring: str
    params: dict[str, Any]
    sha256: str
    source: str


class BuiltInList(Schema):
    """The built-in strategies by name."""

    items: list[BuiltInOut]
    total: int


@router.api_operation(
    GET,
    "/api/strategies",
    auth=READ,
    summary="List strategies",
    response={200: StrategyList, **refusals(422)},
    openapi_extra={"parameters": describe_query(LIST_FIELDS)},
    url_name="strategies",
)
def show_strategies(request: HttpRequest) -> HttpResponse:
    """Those that you may see; the built-in ones are at /api/built-in-strategies."""
    asked = {k: v for k, v in read_query(request, LIST_FIELDS).items() if v is not None}
    found = narrow(with_all(Strategy.objects.visible_to(request.user)), asked)
    column = F(asked["order"].removeprefix("-"))
    sort = column.desc() if asked["order"].startswith("-") else column.asc()
    start, size = asked["offset"], asked["limit"]
    items = [describe(one) for one in found.order_by(sort, "slug", "pk")[start : start + size]]
    body = {"items": items, "total": found.count(), "limit": size, "offset": start}
    return JsonResponse(body)


@router.post(
    "/api/strategies",
    auth=RUN,
    summary="Begin a strategy",
    response={201: StrategyOut, **refusals(409, 413, 422, 429, 503)},
    openapi_extra={
        "requestBody": describe_body(
            {
                "slug": _TEXT | {"pattern": "^[a-z0-9][a-z0-9-]{1,62}$"},
                "source": SOURCE,
                "note": NOTE,
                **_WORDS,
            },
            required=["slug", "source"],
            example={"slug": "always-long", "source": EXAMPLE, "tags": ["first"]},
        )
    },
)
def add_strategy(request: HttpRequest) -> HttpResponse:
    """Keep a source as version 1 of a new strategy; a slug is used once, so a retry is safe."""
    body = read_object(request)
    check_keys(body, allowed=_MADE_OF, what="a key of a strategy")
    for name in ("slug", "source"):
        if not body.get(name):
            raise InputError(f"{name} is missing.", field=name)
    made = create_strategy(
        owner=cast("User", request.user),
        slug=read_text(body, "slug", longest=200),
        source=read_text(body, "source", longest=1 << 20),
        name=read_text(body, "name", longest=NAME_LENGTH),
        description=read_text(body, "description", longest=DESCRIPTION_LENGTH),
        tags=read_texts(body, "tags") or (),
        note=read_text(body, "note", longest=NOTE_LENGTH),
    )
    found = find_strategy(request, made.owner.get_username(), made.slug)
    return JsonResponse(describe(found), status=201)


@router.api_operation(
    GET,
    "/api/built-in-strategies",
    auth=READ,
    summary="List the built-in strategies",
    response={200: BuiltInList, **refusals()},
)
def show_built_ins(request: HttpRequest) -> HttpResponse:
    """What comes with Hewston: parameters and source of each."""
    read_query(request, {})
    items = [
        {
            "strategy_id": one.name,
            "docstring": one.docstring,
            "params": one.params,
            "sha256": one.sha256,
            "source": one.source,
        }
        for one in list_built_ins()
    ]
    return JsonResponse({"items": items, "total": len(items)})


@router.api_operation(
    GET,
    "/api/strategies/{owner}/{slug}",
    auth=READ,
    summary="One strategy",
    response={200: StrategyOut, **refusals(404)},
    url_name="strategy",
)
def show_strategy(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """What it is called, and the address of its versions."""
    read_query(request, {})
    return JsonResponse(describe(find_strategy(request, owner, slug)))


@router.patch(
    "/api/strategies/{owner}/{slug}",
    auth=RUN,
    summary="Rename, describe, tag or archive a strategy",
    response={200: StrategyOut, **refusals(404, 422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {**_WORDS, "archived": {"type": "boolean"}},
            required=[],
            example={"name": "Always long", "archived": False},
        )
    },
)
@transaction.atomic
def change_strategy(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Change what it is called, or whether lists leave it out; its slug and versions stay."""
    strategy = find_strategy(request, owner, slug)
    body = read_object(request)
    check_keys(body, allowed=_CHANGES, what="a key that can be changed")
    words = {
        word: read_text(body, word, longest=DESCRIPTION_LENGTH + 1)
        for word in ("name", "description")
        if body.get(word) is not None
    }
    describe_strategy(strategy=strategy, tags=read_texts(body, "tags"), **words)
    if (archived := body.get("archived")) is not None:
        if not isinstance(archived, bool):
            message = "archived must be true or false."
            raise InputError(message, field="archived", allowed="true or false")
        (archive_strategy if archived else restore_strategy)(strategy=strategy)
    return JsonResponse(describe(find_strategy(request, owner, slug)))


@router.delete(
    "/api/strategies/{owner}/{slug}",
    auth=RUN,
    summary="Delete a strategy",
    response={204: None, **refusals(404, 409, 429)},
)
def remove_strategy(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Remove a strategy with every version of it."""
    delete_strategy(strategy=find_strategy(request, owner, slug))
    return HttpResponse(status=204)


def check_keys(body: Mapping[str, object], *, allowed: tuple[str, ...], what: str) -> None:
    """Raise InputError for a key that is not known."""
    for name in body:
        if name not in allowed:
            message = f"{name[:80]} is not {what}. {suggest(name[:80], sorted(allowed))}"
            raise InputError(message, field=name[:80], allowed=sorted(allowed))


def describe(strategy: Any) -> dict[str, object]:  # noqa: ANN401 (with figures)
    """Give the JSON of a strategy that ``with_all`` fetched."""
    owner = strategy.owner.get_username()
    return {
        "strategy": strategy.path,
        "slug": strategy.slug,
        "owner": owner,
        "name": strategy.name,
        "description": strategy.description,
        "language": strategy.language,
        "tags": strategy.tag_names,
        "created_at": strategy.created_at,
        "saved_at": strategy.saved_at,
        "archived": strategy.is_archived,
        "archived_at": strategy.archived_at,
        "newest": strategy.newest,
        "versions": reverse("api:strategy-versions", args=[owner, strategy.slug]),
    }
