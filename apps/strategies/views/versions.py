"""A strategy, its versions, and how they differ."""

from typing import cast

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.permissions.models import User
from apps.strategies.actions import (
    compare_versions,
    lint_source,
    list_datasets,
    name_version,
    suggest_slug,
)
from apps.strategies.models import StrategyVersion
from apps.strategies.views.finding import get_strategy, get_version, read_number
from hewston.entry import describe_parameters
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.strategies.differences import unify

_CHECKS = 20  # listed on the page of a version
_CERTIFICATES = 20  # likewise
_VERSIONS = 200  # listed on the page of a strategy
_RUNS = 10
_VIEWS = ("unified", "split")


@require_safe
def strategy(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Show a strategy: its versions, and the newest one's parameters and source."""
    found = get_strategy(request, owner, slug)
    versions = found.versions.select_related("author").defer("source", "params", "docstring")
    versions = versions.annotate(used_by=Count("runs")).order_by("-number")
    page = {
        "strategy": found,
        "versions": versions[:_VERSIONS],
        "copy_slug": suggest_slug(owner=cast("User", request.user), slug=found.slug),
        **_describe(request, get_version(found, found.newest)),
    }
    return render(request, "strategies/strategy.html", page)


@require_safe
def version(request: HttpRequest, owner: str, slug: str, number: int) -> HttpResponse:
    """Show one version: what it says of itself, its parameters, its source."""
    found = get_strategy(request, owner, slug)
    one = get_version(found, number)
    page = {
        "strategy": found,
        "checks": one.checks.select_related("revision")[:_CHECKS],
        "certificates": one.certificates.visible_to(request.user)[:_CERTIFICATES],
        "datasets": list_datasets(user=cast("User", request.user)),
        **_describe(request, one),
    }
    return render(request, "strategies/version.html", page)


def _describe(request: HttpRequest, version: StrategyVersion) -> dict[str, object]:
    """Gather what pages show of a version."""
    try:
        findings, unchecked = lint_source(version.source), ""
    except HewstonError as problem:
        findings, unchecked = (), problem.message
    runs = version.runs.visible_to(request.user)
    return {
        "version": version,
        "params": describe_parameters(version.rules),
        "lines": version.source.rstrip("\n").split("\n"),
        "findings": findings,
        "unchecked": unchecked,
        "runs": runs.select_related("metrics", "dataset").order_by("-created_at", "-id")[:_RUNS],
        "runs_count": runs.count(),
        "run_name": name_version(version, cast("User", request.user)),
    }


@require_safe
def source(request: HttpRequest, owner: str, slug: str, number: int) -> HttpResponse:
    """Give a version's source as a file."""
    found = get_strategy(request, owner, slug)
    name = f"{found.slug}-{number}.py"
    return HttpResponse(
        get_version(found, number).source,
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_safe
def diff(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Show how two versions differ, one below the other or side by side."""
    found = get_strategy(request, owner, slug)
    after = get_version(found, read_number(request.GET, "after", found.newest))
    before = get_version(found, read_number(request.GET, "before", max(after.number - 1, 1)))
    view = request.GET.get("view", _VIEWS[0])
    page: dict[str, object] = {
        "strategy": found,
        "before": before,
        "after": after,
        "view": view if view in _VIEWS else _VIEWS[0],
        "numbers": found.versions.values_list("number", flat=True),
    }
    try:
        hunks = compare_versions(before=before, after=after)
    except HewstonError as problem:
        page["problem"] = problem.message
    else:
        page["hunks"] = [{"hunk": one, "unified": unify(one)} for one in hunks]
    return render(request, "strategies/diff.html", page)
