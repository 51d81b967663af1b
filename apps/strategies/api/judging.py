"""Checks of versions as JSON: ask for one, follow the job, read what came of it."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.datasets.actions import REVISION_FIELDS, choose_revision, find_dataset
from apps.permissions.models import User
from apps.strategies.actions import cancel_check, request_check
from apps.strategies.api.catalogue import check_keys
from apps.strategies.api.finding import find_strategy, find_version
from apps.strategies.api.router import GET, router
from apps.strategies.models import StrategyCheck, StrategyVersion
from hewston.access import READ, RUN
from hewston.body import PAGE, read_object, read_query, read_text
from hewston.openapi import describe_body, describe_query, refusals
from hewston.pipeline.checks.result import VERDICTS
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import read_fields
from hewston.taskqueue import Status

_CHECKS = "/api/strategies/{owner}/{slug}/versions/{number}/checks"
_BODY = describe_body(
    {
        "dataset_id": {"type": "string"},
        "revision": {"type": "integer", "minimum": 1, "description": "else the newest"},
        "params": {"type": "object", "description": "parameters by name; else their defaults"},
    },
    required=["dataset_id"],
    example={"dataset_id": "AAPL-2023", "params": {"length": 20}},
)


class CheckOut(Schema):
    """A check of a version: on what, where it stands, and its verdict."""

    check_id: str
    strategy_id: str = Field(description="SLUG@NUMBER")
    dataset_id: str
    revision: int
    params: dict[str, Any]
    owner: str
    status: str = Field(description=", ".join(Status.values))
    verdict: str | None = Field(description=", ".join(VERDICTS))
    sentence: str | None
    progress: dict[str, Any]
    error: dict[str, Any] | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    address: str = Field(description="where it is followed")


class CheckResult(CheckOut):
    """A check with all that was found; see docs/checking.md."""

    result: dict[str, Any] | None = Field(description="null until done")


class CheckList(Schema):
    """A page of a version's checks, the newest first."""

    items: list[CheckOut]
    total: int
    limit: int
    offset: int


@router.post(
    _CHECKS,
    auth=RUN,
    summary="Check a version for look-ahead",
    response={202: CheckOut, **refusals(404, 422, 429)},
    openapi_extra={"requestBody": _BODY},
    url_name="strategy-checks",
)
def start_check(request: HttpRequest, owner: str, slug: str, number: int) -> HttpResponse:
    """Ask for a check; while the same is under way, that one is answered."""
    version = find_version(find_strategy(request, owner, slug), number)
    body = read_object(request)
    check_keys(body, allowed=("dataset_id", "revision", "params"), what="a key of a check")
    name = read_text(body, "dataset_id", longest=200)
    if not name:
        raise InputError("dataset_id is missing.", field="dataset_id")
    params = body.get("params") or {}
    if not isinstance(params, dict):
        raise InputError("params must be an object.", field="params")
    user = cast("User", request.user)
    said = {key: body[key] for key in REVISION_FIELDS if body.get(key) is not None}
    wanted = read_fields(REVISION_FIELDS, said, of="key of a check")["revision"]
    dataset = find_dataset(user=user, dataset_id=name)
    made = request_check(
        owner=user,
        version=version,
        revision=choose_revision(dataset=dataset, number=wanted),
        params=params,
    )
    answer = _describe(made)
    return JsonResponse(answer, status=202, headers={"Location": str(answer["address"])})


@router.api_operation(
    GET,
    _CHECKS,
    auth=READ,
    summary="List the checks of a version",
    response={200: CheckList, **refusals(404, 422)},
    openapi_extra={"parameters": describe_query(PAGE)},
)
def show_checks(request: HttpRequest, owner: str, slug: str, number: int) -> HttpResponse:
    """The newest first."""
    asked = read_query(request, PAGE)
    version = find_version(find_strategy(request, owner, slug), number)
    start, size = asked["offset"], asked["limit"]
    found = version.checks.select_related("owner", "revision", "version__strategy__owner")
    items = [_describe(one) for one in found[start : start + size]]
    return JsonResponse({"items": items, "total": found.count(), "limit": size, "offset": start})


@router.api_operation(
    GET,
    f"{_CHECKS}/{{check_id}}",
    auth=READ,
    summary="One check",
    response={200: CheckResult, **refusals(404)},
    url_name="strategy-check",
)
def show_check(
    request: HttpRequest, owner: str, slug: str, number: int, check_id: str
) -> HttpResponse:
    """Where it stands, and its findings."""
    read_query(request, {})
    found = _find(find_version(find_strategy(request, owner, slug), number), check_id)
    return JsonResponse(_describe(found) | {"result": found.result or None})


@router.post(
    f"{_CHECKS}/{{check_id}}/cancel",
    auth=RUN,
    summary="Cancel a check",
    response={200: CheckOut, **refusals(404, 409, 429)},
)
def stop_check(
    request: HttpRequest, owner: str, slug: str, number: int, check_id: str
) -> HttpResponse:
    """Stop it within two seconds; nothing but its log is kept."""
    found = _find(find_version(find_strategy(request, owner, slug), number), check_id)
    cancel_check(check=found)
    return JsonResponse(_describe(found))


def _find(version: StrategyVersion, check_id: str) -> StrategyCheck:
    """Find a check of a version that may be seen: whoever sees the one sees the other."""
    related = ("owner", "revision", "version__strategy__owner")
    found: StrategyCheck | None = (
        version.checks.select_related(*related).filter(pk=check_id).first()
    )
    if found is None:
        raise HewstonError(
            f"There is no check {check_id[:40]} of {version}.", code=StrategyCheck.missing
        )
    return found


def _describe(check: StrategyCheck) -> dict[str, object]:
    return {
        "check_id": check.pk,
        "strategy_id": check.version.strategy_version_id,
        "dataset_id": check.revision.dataset_id,
        "revision": check.revision.number,
        "params": check.params,
        "owner": check.owner.get_username(),
        "status": check.status,
        "verdict": check.verdict or None,
        "sentence": check.sentence or None,
        "progress": check.progress,
        "error": check.error,
        "created_at": check.created_at,
        "started_at": check.started_at,
        "ended_at": check.ended_at,
        "address": reverse("api:strategy-check", args=check.place),
    }
