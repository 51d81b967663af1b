"""Tables before they are brought in, and what is kept of how they are read."""

from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.datasets.actions import cancel_draft, delete_preset, draft_again, rename_preset
from apps.datasets.forms import DraftForm
from apps.datasets.models import Ingest, TableDraft, TablePreset
from apps.permissions.models import User
from hewston.http import status_of, telling
from hewston.pipeline.errors import HewstonError


@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, draft_id: str) -> HttpResponse:
    """Show what a table would become, change how it is read, and bring it in."""
    found = get_object_or_404(TableDraft.objects.visible_to(request.user), pk=draft_id)
    is_changed, act = request.method == "POST", request.POST.get("act", "")
    given = request.POST if is_changed else None
    form = DraftForm(found, user=cast("User", request.user), given=given)
    page: dict[str, object] = {"draft": found, "form": form}
    status = 200
    if act == "keep" and (kept := form.keep(request.POST.get("preset_name", ""))):
        messages.success(request, f"{kept.name} is kept: choose it for other files.")
    if act == "import":
        try:
            return redirect("ingest", form.submit().pk)
        except HewstonError as problem:
            page["problem"], status = problem, status_of(problem)
    if form.errors or form.problem or form.preset_problem:
        status = 422
    elif is_changed and status == HTTPStatus.OK and not request.headers.get("HX-Request"):
        return redirect("draft", found.pk)  # so that loading the page again sends nothing
    return render(request, "datasets/draft.html", page, status=status)


@require_POST
def cancel_table_draft(request: HttpRequest, draft_id: str) -> HttpResponse:
    """Forget a table that was not brought in, with its files."""
    found = get_object_or_404(TableDraft.objects.visible_to(request.user), pk=draft_id)
    with telling(request):
        cancel_draft(draft=found)
        messages.success(request, "Nothing was brought in, and the files that were sent are gone.")
    return redirect("dataset-new")


@require_POST
def look_again(request: HttpRequest, ingest_id: str) -> HttpResponse:
    """Show the preview of tables whose ingest failed."""
    found = get_object_or_404(Ingest.objects.visible_to(request.user), pk=ingest_id)
    try:
        again = draft_again(ingest=found)
    except HewstonError as problem:
        messages.error(request, problem.message)
        return redirect("ingest", found.pk)
    return redirect("draft", again.pk)


@require_safe
def presets(request: HttpRequest) -> HttpResponse:
    """List what a person keeps of how tables are read."""
    mine = TablePreset.objects.visible_to(request.user).filter(owner=cast("User", request.user))
    return render(request, "datasets/presets.html", {"presets": mine})


@require_POST
def rename(request: HttpRequest, preset_id: int) -> HttpResponse:
    """Give a preset another name."""
    found = get_object_or_404(TablePreset.objects.visible_to(request.user), pk=preset_id)
    with telling(request):
        rename_preset(preset=found, name=request.POST.get("name", ""))
        messages.success(request, f"It is called {found.name} now.")
    return redirect("presets")


@require_POST
def forget(request: HttpRequest, preset_id: int) -> HttpResponse:
    """Delete a preset."""
    found = get_object_or_404(TablePreset.objects.visible_to(request.user), pk=preset_id)
    delete_preset(preset=found)
    messages.success(request, f"{found.name} is deleted. What was brought in with it stays.")
    return redirect("presets")
