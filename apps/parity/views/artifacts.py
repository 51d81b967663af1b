"""Bridge artifacts: the list, an upload that is looked at, and one artifact."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.parity import actions
from apps.parity.forms import ArtifactFilter, UploadForm
from apps.parity.models import BridgeArtifact, BridgeDraft
from apps.permissions.models import User
from hewston.http import reading, send_csv, send_named, status_of, telling
from hewston.pipeline.errors import HewstonError, InputError
from hewston.uploads import read_upload

_PAGE = 25


@require_safe
def parity(request: HttpRequest) -> HttpResponse:
    """List bridge artifacts. Their figures are columns of the database: no file is opened."""
    form = ArtifactFilter(request.GET)
    mine = BridgeArtifact.objects.visible_to(request.user)
    found = form.apply(mine).select_related("owner")
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    shown = {
        "page": page,
        "rows": list(page.object_list),
        "form": form,
        "lists": form.list_choices(mine),
    }
    return render(request, "parity/artifacts.html", shown)


@require_safe
def artifacts_csv(request: HttpRequest) -> HttpResponse:
    """Give the list, filtered and sorted as on the page, as CSV."""
    form = ArtifactFilter(request.GET)
    found = form.apply(BridgeArtifact.objects.visible_to(request.user)).select_related("owner")
    rows = [actions.describe_artifact(one) for one in found]
    header = list(rows[0]) if rows else ["artifact_id"]
    return send_csv("bridge-artifacts.csv", header, [list(row.values()) for row in rows])


@require_http_methods(["GET", "HEAD", "POST"])
def new_artifact(request: HttpRequest) -> HttpResponse:
    """Take an upload, and lead to what it would become."""
    problem, status = None, 200
    if request.method == "POST":
        try:
            upload = read_upload(request)
            if upload is None or len(upload.names) != 1:
                raise InputError("Choose one file: what TradingView exported.", field="files")
            draft = actions.start_draft(owner=cast("User", request.user), upload=upload)
        except HewstonError as refusal:
            problem, status = refusal, status_of(refusal)
        else:
            return redirect("bridge-draft", draft.pk)
    page = {"problem": problem, "most_bytes": min(settings.UPLOAD_BYTES, actions.MOST_BYTES)}
    return render(request, "parity/artifact_new.html", page, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, bridge_draft_id: str) -> HttpResponse:
    """Show what an upload would become, change what is said of it, and keep it."""
    found = get_object_or_404(
        BridgeDraft.objects.visible_to(request.user).select_related("owner"), pk=bridge_draft_id
    )
    form, status = UploadForm(found), 200
    if request.method == "POST":
        try:
            form.change(request.POST.dict())
            if request.POST.get("act") == "keep":
                kept, is_new = form.keep()
                said = "is kept" if is_new else "was kept before: nothing is there twice"
                messages.success(request, f"Bridge artifact {kept.pk} {said}.")
                return redirect("artifact", kept.pk)
        except HewstonError as problem:
            form.problem, status = problem, status_of(problem)
        else:
            return redirect("bridge-draft", found.pk)
    page = {"draft": found, "form": form, "shown": form.shown}
    return render(request, "parity/artifact_draft.html", page, status=status)


@require_POST
def cancel_draft(request: HttpRequest, bridge_draft_id: str) -> HttpResponse:
    """Forget an upload that was not kept."""
    found = get_object_or_404(BridgeDraft.objects.visible_to(request.user), pk=bridge_draft_id)
    with telling(request):
        actions.cancel_draft(draft=found)
        messages.success(request, "Nothing was kept, and the file that was sent is gone.")
    return redirect("parity-new")


@require_safe
def artifact(request: HttpRequest, artifact_id: str) -> HttpResponse:
    """Show one artifact: what the export says, and what can be done with it."""
    found = _find(request, artifact_id)
    with reading("bridge artifact", found.pk):
        facts = found.read_facts()
        trades = actions.read_artifact_trades(artifact=found)
    query = actions.suggest_run(facts=facts)
    page = {"artifact": found, "facts": facts, "trades": trades, "run_query": query}
    return render(request, "parity/artifact.html", page)


@require_safe
def artifact_file(request: HttpRequest, artifact_id: str) -> HttpResponse:
    """Give the upload as it came."""
    found = _find(request, artifact_id)
    with reading("bridge artifact", found.pk, found.file):
        return send_named(found.file, found.filename)


@require_http_methods(["GET", "HEAD", "POST"])
def delete_artifact(request: HttpRequest, artifact_id: str) -> HttpResponse:
    """Ask whether an artifact shall go, and remove it."""
    found = _find(request, artifact_id)
    if request.method != "POST":
        return render(request, "parity/artifact_delete.html", {"artifact": found})
    try:
        actions.delete_artifact(artifact=found)
    except HewstonError as refusal:
        messages.error(request, refusal.message)
        return redirect("artifact", artifact_id)
    messages.success(request, f"Bridge artifact {artifact_id} is deleted.")
    return redirect("parity")


def _find(request: HttpRequest, artifact_id: str) -> BridgeArtifact:
    mine = BridgeArtifact.objects.visible_to(request.user).select_related("owner")
    return get_object_or_404(mine, pk=artifact_id)
