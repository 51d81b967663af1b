"""The dashboard and the list of runs."""

from django.core.paginator import Paginator
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.datasets.models import Dataset, Ingest, Revision
from apps.runs.forms import ORDER_CHOICES, RunFilter
from apps.runs.models import Run
from hewston.health import check_readiness
from hewston.http import (
    send_csv,
)
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.spec import canonical_json
from hewston.pipeline.strategies.catalogue import BUILT_IN
from hewston.taskqueue import LIVE, Status

_PAGE = 25
_LISTED_FIGURES = (
    "net_profit",
    "total_return",
    "max_drawdown",
    "sharpe",
    "profit_factor",
    "hit_rate",
    "trades",
)


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what is there and whether it is well."""
    datasets = Dataset.objects.visible_to(request.user)
    revisions = Revision.objects.filter(dataset__in=datasets)
    page = {
        "runs": _with_figures(Run.objects.visible_to(request.user))[:8],
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
    form = RunFilter(request.GET)
    mine = Run.objects.visible_to(request.user)
    # Sorting moves ids only; the rows of the page follow.
    found = form.apply(mine).values_list("pk", flat=True)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    ids = list(page.object_list)
    rows = _with_figures(Run.objects.filter(pk__in=ids)).in_bulk()  # ids of visible runs
    choices = {
        "statuses": Status.choices,
        "orders": ORDER_CHOICES,
        "strategies": sorted(BUILT_IN),
        "symbols": Dataset.objects.visible_to(request.user)
        .order_by("symbol")
        .values_list("symbol", flat=True)
        .distinct(),
    }
    ordered_by = (form.cleaned_data.get("order") or "").removeprefix("-")
    table = {
        "page": page,
        "rows": [rows[pk] for pk in ids],
        "is_live": any(row.status in LIVE for row in rows.values()),
        "form": form,
        "extra": None if ordered_by in _LISTED_FIGURES else METRICS.get(ordered_by),
    }
    return render(request, "runs/runs.html", table | choices)


@require_safe
def export_runs(request: HttpRequest) -> HttpResponse:
    """Give the list of runs, filtered and sorted as on the page, as CSV."""
    names = ("id", "strategy_id", "dataset_id", "status", "created_at", "spec")
    found = RunFilter(request.GET).apply(Run.objects.visible_to(request.user))
    header = [*names, *METRICS]
    figures = [f"metrics__{name}" for name in METRICS]
    rows = found.values_list(*names, *figures)
    return send_csv(
        "runs.csv", header, ((*row[:5], canonical_json(row[5]), *row[6:]) for row in rows)
    )
