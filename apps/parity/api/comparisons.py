"""Comparisons as JSON: ask for one, follow the job, ask again with other options."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Field, Schema

from apps.parity import actions
from apps.parity.api.router import GET, router
from apps.parity.models import VERDICTS, Comparison
from apps.permissions.models import User
from hewston.access import READ, RUN
from hewston.body import PAGE, read_object, read_query, read_text
from hewston.openapi import describe_body, describe_query, refusals
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, suggest
from hewston.pipeline.parity.options import MOST_BARS, MOST_OFFSET, SPANS
from hewston.taskqueue import Status

_SIDES = ("artifact_id", "second_artifact_id", "run_id", "python_artifact_id")
_LONGEST = 40
_LIST: dict[str, Rule] = {
    "verdict": {"type": "str", "default": None, "choices": tuple(name for name, _ in VERDICTS)},
    "status": {"type": "str", "default": None, "choices": tuple(Status.values)},
    "artifact_id": {"type": "str", "default": None, "help": "on either side"},
    "run_id": {"type": "str", "default": None, "help": "on Python's side"},
    **PAGE,
}
_TEXT = {"type": "string"}
_TOLERANCE = {
    "type": "object",
    "properties": {
        "absolute": {"type": "number", "minimum": 0},
        "relative": {"type": "number", "minimum": 0},
    },
    "additionalProperties": False,
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "tolerances": {
        "type": "object",
        "properties": {
            "default": _TOLERANCE | {"description": "of every series: 1e-12 and 1e-6"},
            "series": {
                "type": "object",
                "additionalProperties": _TOLERANCE,
                "description": "of some, by Pine's title",
            },
            "trades": _TOLERANCE | {"description": "of prices and quantities: 0 and 1e-9"},
        },
        "additionalProperties": False,
        "description": "the loose band: |a - b| <= max(absolute, relative * max(|a|, |b|))",
    },
    "mapping": {
        "type": "object",
        "additionalProperties": {"type": ["string", "null"]},
        "description": "Pine's title of a series to Python's; null leaves the series out",
    },
    "bars": {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_BARS,
        "default": 1,
        "description": "by which trades that belong together may be apart",
    },
    "span": {
        "type": "string",
        "enum": list(SPANS),
        "default": "all",
        "description": "which bars count: all, those of the common time, or those that both have",
    },
    "zone": {
        "type": ["string", "null"],
        "description": "in which Pine's times are read, instead of that of the upload",
    },
    "moved_s": {"type": "integer", "default": 0, "description": "seconds to move Pine's times by"},
    "skip_bars": {
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "description": "so many bars at the beginning are left out",
    },
    "offsets": {
        "type": "object",
        "additionalProperties": {
            "type": "integer",
            "minimum": -MOST_OFFSET,
            "maximum": MOST_OFFSET,
        },
        "description": "bars to move Python's series back by, by Pine's title",
    },
    "resampled": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Pine's titles of series to compare only where the coarser side changes",
    },
}
_BODY = describe_body(
    {
        "artifact_id": _TEXT | {"description": "Pine's: what an export said"},
        "second_artifact_id": _TEXT
        | {"description": "Pine's list of trades, where the first is its chart data"},
        "run_id": _TEXT | {"description": "Python's: a run that is done or under way"},
        "python_artifact_id": _TEXT | {"description": "or another bridge artifact"},
        **_OPTIONS,
    },
    required=["artifact_id"],
    example={
        "artifact_id": "0f3c5a7b9d1e",
        "run_id": "a1b2c3d4e5f6",
        "tolerances": {"default": {"absolute": 0, "relative": 1e-6}},
        "mapping": {"RSI 14": "rsi"},
    },
    description="A bridge artifact, and either a run or another artifact.",
)
_CHANGE = describe_body(
    _OPTIONS,
    required=[],
    example={"tolerances": {"default": {"relative": 1e-4}}},
    description="What is not said stays as it was; what goes by title is added to.",
)


class ComparisonOut(Schema):
    """A comparison: of what, where it stands, and what came of it in short."""

    comparison_id: str
    artifact_id: str
    artifact_name: str
    second_artifact_id: str | None
    run_id: str | None
    python_artifact_id: str | None
    python_name: str
    strategy_id: str | None
    options: dict[str, Any]
    status: str = Field(description=", ".join(Status.values))
    progress: dict[str, Any]
    error: dict[str, Any] | None
    verdict: str | None = Field(description=", ".join(name for name, _ in VERDICTS))
    class_: str | None = Field(alias="class", description="of the first finding")
    cause: str | None = Field(description="of the first finding")
    sentence: str | None
    first_at: str | None = Field(description="where both part")
    counts: dict[str, int | None] | None = Field(
        description="`bars` and `series` compared, `series_differ`, `pine_trades`, "
        "`python_trades`, `trades_matched`; null until done"
    )
    report_sha256: str | None
    code_hash: str
    certificate_ids: list[str]
    owner: str
    created_at: str
    started_at: str | None
    ended_at: str | None
    address: str


class ComparisonWhole(ComparisonOut):
    """A comparison with its report; see docs/parity-comparison.md."""

    report: dict[str, Any] | None = Field(description="null until done")
    certificates: list[dict[str, Any]] = Field(description="kept with the version of the run")


class ComparisonList(Schema):
    """A page of comparisons, the newest first."""

    items: list[ComparisonOut]
    total: int
    limit: int
    offset: int


@router.post(
    "/api/parity/comparisons",
    auth=RUN,
    summary="Compare what Pine said with a run",
    response={200: ComparisonOut, 202: ComparisonOut, **refusals(404, 409, 413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
)
def start_comparison(request: HttpRequest) -> HttpResponse:
    """202, or 200 with the comparison of the same inputs: asking twice does nothing twice."""
    body = read_object(request)
    known = [*_SIDES, *_OPTIONS]
    _check_keys(body, known)
    sides = {name: read_text(body, name, longest=_LONGEST) for name in _SIDES}
    made, is_new = actions.request_comparison(
        owner=cast("User", request.user),
        **sides,
        options={name: body[name] for name in _OPTIONS if name in body},
    )
    return _answer(made, is_new=is_new)


@router.api_operation(
    GET,
    "/api/parity/comparisons",
    auth=READ,
    summary="List comparisons",
    response={200: ComparisonList, **refusals(422)},
    openapi_extra={"parameters": describe_query(_LIST)},
)
def show_comparisons(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    asked = read_query(request, _LIST)
    found = Comparison.objects.visible_to(request.user)
    for name in ("verdict", "status", "run_id"):
        if asked[name] is not None:
            found = found.filter(**{name: asked[name]})
    if asked["artifact_id"] is not None:
        found = found.of_artifact(asked["artifact_id"])
    start, size = asked["offset"], asked["limit"]
    rows = found.with_sides().prefetch_related("certificates")[start : start + size]
    items = [_describe(one) for one in rows]
    return JsonResponse({"items": items, "total": found.count(), "limit": size, "offset": start})


@router.api_operation(
    GET,
    "/api/parity/comparisons/{comparison_id}",
    auth=READ,
    summary="One comparison",
    response={200: ComparisonWhole, **refusals(404, 409)},
    url_name="comparison",
)
def show_comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Where it stands, and its report when it is done."""
    found = _find(request, comparison_id)
    is_done = found.status == Status.DONE
    return JsonResponse(
        {
            **_describe(found),
            "report": actions.read_comparison(comparison=found) if is_done else None,
            "certificates": [actions.describe_certificate(one) for one in found.certificates.all()],
        }
    )


