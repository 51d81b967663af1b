"""The dashboard and the list of runs."""

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template import Context
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from apps.runs.forms import ORDER_CHOICES, RunFilter, group_columns, tidy
from apps.runs.models import MOST_FOUND, Run, RunTag, SavedView, has_too_many
from apps.runs.views.saved import FIRST_VIEW, describe_views, read_view
from hewston.health import check_readiness
from hewston.http import send_csv, site
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.spec import canonical_json
from hewston.taskqueue import LIVE

_PAGE = 25
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
            (known[pk], [(one.kind, one.write(known[pk], context)) for one in columns])
            for pk in ids
            if pk in known
        ],
        "columns": columns,
        "groups": group_columns(columns),
        "most_found": MOST_FOUND if has_too_many(text, user=user) else None,
        "is_live": any(row.status in LIVE for row in known.values()),
        "form": form,
        "lists": form.list_choices(Dataset.objects.visible_to(request.user)),
        "ranges": form.list_ranges(),
        "metrics": METRICS.values(),
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
def export_runs(request: HttpRequest) -> HttpResponse:
    """Give the list of runs, filtered and sorted as on the page, as CSV."""
    return send_runs(RunFilter(request.GET).apply(cast("User", request.user)).query())


def send_runs(runs: QuerySet[Run]) -> HttpResponse:
    """Answer with runs as CSV: what each is, and all of its figures."""
    figures = [f"metrics__{name}" for name in METRICS]
    rows = runs.values_list(*_CSV, "spec", *figures)
    count = len(_CSV)
    tags: dict[str, list[str]] = {}
    for run_id, name in RunTag.objects.filter(run__in=runs.order_by()).values_list("run", "name"):
        tags.setdefault(run_id, []).append(name)
    return send_csv(
        "runs.csv",
        [*_CSV, "tags", "spec", *METRICS],
        (
            (*row[:count], ", ".join(tags.get(row[0], [])), canonical_json(spec), *row[count + 1 :])
            for row in rows
            for spec in [row[count]]
        ),
    )
