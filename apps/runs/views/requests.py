"""Pages that ask for runs and change them."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.permissions.models import User
from apps.runs.actions import cancel_run, delete_run, describe_run, retry_run
from apps.runs.forms import RunForm
from apps.runs.views.finding import find_run
from hewston.http import (
    status_of,
    telling,
)
from hewston.pipeline.errors import HewstonError


@require_http_methods(["GET", "HEAD", "POST"])
def new_run(request: HttpRequest) -> HttpResponse:
    """Ask for a run, from nothing or from what decided another one."""
    user = cast(User, request.user)
    source = request.GET.get("from_run", "")
    from_run = find_run(request, source) if source else None
    given = request.POST if request.method == "POST" else request.GET
    form = (
        RunForm.of_run(user=user, run=from_run)
        if from_run
        else RunForm(user=user, given=given.dict())
    )
    status = 200
    if request.method == "POST":
        try:
            run, created = form.submit()
        except HewstonError as failure:
            status = status_of(failure)
        else:
            if not created:
                messages.info(request, f"Run {run.pk} has the same inputs: nothing was computed.")
            return redirect("run", run.pk)
    return render(request, "runs/new.html", {"form": form, "from_run": from_run}, status=status)


@require_POST
def cancel(request: HttpRequest, run_id: str) -> HttpResponse:
    """Stop a run."""
    run = find_run(request, run_id)
    with telling(request):
        cancel_run(run=run)
    return redirect("run", run.pk)


@require_POST
def retry(request: HttpRequest, run_id: str) -> HttpResponse:
    """Ask again for a run that failed or was cancelled."""
    run = find_run(request, run_id)
    with telling(request):
        run, _ = retry_run(run=run)
    return redirect("run", run.pk)


@require_POST
def describe(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give a run a name, a note and tags; what is not sent stays."""
    run = find_run(request, run_id)
    said = {word: request.POST.get(word) for word in ("name", "note", "tags")}
    with telling(request):
        describe_run(run=run, **said)
    return redirect("run", run.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, run_id: str) -> HttpResponse:
    """Remove a run, once the person has said so twice."""
    run = find_run(request, run_id)
    if request.method != "POST":
        return render(request, "runs/delete.html", {"run": run})
    try:
        delete_run(run=run)
    except HewstonError as failure:
        messages.error(request, failure.message)
        return redirect("run", run.pk)
    messages.info(request, f"Run {run.pk} is deleted.")
    return redirect("runs")
