"""Versions as JSON, their sources, and how they differ."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.permissions.models import User
from apps.strategies.actions import (
    NOTE_LENGTH,
    compare_versions,
    duplicate_version,
    save_version,
)
from apps.strategies.api.catalogue import (
    EXAMPLE,
    NOTE,
    SOURCE,
    StrategyOut,
    check_keys,
    describe,
)
from apps.strategies.api.finding import find_strategy, find_version
from apps.strategies.api.router import GET, router
from apps.strategies.models import StrategyVersion
from hewston.access import READ, RUN
from hewston.body import PAGE, read_object, read_query, read_text
from hewston.openapi import describe_body, describe_query, refusals
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, read_fields
from hewston.pipeline.strategies.differences import write_unified

_NUMBER: dict[str, Any] = {"type": "int", "default": None, "min": 1, "max": 10**9}
_DIFF_FIELDS: dict[str, Rule] = {
    "before": _NUMBER | {"help": "a version; else the one before the other"},
    "after": _NUMBER | {"help": "a version; else the newest"},
}


class VersionOut(Schema):
    """A source as it was saved, and what the sandbox found in it. It never changes."""

    strategy: str = Field(description="OWNER/SLUG")
    strategy_id: str = Field(description="what runs call it: SLUG@NUMBER")
    number: int
    sha256: str = Field(description="of the source in UTF-8")
    lines: int
    params: dict[str, Any] = Field(description="the rules of its parameters by name")
    options: dict[str, Any]
    docstring: str
    note: str
    author: str
    parent: str | None = Field(description="what it was made from: OWNER/SLUG@NUMBER")
    created_at: str
    source: str = Field(description="address of the source")


class VersionList(Schema):
    """A page of a strategy's versions, the newest first."""

    items: list[VersionOut]
    total: int
    limit: int
    offset: int


class DiffOut(Schema):
    """How two versions differ, as the lines of a unified diff; none where they are the same."""

    before: int
    after: int
    lines: list[str]


