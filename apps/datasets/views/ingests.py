"""Data on its way in."""

from collections.abc import Iterable
from typing import cast

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.datasets.actions import cancel_ingest, retry_ingest
from apps.datasets.forms import IngestForm
from apps.datasets.models import Ingest
from apps.permissions.models import User
from hewston.http import status_of, telling
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.sources.capabilities import SOURCES
from hewston.taskqueue import read_log
from hewston.uploads import read_upload

_PAGE = 50


def list_ingests(request: HttpRequest) -> QuerySet[Ingest]:
    """Give those that may be seen, with what they became."""
    return Ingest.objects.visible_to(request.user).prefetch_related("revisions")


def is_any_live(ingests: Iterable[Ingest]) -> bool:
    """Tell whether one of them is not over."""
    return any(not ingest.is_over for ingest in ingests)


@require_safe
def ingests(request: HttpRequest) -> HttpResponse:
    """List ingests, also those that failed: the newest first."""
    page = Paginator(list_ingests(request), _PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "is_live": is_any_live(page.object_list)}
    return render(request, "datasets/ingests.html", shown)


@require_safe
def ingest(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Show one ingest: its files, what they became or why not, and its log."""
    found = get_object_or_404(list_ingests(request), pk=ingest_id)
    return render(request, "datasets/ingest.html", {"ingest": found, "log": read_log(found.pk)})


@require_http_methods(["GET", "HEAD", "POST"])
def new_dataset(request: HttpRequest) -> HttpResponse:
    """Bring data in: send files, take them from the inbox, or make the sample year."""
    form = IngestForm(request.POST or request.GET, user=cast(User, request.user))
    status = 200
    if request.method == "POST":
        try:
            begun = form.submit(upload=read_upload(request))
        except HewstonError as problem:
            form.problem, status = problem, status_of(problem)
        else:
            return redirect("ingest" if isinstance(begun, Ingest) else "draft", begun.pk)
    page = {"form": form, "most_bytes": settings.UPLOAD_BYTES, "inbox_folder": settings.INBOX}
    page["sources"] = SOURCES
    return render(request, "datasets/new.html", page, status=status)


@require_POST
def cancel(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Stop an ingest."""
    found = get_object_or_404(list_ingests(request), pk=ingest_id)
    with telling(request):
        cancel_ingest(ingest=found)
    return redirect("ingest", found.pk)


@require_POST
def retry(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Ask for the same files again."""
    found = get_object_or_404(list_ingests(request), pk=ingest_id)
    with telling(request):
        found = retry_ingest(ingest=found)
    return redirect("ingest", found.pk)
