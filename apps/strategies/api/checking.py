"""A source that is looked at and not kept."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Schema

from apps.strategies.actions import check_source
from apps.strategies.api.catalogue import EXAMPLE, SOURCE, check_keys
from apps.strategies.api.router import router
from hewston.access import RUN
from hewston.body import read_object, read_text
from hewston.openapi import describe_body, refusals


class FindingOut(Schema):
    """Something in a source; lines and columns count from 1."""

    line: int
    column: int
    end_line: int
    end_column: int
    code: str = Field(description="the linter's, `syntax` or `contract`")
    sentence: str
    severity: str = Field(description="`error` forbids to save it, `warning` does not")


class CheckOut(Schema):
    """What was found in a source. Nothing of it is stored."""

    is_good: bool = Field(description="whether it can be saved")
    problem: str | None = Field(description="why not")
    findings: list[FindingOut]
    params: dict[str, Any] = Field(description="the rules of its PARAMS by name")
    options: dict[str, Any]
    docstring: str
    printed: list[str] = Field(description="lines that it prints when it is loaded")


@router.post(
    "/api/strategies/check",
    auth=RUN,
    summary="Check a source",
    response={200: CheckOut, **refusals(413, 422, 429, 503)},
    openapi_extra={
        "requestBody": describe_body(
            {"source": SOURCE}, required=["source"], example={"source": EXAMPLE}
        )
    },
)
def check(request: HttpRequest) -> HttpResponse:
    """Lint a source and run its module in the sandbox; what is wrong with it is the answer."""
    body = read_object(request)
    check_keys(body, allowed=("source",), what="a key of a check")
    return JsonResponse(check_source(source=read_text(body, "source", longest=1 << 20)).as_json())