@router.api_operation(
    GET,
    "/api/strategies/{owner}/{slug}/versions",
    auth=READ,
    summary="List the versions of a strategy",
    response={200: VersionList, **refusals(404, 422)},
    openapi_extra={"parameters": describe_query(PAGE)},
    url_name="strategy-versions",
)
def show_versions(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """The newest first."""
    strategy = find_strategy(request, owner, slug)
    asked = read_query(request, PAGE)
    start, size = asked["offset"], asked["limit"]
    versions = strategy.versions.select_related("author", "parent__strategy__owner")
    items = [_describe(strategy, one) for one in versions[start : start + size]]
    total = strategy.version_count
    return JsonResponse({"items": items, "total": total, "limit": size, "offset": start})


@router.post(
    "/api/strategies/{owner}/{slug}/versions",
    auth=RUN,
    summary="Save a version",
    response={
        200: VersionOut,
        201: VersionOut,
        **refusals(404, 413, 422, 429, 503),
    },
    openapi_extra={
        "requestBody": describe_body(
            {
                "source": SOURCE,
                "note": NOTE,
                "parent": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "the version that it was made from; else the newest",
                },
            },
            required=["source"],
            example={"source": EXAMPLE, "note": "Simpler."},
        )
    },
)
def add_version(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Keep a source as the next version: 201. That of the newest is that version: 200."""
    strategy = find_strategy(request, owner, slug)
    body = read_object(request)
    check_keys(body, allowed=("source", "note", "parent"), what="a key of a version")
    said = {name: body[name] for name in ("parent",) if body.get(name) is not None}
    number = read_fields({"parent": _NUMBER}, said, of="key of a version")["parent"]
    version, is_new = save_version(
        strategy=strategy,
        author=cast("User", request.user),
        source=read_text(body, "source", longest=1 << 20),
        note=read_text(body, "note", longest=NOTE_LENGTH),
        parent=None if number is None else find_version(strategy, number),
    )
    return JsonResponse(_describe(strategy, version), status=201 if is_new else 200)


@router.api_operation(
    GET,
    "/api/strategies/{owner}/{slug}/versions/{number}",
    auth=READ,
    summary="One version",
    response={200: VersionOut, **refusals(404)},
)
def show_version(request: HttpRequest, owner: str, slug: str, number: int) -> HttpResponse:
    """What was found in it when it was saved, and the address of its source."""
    read_query(request, {})
    strategy = find_strategy(request, owner, slug)
    return JsonResponse(_describe(strategy, find_version(strategy, number)))


@router.api_operation(
    GET,
    "/api/strategies/{owner}/{slug}/versions/{number}/source",
    auth=READ,
    summary="The source of a version",
    response={200: None, **refusals(404)},
    url_name="strategy-source",
)
def show_source(request: HttpRequest, owner: str, slug: str, number: int) -> HttpResponse:
    """The source as it was saved, as `text/x-python`."""
    read_query(request, {})
    version = find_version(find_strategy(request, owner, slug), number)
    headers = {"ETag": f'"{version.sha256}"'}
    return HttpResponse(
        version.source, content_type="text/x-python; charset=utf-8", headers=headers
    )


@router.api_operation(
    GET,
    "/api/strategies/{owner}/{slug}/diff",
    auth=READ,
    summary="How two versions differ",
    response={200: DiffOut, **refusals(404, 422, 503)},
    openapi_extra={"parameters": describe_query(_DIFF_FIELDS)},
)
def show_diff(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """A unified diff with three lines around each difference."""
    strategy = find_strategy(request, owner, slug)
    asked = read_query(request, _DIFF_FIELDS)
    after = find_version(strategy, asked["after"] or strategy.newest)
    before = find_version(strategy, asked["before"] or max(after.number - 1, 1))
    lines = write_unified(
        compare_versions(before=before, after=after),
        before=f"{strategy.slug}@{before.number}",
        after=f"{strategy.slug}@{after.number}",
    )
    return JsonResponse({"before": before.number, "after": after.number, "lines": lines})


@router.post(
    "/api/strategies/{owner}/{slug}/duplicate",
    auth=RUN,
    summary="Duplicate a version",
    response={201: StrategyOut, **refusals(404, 409, 422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {
                "slug": {"type": "string", "description": "that of the strategy that begins so"},
                "version": {"type": "integer", "minimum": 1, "description": "else the newest"},
            },
            required=["slug"],
            example={"slug": "always-long-2"},
        )
    },
)
def copy_version(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Begin a strategy of your own with a version of this one."""
    strategy = find_strategy(request, owner, slug)
    body = read_object(request)
    check_keys(body, allowed=("slug", "version"), what="a key of a copy")
    if not body.get("slug"):
        raise InputError("slug is missing.", field="slug")
    said = {name: body[name] for name in ("version",) if body.get(name) is not None}
    number = read_fields({"version": _NUMBER}, said, of="key of a copy")["version"]
    user = cast("User", request.user)
    copied = duplicate_version(
        version=find_version(strategy, number or strategy.newest),
        owner=user,
        slug=read_text(body, "slug", longest=200),
    )
    found = find_strategy(request, user.get_username(), copied.slug)
    return JsonResponse(describe(found), status=201)


def _describe(strategy: Any, version: StrategyVersion) -> dict[str, object]:  # noqa: ANN401 (with figures)
    owner = strategy.owner.get_username()
    parent = version.parent
    return {
        "strategy": strategy.path,
        "strategy_id": f"{strategy.slug}@{version.number}",
        "number": version.number,
        "sha256": version.sha256,
        "lines": version.line_count,
        "params": version.params,
        "options": version.options,
        "docstring": version.docstring,
        "note": version.note,
        "author": version.author.get_username(),
        "parent": parent and f"{parent.strategy.path}@{parent.number}",
        "created_at": version.created_at,
        "source": reverse("api:strategy-source", args=[owner, strategy.slug, version.number]),
    }
