"""Runs beside each other, through the API."""

from typing import Any, cast

from django.http import HttpRequest, JsonResponse
from ninja import Field, Router, Schema

from apps.permissions.models import User
from apps.runs.actions import (
    COMPARISON_FIELDS,
    describe_runs,
    find_compared,
    match_runs,
    read_compared,
)
from hewston.access import READ
from hewston.body import read_query
from hewston.frames import name_times
from hewston.openapi import describe_query, refusals
from hewston.pipeline.comparison import list_matches
from hewston.pipeline.fields import Rule

router = Router(tags=["Runs"])
_GET = ["GET", "HEAD"]
_FIELDS: dict[str, Rule] = {
    "ids": {"type": "str", "default": None, "help": "2 to 6 ids of runs, with commas between"},
    **COMPARISON_FIELDS,
    "limit": {"type": "int", "default": 50, "min": 0, "max": 500, "help": "matches a page"},
    "offset": {"type": "int", "default": 0, "min": 0, "max": 10**9},
}


class RunComparison(Schema):
    """Runs beside each other. Money is in the accounts' currency, ratios are fractions."""

    runs: list[dict[str, Any]] = Field(description="A and B first, whose trades are matched")
    a: str
    b: str
    differs: list[dict[str, Any]] = Field(description="what decided them and is not the same")
    same: list[dict[str, Any]]
    source: dict[str, Any] | None = Field(description="how the strategies' sources differ")
    metrics: list[dict[str, Any]] = Field(description="each run's value, and its difference from A")
    tolerance_bars: int
    unit: str = Field(description="of moves: bars, or ms where the runs' bars are others")
    kinds: list[dict[str, Any]] = Field(description="matches and their difference in money by kind")
    waterfall: dict[str, Any] | None = Field(
        description="from A's net profit to B's, to the cent; null where currencies differ"
    )
    summary: str
    findings: list[dict[str, str]]
    trades: dict[str, Any] = Field(description="matches: items, total, limit, offset")


@router.api_operation(
    _GET,
    "/api/compare",
    auth=READ,
    summary="Compare runs",
    response={200: RunComparison, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_FIELDS)},
    url_name="compare",
)
def compare_runs(request: HttpRequest) -> JsonResponse:
    """What differs, metrics, and the trades of A (`base`) and B (`other`) matched one to one."""
    asked = read_query(request, _FIELDS)
    ids = (asked["ids"] or "").replace(",", " ").split()
    user = cast("User", request.user)
    runs = find_compared(user=user, ids=ids, base=asked["base"], other=asked["other"])
    compared = [read_compared(run) for run in runs]
    matches = list_matches(match_runs(compared[0], compared[1], asked["tolerance"]), asked["kind"])
    start, size = asked["offset"], asked["limit"]
    return JsonResponse(
        {
            **describe_runs(compared, asked["tolerance"]),
            "trades": {
                "items": name_times(matches[start : start + size]).to_dicts(),
                "total": matches.height,
                "limit": size,
                "offset": start,
            },
        }
    )
