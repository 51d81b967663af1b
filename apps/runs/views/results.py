"""The tabs of a run: log and manifest."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.runs.views.finding import find_finished, find_run, reading_run
from hewston.http import send_file
from hewston.pipeline import artifacts
from hewston.taskqueue import read_log


@require_safe
def logs(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show the end of a run's log."""
    run = find_run(request, run_id)
    return render(request, "runs/logs.html", {"run": run, "log": read_log(run.pk)})


@require_safe
def manifest_file(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give a run's manifest as it is stored."""
    run = find_finished(request, run_id)
    with reading_run(run):
        return send_file(run.folder / artifacts.MANIFEST_FILE, "application/json")
