"""The list of strategies."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.strategies.actions import list_built_ins
from apps.strategies.forms import StrategyFilter
from apps.strategies.models import Strategy
from hewston.entry import describe_parameters
from hewston.http import send_csv

_PAGE = 25
_CSV = (
    *("slug", "name", "language", "version_count", "used_by", "saved_at", "created_at"),
    "archived_at",
)


@require_safe
def strategies(request: HttpRequest) -> HttpResponse:
    """List strategies, and below them those that are built in."""
    form = StrategyFilter(request.GET)
    mine = Strategy.objects.visible_to(request.user)
    found = form.apply(mine).select_related("owner").prefetch_related("tags")
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    shown = {
        "page": page,
        "rows": rows,
        "form": form,
        "lists": form.list_choices(mine),
        "hidden": 0 if rows else mine.archived(only=True).count(),
        "built_ins": list_built_ins(),
    }
    return render(request, "strategies/strategies.html", shown)


@require_safe
def export_strategies(request: HttpRequest) -> HttpResponse:
    """Give the list of strategies, filtered and sorted as on the page, as CSV."""
    found = StrategyFilter(request.GET).apply(Strategy.objects.visible_to(request.user))
    tagged = found.select_related("owner").prefetch_related("tags")
    rows = (
        (
            *(getattr(one, name) for name in _CSV),
            one.owner.get_username(),
            ", ".join(one.tag_names),
            one.description,
        )
        for one in tagged
    )
    return send_csv("strategies.csv", [*_CSV, "owner", "tags", "description"], rows)


@require_safe
def built_ins(request: HttpRequest) -> HttpResponse:
    """Show every built-in strategy: what it says of itself, its parameters, its source."""
    shown = [
        {
            "strategy": one,
            "params": describe_parameters(one.params),
            "lines": one.source.rstrip("\n").split("\n"),
        }
        for one in list_built_ins()
    ]
    return render(request, "strategies/built_in.html", {"shown": shown})
