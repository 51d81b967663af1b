"""What came of comparisons as JSON and CSV: differences, trades, and bars around one."""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from apps.parity import actions
from apps.parity.api.router import GET, router
from apps.parity.models import Comparison
from apps.permissions.models import User
from hewston.access import READ
from hewston.body import PAGE, read_query
from hewston.frames import send_written
from hewston.http import write_csv
from hewston.openapi import describe_query, refusals
from hewston.pipeline.fields import Rule
from hewston.pipeline.matching import KINDS
from hewston.pipeline.parity.listed import NAMES
from hewston.pipeline.parity.reading import DIFFERENCE_COLUMNS
from hewston.pipeline.schemas import MATCHES

_AT_ONCE = 1_000  # trades that are read for a file
_SUBJECT = DIFFERENCE_COLUMNS.index("subject")
_FORMAT: dict[str, Rule] = {
    "format": {"type": "str", "default": "json", "choices": ("json", "csv")}
}
_SERIES: Rule = {"type": "str", "default": None, "help": "Pine's title; else all that differs"}
_DIFFERENCES: dict[str, Rule] = {**_FORMAT, "series": _SERIES, **PAGE}
_KINDS = (*(NAMES.get(kind, kind) for kind in KINDS), "different")
_TRADES: dict[str, Rule] = {
    **_FORMAT,
    "kind": {"type": "str", "default": None, "choices": _KINDS},
    **PAGE,
}
_ROUND: Rule = {"type": "int", "default": 20, "min": 0, "max": 500}
_WINDOW: dict[str, Rule] = {
    "row": {"type": "int", "default": 0, "min": 0, "max": 10**9, "help": "of both sides' bars"},
    "before": {**_ROUND, "help": "bars before it"},
    "after": {**_ROUND, "help": "bars after it"},
    "series": {"type": "str", "default": None, "help": "Pine's title; may be given several times"},
}
_ERRORS: dict[str, Rule] = {
    "series": {"type": "str", "default": None, "help": "Pine's title"},
    "points": {"type": "int", "default": 1200, "min": 2, "max": 5000, "help": "at most"},
}


@router.api_operation(
    GET,
    "/api/parity/comparisons/{comparison_id}/differences",
    auth=READ,
    summary="Where both sides differ",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_DIFFERENCES)},
)
def show_parity_differences(request: HttpRequest, comparison_id: str) -> HttpResponseBase:
    """A row a bar at which candles or a series differ; CSV has all of them."""
    asked = read_query(request, _DIFFERENCES)
    found = _find(request, comparison_id)
    reader = actions.open_reader(comparison=found)
    title, start, size = asked["series"], asked["offset"], asked["limit"]
    if asked["format"] == "csv":
        rows = (
            row
            for part in reader.difference_rows()
            for row in part
            if title in {None, row[_SUBJECT]}
        )
        return _send_csv(request, found, "differences", DIFFERENCE_COLUMNS, rows)
    with actions.reading_comparison(found):
        page = reader.differences(title, offset=start, limit=size)
    return JsonResponse({**page, "limit": size, "offset": start})


@router.api_operation(
    GET,
    "/api/parity/comparisons/{comparison_id}/trades",
    auth=READ,
    summary="Trades of both sides as they belong together",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_TRADES)},
)
def show_matches(request: HttpRequest, comparison_id: str) -> HttpResponseBase:
    """A row a pair, or a trade that one side alone has: `a_` is Pine's, `b_` Python's."""
    asked = read_query(request, _TRADES)
    found = _find(request, comparison_id)
    reader = actions.open_reader(comparison=found)
    kind, start, size = asked["kind"], asked["offset"], asked["limit"]
    if asked["format"] == "csv":
        pages = (
            reader.matches(kind, offset=at, limit=_AT_ONCE)["items"]
            for at in itertools.count(0, _AT_ONCE)
        )
        items = itertools.chain.from_iterable(itertools.takewhile(bool, pages))
        rows = ([item[name] for name in MATCHES] for item in items)
        return _send_csv(request, found, "trades", MATCHES, rows)
    with actions.reading_comparison(found):
        page = reader.matches(kind, offset=start, limit=size)
    return JsonResponse({**page, "limit": size, "offset": start})


@router.api_operation(
    GET,
    "/api/parity/comparisons/{comparison_id}/window",
    auth=READ,
    summary="Both sides around a bar",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_WINDOW)},
)
def show_window(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Candles, series and trades of both sides; rows count both sides' bars from 0."""
    asked = read_query(request, _WINDOW, several=("series",))
    found = _find(request, comparison_id)
    reader = actions.open_reader(comparison=found)
    titles = [title for title in request.GET.getlist("series") if title]
    with actions.reading_comparison(found):
        shown = reader.window(
            asked["row"], before=asked["before"], after=asked["after"], titles=titles
        )
    return JsonResponse(shown)


@router.api_operation(
    GET,
    "/api/parity/comparisons/{comparison_id}/errors",
    auth=READ,
    summary="How far a series is apart",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_ERRORS)},
)
def show_errors(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """The largest absolute and relative error of each stretch of bars."""
    asked = read_query(request, _ERRORS)
    found = _find(request, comparison_id)
    reader = actions.open_reader(comparison=found)
    with actions.reading_comparison(found):
        shown = reader.errors(asked["series"] or "", points=asked["points"])
    return JsonResponse(shown)


def _send_csv(
    request: HttpRequest,
    comparison: Comparison,
    what: str,
    header: Iterable[str],
    rows: Iterable[Sequence[object]],
) -> HttpResponseBase:
    """Answer with a table that is written to a file first, row by row."""

    def make(path: Path) -> None:
        with actions.reading_comparison(comparison), path.open("w", newline="") as file:
            write_csv(file, header, rows)

    return send_written(request, make, kind="csv", name=f"comparison-{comparison.pk}-{what}")


def _find(request: HttpRequest, comparison_id: str) -> Comparison:
    return actions.find_comparison(user=cast("User", request.user), comparison_id=comparison_id)
