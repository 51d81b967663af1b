"""The tabs of a run: log and manifest."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.runs.views.finding import find_finished, find_run, reading_run
from hewston.body import read_query
from hewston.http import send_file
from hewston.pipeline import artifacts
from hewston.pipeline.fields import Rule
from hewston.taskqueue import LEVELS, read_lines, read_log

_LINES = 500  # of a log that its page shows
LOG_FIELDS: dict[str, Rule] = {
    "level": {"type": "str", "default": "info", "choices": LEVELS},
    "after": {"type": "int", "default": 0, "min": 0, "max": 10**9},
}


@require_safe
def logs(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show the end of a run's log; its script adds the lines that come."""
    run = find_run(request, run_id)
    level = request.GET.get("level", "")
    level = level if level in LEVELS else LEVELS[0]
    lines, known = read_lines(run.pk, level=level)
    page = {
        "run": run,
        "lines": lines[-_LINES:],
        "left_out": max(len(lines) - _LINES, 0),
        "known": known,
        "level": level,
        "levels": LEVELS,
    }
    return render(request, "runs/logs.html", page)


@require_safe
def log_lines(request: HttpRequest, run_id: str) -> JsonResponse:
    """Give the lines of a log after so many, how many there are, and whether the run is over."""
    run = find_run(request, run_id)
    asked = read_query(request, LOG_FIELDS)
    is_over = run.is_over  # before the log is read: no line comes later
    lines, known = read_lines(run.pk, after=asked["after"], level=asked["level"])
    told = [{"level": line.level, "text": line.text} for line in lines[-_LINES:]]
    return JsonResponse({"lines": told, "known": known, "is_over": is_over})


@require_safe
def log_file(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give a whole log as text, times in UTC."""
    run = find_run(request, run_id)
    headers = {"Content-Disposition": f'attachment; filename="log-{run.pk}.txt"'}
    text = read_log(run.pk, last=None)
    return HttpResponse(
        f"{text}\n" if text else "", content_type="text/plain; charset=utf-8", headers=headers
    )


@require_safe
def manifest_file(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give a run's manifest as it is stored."""
    run = find_finished(request, run_id)
    with reading_run(run):
        return send_file(run.folder / artifacts.MANIFEST_FILE, "application/json")
