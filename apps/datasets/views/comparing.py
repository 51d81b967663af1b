"""Two revisions of a dataset beside each other."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from apps.datasets.actions import (
    compare_revisions,
    read_differences,
    read_summary,
    write_differences_csv,
)
from apps.datasets.models import Dataset, Revision
from hewston.frames import send_made
from hewston.http import reading
from hewston.pipeline.differences import CHANGES

_ROWS = 50
_MOST_COLUMNS = 120  # of the chart
_COLUMNS = ("open", "high", "low", "close", "volume")


def _find(request: HttpRequest, dataset_id: str, *numbers: int) -> tuple[Dataset, list[Revision]]:
    found = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    revisions = found.revisions.select_related("dataset")
    return found, [get_object_or_404(revisions, number=number) for number in numbers]


@require_safe
def differences(request: HttpRequest, dataset_id: str, before: int, after: int) -> HttpResponse:
    """Show what two revisions do not share: in all, by day, by column, and the first bars."""
    found, (one, other) = _find(request, dataset_id, before, after)
    files = [revision.folder / "bars.parquet" for revision in (one, other)]
    with reading("dataset", found.pk, *files):
        folder = compare_revisions(before=one, after=other)
        summary = read_summary(folder)
        rows = read_differences(folder, count=_ROWS).to_dicts()
    page = {
        "dataset": found,
        "before": one,
        "after": other,
        "numbers": list(found.revisions.values_list("number", flat=True)),
        "summary": summary,
        "total": sum(summary[name] for name in CHANGES),
        "rows": [_pair(row) for row in rows],
        "names": _COLUMNS,
        "chart": _draw(summary["days"]),
    }
    return render(request, "datasets/differences.html", page)


@require_safe
def differences_csv(
    request: HttpRequest, dataset_id: str, before: int, after: int
) -> HttpResponseBase:
    """Give every bar that differs as CSV."""
    found, (one, other) = _find(request, dataset_id, before, after)
    files = [revision.folder / "bars.parquet" for revision in (one, other)]
    with reading("dataset", found.pk, *files):
        folder = compare_revisions(before=one, after=other)
        return send_made(
            request,
            lambda path: write_differences_csv(folder=folder, path=path),
            kind="csv",
            etag=f"{one.bars_sha256[:16]}{other.bars_sha256[:16]}",
            name=f"differences-{found.pk}-{before}-{after}",
        )


def _pair(row: Mapping[str, Any]) -> dict[str, Any]:
    """Pair what was with what is, and say whether that differs."""
    cells = [(row[f"{name}_before"], row[f"{name}_after"]) for name in _COLUMNS]
    return {
        "ts_open": row["ts_open"],
        "change": row["change"],
        "cells": [{"before": one, "after": two, "differs": one != two} for one, two in cells],
    }


def _draw(days: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Stack the changes of days, of as many at once as the chart has room for, 100 high."""
    if not days:
        return None
    first, last = (dt.date.fromisoformat(days[end]["date"]) for end in (0, -1))
    span = ((last - first).days + 1 + _MOST_COLUMNS - 1) // _MOST_COLUMNS
    groups: dict[int, list[dict[str, Any]]] = {}
    for day in days:
        place = (dt.date.fromisoformat(day["date"]) - first).days // span
        groups.setdefault(place, []).append(day)
    count = (last - first).days // span + 1
    most = max(sum(day[name] for day in group for name in CHANGES) for group in groups.values())
    widest = max((day["largest_close"] or 0 for day in days), default=0)
    columns = [
        _draw_column(place, group, most=most, widest=widest) for place, group in groups.items()
    ]
    return {
        "columns": columns,
        "width": 10 * count,
        "first": days[0]["date"],
        "last": days[-1]["date"],
        "most": most,
        "widest": widest,
        "days_a_column": span,
    }


def _draw_column(
    place: int, group: list[dict[str, Any]], *, most: int, widest: float
) -> dict[str, Any]:
    counts = {name: sum(day[name] for day in group) for name in CHANGES}
    close = max((day["largest_close"] or 0 for day in group), default=0)
    parts, top = [], 100.0
    for name, count in counts.items():
        height = 100 * count / most
        top -= height
        if count:
            parts.append({"kind": name, "y": f"{top:.2f}", "height": f"{height:.2f}"})
    height = 100 * close / widest if widest else 0
    return {
        "x": 10 * place,
        "first": group[0]["date"],
        "last": group[-1]["date"],
        "counts": counts,
        "parts": parts,
        "close": close,
        "close_y": f"{100 - height:.2f}",
        "close_height": f"{height:.2f}",
    }
