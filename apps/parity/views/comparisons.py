"""Comparisons: what Pine said beside what Python does, as a list, a form and a page of each."""

from collections.abc import Mapping
from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.parity import actions
from apps.parity.forms import ComparisonFilter, ComparisonForm, ComparisonPage, build_options
from apps.parity.models import Comparison
from apps.permissions.models import User
from hewston.http import reading, send_csv, status_of, telling
from hewston.pipeline.errors import HewstonError
from hewston.taskqueue import Status, read_log

_PAGE = 25


@require_safe
def comparisons(request: HttpRequest) -> HttpResponse:
    """List comparisons. Their figures are columns of the database: no file is opened."""
    form = ComparisonFilter(request.GET)
    found = form.apply(Comparison.objects.visible_to(request.user)).with_sides()
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "rows": list(page.object_list), "form": form}
    return render(request, "parity/comparisons.html", shown)


@require_safe
def comparisons_csv(request: HttpRequest) -> HttpResponse:
    """Give the list, filtered and sorted as on the page, as CSV."""
    form = ComparisonFilter(request.GET)
    found = form.apply(Comparison.objects.visible_to(request.user))
    rows = [
        actions.describe_comparison(one)
        for one in found.with_sides().prefetch_related("certificates")
    ]
    flat = [
        {name: value for name, value in row.items() if not isinstance(value, dict | list)}
        | (row["counts"] or {})
        | {"error": (row["error"] or {}).get("message")}
        for row in rows
    ]
    header = list(dict.fromkeys(name for row in flat for name in row if name != "counts"))
    table = [[row.get(name) for name in header] for row in flat]
    return send_csv("comparisons.csv", header or ["comparison_id"], table)


@require_http_methods(["GET", "HEAD", "POST"])
def new_comparison(request: HttpRequest) -> HttpResponse:
    """Ask for a comparison of a bridge artifact with a run."""
    given = request.POST if request.method == "POST" else request.GET
    form, status = ComparisonForm(user=cast("User", request.user), given=given.dict()), 200
    if request.method == "POST":
        try:
            made, is_new = form.submit()
        except HewstonError as problem:
            form.refuse(problem)
            status = status_of(problem)
        else:
            return _lead_to(request, made, is_new=is_new)
    return render(request, "parity/comparison_new.html", {"form": form}, status=status)


@require_POST
def first_look(request: HttpRequest) -> HttpResponse:
    """Compare exports that are made up, for a first look."""
    try:
        made, _ = actions.first_look(owner=cast("User", request.user))
    except HewstonError as refusal:
        messages.error(request, refusal.message)
        return redirect("comparisons")
    return redirect("comparison", made.pk)


@require_safe
def comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Show one comparison: how far it is, why it failed, or what was found."""
    return _show(request, _find(request, comparison_id))


@require_POST
def stop_comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Stop a comparison."""
    found = _find(request, comparison_id)
    with telling(request):
        actions.cancel_comparison(comparison=found)
    return redirect("comparison", found.pk)


@require_POST
def compare_again(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Compare the same sides with the options that are sent, or as before where none are."""
    found = _find(request, comparison_id)
    if "span" not in request.POST or found.status != Status.DONE:
        with telling(request):
            found, _ = actions.compare_again(comparison=found, change={})
        return redirect("comparison", found.pk)
    given = request.POST.dict()
    try:
        report = actions.read_comparison(comparison=found)
        fields = build_options(found, report, given)
        made, is_new = actions.request_comparison(
            owner=found.owner, options=fields.read(), **found.side_ids
        )
    except HewstonError as problem:
        return _show(request, found, problem=problem, given=given)
    return _lead_to(request, made, is_new=is_new)


@require_POST
def remove_cause(request: HttpRequest, comparison_id: str, number: int) -> HttpResponse:
    """Compare again without the cause that a hint names."""
    found = _find(request, comparison_id)
    with telling(request):
        found, _ = actions.remove_cause(comparison=found, hint=number)
    return redirect("comparison", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete_comparison(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Ask whether a comparison shall go, and remove it."""
    found = _find(request, comparison_id)
    if request.method != "POST":
        return render(request, "parity/comparison_delete.html", {"comparison": found})
    try:
        actions.delete_comparison(comparison=found)
    except HewstonError as refusal:
        messages.error(request, refusal.message)
        return redirect("comparison", found.pk)
    messages.success(request, f"Comparison {comparison_id} is deleted.")
    return redirect("comparisons")


def _show(
    request: HttpRequest,
    found: Comparison,
    *,
    problem: HewstonError | None = None,
    given: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Show a comparison, with what is wrong about the options that were sent."""
    page: dict[str, object] = {"comparison": found, "run": found.run}
    if found.status != Status.DONE:
        page["log"] = read_log(found.pk)
        return render(request, "parity/comparison.html", page)
    report = actions.read_comparison(comparison=found)
    shown = ComparisonPage(
        found, report=report, tables=actions.open_reader(comparison=found), asked=request.GET
    )
    with reading("comparison", found.pk):
        shown.read()
    options = build_options(found, report, given)
    options.problem = problem
    page |= {"report": report, "shown": shown, "options": options}
    status = 200 if problem is None else status_of(problem)
    return render(request, "parity/comparison_result.html", page, status=status)


def _lead_to(request: HttpRequest, made: Comparison, *, is_new: bool) -> HttpResponse:
    if not is_new:
        messages.info(request, "This is the comparison of the same sides with the same options.")
    return redirect("comparison", made.pk)


def _find(request: HttpRequest, comparison_id: str) -> Comparison:
    mine = Comparison.objects.visible_to(request.user).with_sides()
    return get_object_or_404(mine, pk=comparison_id)
