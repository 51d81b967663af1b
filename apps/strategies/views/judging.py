"""Checks of a version: asking for one, and what came of it."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.datasets.models import Dataset
from apps.permissions.models import User
from apps.strategies.actions import cancel_check, request_check, retry_check
from apps.strategies.models import StrategyCheck
from apps.strategies.views.finding import get_strategy, get_version
from hewston.http import telling
from hewston.taskqueue import read_log


@require_POST
def new_check(request: HttpRequest, owner: str, slug: str, number: int) -> HttpResponse:
    """Ask for a version to be checked on a dataset."""
    version = get_version(get_strategy(request, owner, slug), number)
    ready = Dataset.objects.visible_to(request.user).filter(revisions__isnull=False).distinct()
    dataset = get_object_or_404(ready, pk=request.POST.get("dataset", ""))
    made = request_check(owner=cast("User", request.user), version=version, revision=dataset.latest)
    return redirect("strategy-check", *made.place)


@require_safe
def check(request: HttpRequest, owner: str, slug: str, number: int, check_id: str) -> HttpResponse:
    """Show one check: how far it is, why it failed, or its result."""
    found = _find(request, owner, slug, number, check_id)
    lookahead, around = (found.result.get(key) or {} for key in ("lookahead", "around"))
    findings = lookahead.get("findings", []) if lookahead else []
    page = {
        "check": found,
        "dataset": found.revision.dataset,
        "log": read_log(found.pk),
        "lookahead": lookahead,
        "warmup": found.result.get("warmup"),
        "first": findings[0] if findings else None,
        "around": around,
    }
    return render(request, "strategies/check.html", page)


@require_POST
def stop_check(
    request: HttpRequest, owner: str, slug: str, number: int, check_id: str
) -> HttpResponse:
    """Stop a check."""
    found = _find(request, owner, slug, number, check_id)
    with telling(request):
        cancel_check(check=found)
    return redirect("strategy-check", *found.place)


@require_POST
def check_again(
    request: HttpRequest, owner: str, slug: str, number: int, check_id: str
) -> HttpResponse:
    """Ask for the same check once more."""
    found = _find(request, owner, slug, number, check_id)
    with telling(request):
        found = retry_check(check=found)
    return redirect("strategy-check", *found.place)


def _find(request: HttpRequest, owner: str, slug: str, number: int, check_id: str) -> StrategyCheck:
    """Find a check of a version that may be seen: whoever sees the one sees the other."""
    version = get_version(get_strategy(request, owner, slug), number)
    related = ("owner", "version__strategy__owner", "revision__dataset")
    return get_object_or_404(version.checks.select_related(*related), pk=check_id)
