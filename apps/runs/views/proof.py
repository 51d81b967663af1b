"""Proving a run, and taking it to another machine."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.permissions.models import User
from apps.runs.actions import (
    BUNDLE_FIELDS,
    cancel_reproduction,
    import_upload,
    request_reproduction,
    tag_bundle,
    verify_run,
    write_bundle,
)
from apps.runs.models import Run
from apps.runs.views.finding import find_finished, find_run, reading_run
from hewston.body import read_query
from hewston.frames import send_made
from hewston.http import DamagedError, status_of, telling
from hewston.pipeline import artifacts
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.store import read_json
from hewston.taskqueue import Status
from hewston.uploads import read_upload

_REPRODUCTIONS = 20  # shown


@require_safe
def manifest(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show what decided a run, and what proves its results; also of a run that is damaged."""
    run = find_finished(request, run_id)
    reproductions = run.reproductions.select_related("owner")[:_REPRODUCTIONS]
    page: dict[str, object] = {"run": run, "reproductions": list(reproductions)}
    try:
        with reading_run(run):
            page["manifest"] = read_json(run.folder / artifacts.MANIFEST_FILE)
    except DamagedError as damage:
        page["damage"] = damage.sentence
    return render(request, "runs/manifest.html", page, status=409 if "damage" in page else 200)


@require_POST
def verify(request: HttpRequest, run_id: str) -> HttpResponse:
    """Compare a run's files with what was recorded of them."""
    run = find_run(request, run_id)
    with telling(request):
        verify_run(run=run)
    return _return_to(run)


@require_POST
def reproduce(request: HttpRequest, run_id: str) -> HttpResponse:
    """Ask for a run to be computed again."""
    run = find_run(request, run_id)
    with telling(request):
        request_reproduction(owner=cast("User", request.user), run=run)
    return _return_to(run)


@require_POST
def stop_reproducing(request: HttpRequest, run_id: str) -> HttpResponse:
    """Stop computing it again."""
    run = find_run(request, run_id)
    with telling(request):
        cancel_reproduction(run=run)
    return _return_to(run)


def _return_to(run: Run) -> HttpResponse:
    """Go back to what says why not: a run without results has no manifest."""
    return redirect("run-manifest" if run.status == Status.DONE else "run", run.pk)


@require_safe
def bundle(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Give a run as a file that another machine takes."""
    run = find_finished(request, run_id)
    with_data = read_query(request, BUNDLE_FIELDS)["data"]
    return send_made(
        request,
        lambda path: write_bundle(run=run, path=path, with_data=with_data),
        kind="zip",
        etag=tag_bundle(run, with_data=with_data),
        name=f"run-{run.pk}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def import_run(request: HttpRequest) -> HttpResponse:
    """Take a run in that was exported elsewhere."""
    status = 200
    page: dict[str, object] = {"most_bytes": settings.UPLOAD_BYTES}
    if request.method == "POST":
        try:
            run, created = import_upload(
                owner=cast("User", request.user), upload=read_upload(request)
            )
        except HewstonError as problem:
            page["problem"], status = problem, status_of(problem)
        else:
            said = "" if created else f"Run {run.pk} is the same: nothing was stored."
            if said:
                messages.info(request, said)
            return redirect("run-manifest", run.pk)
    return render(request, "runs/import.html", page, status=status)
