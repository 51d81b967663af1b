"""The dashboard and the list of runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template import Context
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from apps.runs.forms import (
    FIGURE_CHOICES,
    ORDER_CHOICES,
    RunFilter,
    group_columns,
    tidy,
    write_cells,
)
from apps.runs.models import MOST_FOUND, Run, RunTag, SavedView, has_too_many
from apps.runs.views.saved import FIRST_VIEW, describe_views, read_view
from apps.strategies.models import StrategyVersion
from hewston.frames import send_written
from hewston.health import check_readiness
from hewston.http import site, write_csv
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.spec import canonical_json
from hewston.taskqueue import LIVE

_PAGE = 25
_ROWS_AT_ONCE = 2_000  # of a table that is written
_CSV = (
    *("id", "name", "strategy_id", "dataset_id", "status", "created_at", "started_at", "ended_at"),
    *("archived_at", "note"),
)


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what is there and whether it is well."""
    datasets = Dataset.objects.visible_to(request.user)
    revisions = Revision.objects.filter(dataset__in=datasets)
    page = {
        "runs": _with_figures(Run.objects.visible_to(request.user).archived(only=False))[:8],
        "datasets": datasets.prefetch_related("revisions")[:8],
        "used_bytes": revisions.aggregate(total=Sum("size_bytes"))["total"] or 0,
        "checks": check_readiness(),
        "ingests_live": Ingest.objects.visible_to(request.user).filter(status__in=LIVE),
        "runs_live": _with_figures(Run.objects.visible_to(request.user)).filter(status__in=LIVE),
    }
    return render(request, "runs/dashboard.html", page)


def _with_figures(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.select_related("metrics", "dataset").defer("note", "error")


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """List runs. Their figures are columns of the database: no artifact is opened."""
    if (address := _find_address(request)) is not None:
        return redirect(address)
    form, user = RunFilter(request.GET), cast("User", request.user)
    mine = Run.objects.visible_to(user)
    found: Any = form.apply(user)  # has what Paginator asks for: count and slices
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    ids = list(page.object_list)  # sorting moves ids only; the rows of the page follow
    known = _with_figures(mine.filter(pk__in=ids)).prefetch_related("tags").in_bulk()
    columns = form.list_columns()
    context, text = Context(site(request)), form.cleaned_data.get("q") or ""
    shown = {
        "page": page,
        "rows": [
            (known[pk], write_cells(columns, known[pk], context)) for pk in ids if pk in known
        ],
        "columns": columns,
        "groups": group_columns(columns),
        "most_found": MOST_FOUND if has_too_many(text, user=user) else None,
        "is_live": any(row.status in LIVE for row in known.values()),
        "form": form,
        "lists": form.list_choices(
            Dataset.objects.visible_to(request.user),
            StrategyVersion.objects.visible_to(request.user),
        ),
        "ranges": form.list_ranges(),
        "figures": FIGURE_CHOICES,
        "orders": ORDER_CHOICES,
        "views": describe_views(request),
        "hidden": 0 if ids else mine.archived(only=True).count(),
    }
    return render(request, "runs/runs.html", shown)


def _find_address(request: HttpRequest) -> str | None:
    """Give the address of what is meant: the list as somebody wants it first, or a tidy query."""
    query = tidy(request.GET)
    if not request.GET:
        view = SavedView.objects.filter(owner=cast("User", request.user), name=FIRST_VIEW).first()
        query = view.query if view is not None and read_view(view) else None
    return f"{reverse('runs')}?{query}" if query else None


@require_safe
def export_runs(request: HttpRequest) -> HttpResponseBase:
    """Give the list of runs, filtered and sorted as on the page, as CSV."""
    return send_runs(request, RunFilter(request.GET).apply(cast("User", request.user)).query())


def send_runs(request: HttpRequest, runs: QuerySet[Run]) -> HttpResponseBase:
    """Answer with runs as CSV: what each is, and all of its figures.

    They are written to a file, some at a time: the process's memory does not grow with them.
    """

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            write_csv(file, [*_CSV, "tags", "spec", *METRICS], _list_rows(runs))

    return send_written(request, write, kind="csv", name="runs")


def _list_rows(runs: QuerySet[Run]) -> Iterator[Sequence[object]]:
    tags: dict[str, list[str]] = {}
    tagged = RunTag.objects.filter(run__in=runs.order_by()).values_list("run", "name")
    for run_id, name in tagged.iterator(chunk_size=_ROWS_AT_ONCE):
        tags.setdefault(run_id, []).append(name)
    figures = [f"metrics__{name}" for name in METRICS]
    count = len(_CSV)
    for row in runs.values_list(*_CSV, "spec", *figures).iterator(chunk_size=_ROWS_AT_ONCE):
        of_run = ", ".join(tags.get(row[0], []))
        yield *row[:count], of_run, canonical_json(row[count]), *row[count + 1 :]
