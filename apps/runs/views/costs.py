"""A run's cost ladder."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.runs.actions import climb_ladder, explain_no_ladder, leave_ladder, read_ladder
from apps.runs.views.finding import find_run
from hewston.http import telling


@require_http_methods(["GET", "HEAD", "POST"])
def costs(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show what a run earns at multiples of its costs and at both clocks, or ask for that."""
    run = find_run(request, run_id)
    if request.method == "POST":
        with telling(request):
            _, new = climb_ladder(run=run)
            if not new:
                messages.info(request, "Every run of the ladder was there: nothing was computed.")
        return redirect("run-costs", run.pk)
    page = {"run": run, "ladder": read_ladder(run=run), "problem": explain_no_ladder(run=run)}
    return render(request, "runs/costs.html", page)


@require_POST
def cancel_costs(request: HttpRequest, run_id: str) -> HttpResponse:
    """Cancel the runs of a ladder that are not over."""
    run = find_run(request, run_id)
    with telling(request):
        leave_ladder(run=run)
    return redirect("run-costs", run.pk)