@router.post(
    "/api/parity/comparisons/{comparison_id}/again",
    auth=RUN,
    summary="Compare again with other options",
    response={200: ComparisonOut, 202: ComparisonOut, **refusals(404, 409, 413, 422, 429, 503)},
    openapi_extra={"requestBody": _CHANGE},
)
def compare_again(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """A new comparison, or 200 with the one that has these options. One that failed is retried."""
    found = _find(request, comparison_id)
    change = read_object(request)
    _check_keys(change, list(_OPTIONS))
    made, is_new = actions.compare_again(comparison=found, change=change)
    return _answer(made, is_new=is_new)


@router.post(
    "/api/parity/comparisons/{comparison_id}/hints/{hint}",
    auth=RUN,
    summary="Compare again without a cause",
    response={200: ComparisonOut, 202: ComparisonOut, **refusals(404, 409, 422, 429, 503)},
)
def remove_cause(request: HttpRequest, comparison_id: str, hint: int) -> HttpResponse:
    """As the hint of that number in the report says, from 0; a run that it needs is asked for."""
    found = _find(request, comparison_id)
    made, is_new = actions.remove_cause(comparison=found, hint=hint)
    return _answer(made, is_new=is_new)


@router.post(
    "/api/parity/comparisons/{comparison_id}/cancel",
    auth=RUN,
    summary="Cancel a comparison",
    response={200: ComparisonOut, **refusals(404, 409, 429)},
)
def stop_comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Stop it within two seconds; its log is kept, and a run that it waits for goes on."""
    found = _find(request, comparison_id)
    actions.cancel_comparison(comparison=found)
    return JsonResponse(_describe(found))


@router.delete(
    "/api/parity/comparisons/{comparison_id}",
    auth=RUN,
    summary="Delete a comparison",
    response={204: None, **refusals(404, 409, 429)},
)
def remove_comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Remove a comparison that is over, with its files and its log; its certificates stay."""
    actions.delete_comparison(comparison=_find(request, comparison_id))
    return HttpResponse(status=204)


def _find(request: HttpRequest, comparison_id: str) -> Comparison:
    return actions.find_comparison(user=cast("User", request.user), comparison_id=comparison_id)


def _check_keys(body: dict[str, Any], known: list[str]) -> None:
    for name in body:
        if name not in known:
            message = f"{name[:80]} is not a key of a comparison. {suggest(name, known)}"
            raise InputError(message, field=name[:80], allowed=known)


def _answer(comparison: Comparison, *, is_new: bool) -> HttpResponse:
    answer = _describe(comparison)
    headers = {"Location": str(answer["address"])}
    return JsonResponse(answer, status=202 if is_new else 200, headers=headers)


def _describe(comparison: Comparison) -> dict[str, Any]:
    address = reverse("api:comparison", args=[comparison.pk])
    return {**actions.describe_comparison(comparison), "address": address}
