"""What is done with several runs at once."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.runs.actions import MOST_AT_ONCE, change_runs
from apps.runs.models import Run, RunQuerySet
from apps.runs.views.lists import send_runs
from hewston.http import telling

_FEWEST_COMPARED, _MOST_COMPARED = 2, 6
_DONE = {
    "tag": "tagged",
    "untag": "without these tags now",
    "archive": "archived",
    "restore": "restored",
    "delete": "deleted",
}


@require_POST
def change(request: HttpRequest) -> HttpResponseBase:
    """Compare, export, tag, archive, restore or, once it was said twice, delete what is chosen."""
    ids = request.POST.getlist("id")[: MOST_AT_ONCE + 1]
    query = request.POST.get("query", "")
    back = reverse("runs") + (f"?{query}" if query else "")
    chosen = Run.objects.visible_to(request.user).filter(pk__in=ids)
    if len(ids) > MOST_AT_ONCE or not chosen.exists():
        most = f"Choose at most {MOST_AT_ONCE} runs at once. Nothing was changed."
        messages.error(request, most if len(ids) > MOST_AT_ONCE else "Choose the runs first.")
        return redirect(back)
    action = request.POST.get("action", "")
    asks: dict[str, Callable[[], HttpResponseBase]] = {
        "compare": lambda: _compare(request, ids, back),
        "export": lambda: send_runs(request, chosen),
    }
    if action == "delete" and "sure" not in request.POST:
        page = {"runs": chosen.select_related("dataset"), "query": query, "back": back}
        return render(request, "runs/delete_several.html", page)
    if action in asks:
        return asks[action]()
    one = chosen[0].pk if "stay" in request.POST else None  # sent by the page of a run
    _do(request, chosen, action)
    return redirect(back) if one is None else redirect("run", one)


def _compare(request: HttpRequest, ids: list[str], back: str) -> HttpResponse:
    """Lead to the page that compares, where these may be compared."""
    if not _FEWEST_COMPARED <= len(ids) <= _MOST_COMPARED:
        messages.error(
            request, f"Choose {_FEWEST_COMPARED} to {_MOST_COMPARED} runs to compare them."
        )
        return redirect(back)
    return redirect(f"{reverse('runs')}compare/?ids={','.join(ids)}")


def _do(request: HttpRequest, chosen: RunQuerySet, action: str) -> None:
    """Do something to each; one that refuses says why, and the others go on."""
    with telling(request):
        changed, refused = change_runs(
            runs=chosen, action=action, tags=request.POST.get("tags", "")
        )
        for _, refusal in refused:
            messages.error(request, refusal.message)
        if changed:
            count = len(changed)
            messages.info(request, f"{count} run{'' if count == 1 else 's'} {_DONE[action]}.")
