"""Lists of runs that somebody keeps under a name."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from apps.permissions.models import User
from apps.runs.actions import delete_view, rename_view, save_view
from apps.runs.models import SavedView
from hewston.http import telling
from hewston.pipeline.errors import HewstonError

FIRST_VIEW = "Default"  # opens where the list is opened without a query


def describe_views(request: HttpRequest) -> list[dict[str, object]]:
    """Give the viewer's own: the view, its address, and whether the page shows it."""
    asked = _plain(request.GET)
    mine = SavedView.objects.filter(owner=cast("User", request.user))
    return [
        {
            "view": view,
            "address": f"{reverse('runs')}?{view.query}",
            "is_shown": _plain(read_view(view)) == asked,
        }
        for view in mine
    ]


def read_view(view: SavedView) -> QueryDict:
    """Read what a view asks for: nothing, where it was kept before it was checked and cannot be."""
    try:
        return QueryDict(view.query)
    except SuspiciousOperation:
        return QueryDict()


def _plain(query: QueryDict) -> list[tuple[str, list[str]]]:
    said = [(name, [value for value in values if value]) for name, values in query.lists()]
    return sorted((name, values) for name, values in said if values and name != "page")


@require_http_methods(["GET", "HEAD", "POST"])
def views(request: HttpRequest) -> HttpResponse:
    """List the views that a person keeps; or keep one more, or another under a known name."""
    if request.method != "POST":
        return render(request, "runs/views.html", {"views": describe_views(request)})
    query = request.POST.get("query", "")
    try:
        view, is_new = save_view(
            owner=cast("User", request.user), name=request.POST.get("name", ""), query=query
        )
    except HewstonError as refusal:
        messages.error(request, refusal.message)
        if refusal.details.get("field") == "query":
            query = ""
    else:
        query = view.query
        how = "is kept" if is_new else "is replaced"
        first = " It opens first from now on." if view.name == FIRST_VIEW else ""
        messages.success(request, f"The view {view.name} {how}.{first}")
    return redirect(f"{reverse('runs')}?{query}" if query else reverse("runs"))


@require_POST
def rename(request: HttpRequest, view_id: int) -> HttpResponse:
    """Give a view another name."""
    found = get_object_or_404(SavedView.objects.visible_to(request.user), pk=view_id)
    with telling(request):
        rename_view(view=found, name=request.POST.get("name", ""))
        messages.success(request, f"It is called {found.name} now.")
    return redirect("run-views")


@require_POST
def forget(request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete a view."""
    found = get_object_or_404(SavedView.objects.visible_to(request.user), pk=view_id)
    delete_view(view=found)
    messages.success(request, f"The view {found.name} is deleted. Its runs stay.")
    return redirect("run-views")
