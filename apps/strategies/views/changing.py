"""What is done with one strategy."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.permissions.models import User
from apps.strategies.actions import (
    archive_strategy,
    delete_strategy,
    describe_strategy,
    duplicate_version,
    restore_strategy,
)
from apps.strategies.views.finding import get_strategy, get_version, read_number
from hewston.http import telling
from hewston.pipeline.errors import HewstonError

_WORDS = ("name", "description", "tags")


@require_POST
def describe(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Give a strategy another name, description and tags; what is not sent stays."""
    found = get_strategy(request, owner, slug)
    said = {word: request.POST[word] for word in _WORDS if word in request.POST}
    with telling(request):
        describe_strategy(strategy=found, **said)
    return redirect("strategy", owner, slug)


@require_POST
def archive(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Leave a strategy out of lists."""
    found = get_strategy(request, owner, slug)
    with telling(request):
        archive_strategy(strategy=found)
    return redirect("strategy", owner, slug)


@require_POST
def restore(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Bring an archived strategy back."""
    found = get_strategy(request, owner, slug)
    with telling(request):
        restore_strategy(strategy=found)
    return redirect("strategy", owner, slug)


@require_POST
def duplicate(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Begin a strategy of one's own with a version of this one, the newest if none is named."""
    found = get_strategy(request, owner, slug)
    version = get_version(found, read_number(request.POST, "number", found.newest))
    user = cast("User", request.user)
    try:
        copied = duplicate_version(version=version, owner=user, slug=request.POST.get("slug", ""))
    except HewstonError as failure:
        messages.error(request, failure.message)
        return redirect("strategy", owner, slug)
    return redirect("strategy", user.get_username(), copied.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, owner: str, slug: str) -> HttpResponse:
    """Remove a strategy with its versions, once the person has said so twice."""
    found = get_strategy(request, owner, slug)
    if request.method != "POST":
        return render(request, "strategies/delete.html", {"strategy": found})
    try:
        delete_strategy(strategy=found)
    except HewstonError as failure:
        messages.error(request, failure.message)
        return redirect("strategy-delete", owner, slug)
    messages.info(request, f"The strategy {found.slug} is deleted.")
    return redirect("strategies")
