"""Where data can come from, and what each source can do."""

import dataclasses

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Schema

from apps.datasets.api.router import GET, router
from hewston.access import READ
from hewston.body import read_query
from hewston.openapi import refusals
from hewston.pipeline.sources.capabilities import CAPABILITIES, SOURCES


class SourceOut(Schema):
    """A source of market data and what it can do here."""

    key: str
    label: str
    files: list[str] = Field(description="ends of the names of its files")
    gives: str
    upload: bool = Field(description="files are sent, or taken from the inbox folder")
    symbol_fetch: bool = Field(description="a symbol and a range are enough")
    replay: bool = Field(description="a run on it is played bar by bar")
    live_append: bool = Field(description="new bars come by themselves")
    quotes: bool = Field(description="bars know bid, ask and spread")


class SourceList(Schema):
    """Every source; what is not in the list is not there."""

    items: list[SourceOut]
    total: int


@router.api_operation(
    GET,
    "/api/sources",
    auth=READ,
    summary="List sources of data",
    response={200: SourceList, **refusals(422)},
    url_name="sources",
)
def show_sources(request: HttpRequest) -> HttpResponse:
    """Say of each source what it can do, and of nothing what it cannot do yet."""
    read_query(request, {})
    names = ("key", "label", "files", "gives", *CAPABILITIES)
    items = [{name: dataclasses.asdict(one)[name] for name in names} for one in SOURCES]
    return JsonResponse({"items": items, "total": len(items)})
