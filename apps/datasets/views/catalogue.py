"""The catalogue of datasets, and what is done with several of them at once."""

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.datasets.actions import (
    archive_dataset,
    delete_dataset,
    restore_dataset,
    tag_dataset,
)
from apps.datasets.forms import DatasetFilter
from apps.datasets.models import Dataset
from apps.datasets.views.ingests import is_any_live, list_ingests
from hewston.http import send_csv
from hewston.pipeline.errors import HewstonError

_PAGE = 25
_LATEST_INGESTS = 5
_MOST_AT_ONCE = 100  # datasets that one request may change
_CSV = (
    *("dataset_id", "symbol", "provider", "venue_code", "interval", "from_date", "to_date"),
    *("rows", "created_at", "asset_class", "size_bytes", "revision_count", "warnings", "used_by"),
    *("archived_at", "notes"),
)


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """List datasets. Their figures are columns of the database: no file is opened."""
    form = DatasetFilter(request.GET)
    mine = Dataset.objects.visible_to(request.user)
    # Sorting moves ids only; the rows of the page follow.
    found = form.apply(mine).values_list("pk", flat=True)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    ids = list(page.object_list)
    rows = mine.filter(pk__in=ids).with_figures().prefetch_related("tags").in_bulk()
    ingests = list_ingests(request)[:_LATEST_INGESTS]
    shown = {
        "page": page,
        "rows": [rows[pk] for pk in ids],
        "form": form,
        "lists": form.list_choices(mine),
        "hidden": 0 if ids else mine.archived(only=True).count(),
        "ingests": ingests,
        "is_live": is_any_live(ingests),
    }
    return render(request, "datasets/datasets.html", shown)


@require_safe
def export_datasets(request: HttpRequest) -> HttpResponse:
    """Give the list of datasets, filtered and sorted as on the page, as CSV."""
    found = DatasetFilter(request.GET).apply(Dataset.objects.visible_to(request.user))
    tagged = found.prefetch_related("tags")
    rows = ((*(getattr(one, name) for name in _CSV), ", ".join(one.tag_names)) for one in tagged)
    return send_csv("datasets.csv", [*_CSV, "tags"], rows)


@require_POST
def change_datasets(request: HttpRequest) -> HttpResponse:
    """Tag, archive, restore or, once the person has said so twice, delete what was chosen."""
    ids = request.POST.getlist("id")[: _MOST_AT_ONCE + 1]
    query = request.POST.get("query", "")
    back = reverse("datasets") + (f"?{query}" if query else "")
    chosen = list(Dataset.objects.visible_to(request.user).filter(pk__in=ids).with_figures())
    if not chosen or len(ids) > _MOST_AT_ONCE:
        most = f"Choose at most {_MOST_AT_ONCE} datasets at once. Nothing was changed."
        messages.error(request, most if chosen else "Choose the datasets first.")
        return redirect(back)
    action, tags = request.POST.get("action", ""), request.POST.get("tags", "")
    if action == "delete" and "sure" not in request.POST:
        page = {"datasets": chosen, "query": query, "back": back}
        return render(request, "datasets/delete_several.html", page)
    verbs: dict[str, tuple[Callable[[Dataset], None], str]] = {
        "tag": (lambda one: tag_dataset(dataset=one, add=tags), "tagged"),
        "untag": (lambda one: tag_dataset(dataset=one, remove=tags), "without these tags now"),
        "archive": (lambda one: archive_dataset(dataset=one), "archived"),
        "restore": (lambda one: restore_dataset(dataset=one), "restored"),
        "delete": (lambda one: delete_dataset(dataset=one), "deleted"),
    }
    if action not in verbs or (action in {"tag", "untag"} and not tags.strip(", ")):
        messages.error(request, "Say which tags, or choose what to do. Nothing was changed.")
        return redirect(back)
    _do(request, chosen, *verbs[action])
    return redirect(back)


def _do(
    request: HttpRequest, chosen: list[Dataset], verb: Callable[[Dataset], None], done: str
) -> None:
    """Do something to each; one that refuses says why, and the others go on."""
    changed = 0
    for dataset in chosen:
        try:
            verb(dataset)
        except HewstonError as refusal:
            messages.error(request, refusal.message)
        else:
            changed += 1
    if changed:
        messages.info(request, f"{changed} dataset{'' if changed == 1 else 's'} {done}.")
