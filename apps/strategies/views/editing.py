"""Pages on which a source is written, checked, saved and imported."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.permissions.models import User
from apps.strategies.actions import read_beginning
from apps.strategies.forms import ImportForm, SourceForm
from apps.strategies.models import StrategyVersion
from apps.strategies.views.finding import get_strategy, get_version, read_number
from hewston.http import status_of
from hewston.pipeline.errors import HewstonError
from hewston.uploads import read_upload


@require_http_methods(["GET", "HEAD", "POST"])
def new_strategy(request: HttpRequest) -> HttpResponse:
    """Begin a strategy: with an example that works (``event``), or a built-in one's source."""
    begun_with = request.GET.get("from", "")
    source = read_beginning(begun_with)
    form = SourceForm(user=cast("User", request.user), given=_read(request), source=source)
    return _answer(request, form, "strategies/new.html", {"begun_with": begun_with})


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Write the next version of a strategy, beginning with the newest or another one."""
    found = get_strategy(request, owner, slug)
    parent = get_version(found, read_number(request.GET, "version", found.newest))
    form = SourceForm(
        user=cast("User", request.user),
        given=_read(request),
        source=parent.source,
        strategy=found,
        parent=parent,
    )
    return _answer(request, form, "strategies/edit.html", {"strategy": found, "parent": parent})


def _read(request: HttpRequest) -> dict[str, str] | None:
    return request.POST.dict() if request.method == "POST" else None


def _answer(
    request: HttpRequest, form: SourceForm, template: str, page: dict[str, object]
) -> HttpResponse:
    """Show a form, check its source, or keep it and lead to the version."""
    status = 200
    if request.method == "POST":
        try:
            if request.POST.get("action") == "check":
                form.look()
            else:
                return _lead(request, *form.submit())
        except HewstonError as failure:
            status = status_of(failure)
    shown = {**page, "form": form}
    return render(request, template, shown, status=status)


def _lead(request: HttpRequest, version: StrategyVersion, is_new: bool) -> HttpResponse:  # noqa: FBT001 (as it comes)
    strategy = version.strategy
    if is_new:
        messages.info(request, f"Version {version.number} of {strategy.slug} is saved.")
    else:
        messages.info(
            request,
            f"This is version {version.number} of {strategy.slug} already: nothing was saved.",
        )
    owner = strategy.owner.get_username()
    return redirect("strategy-version", owner, strategy.slug, version.number)


@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: HttpRequest) -> HttpResponse:
    """Take a Python file as a strategy, or as the next version of one."""
    form, status = ImportForm(user=cast("User", request.user), given=request.POST.dict()), 200
    if request.method == "POST":
        try:
            upload = read_upload(request)
            names = upload.names if upload else []
            path = upload.folder / names[0] if upload and len(names) == 1 else None
            data = path.read_bytes() if path else None
            return _lead(request, *form.submit(names[0] if names else "", data))
        except HewstonError as failure:
            form.problem = failure
            status = status_of(failure)
    page = {"form": form}
    return render(request, "strategies/import.html", page, status=status)
