"""The catalogue of datasets."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.datasets.forms import DatasetFilter
from apps.datasets.models import Dataset
from apps.datasets.views.ingests import is_any_live, list_ingests
from hewston.http import send_csv

_PAGE = 50
_LATEST_INGESTS = 5


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """List datasets."""
    form = DatasetFilter(request.GET)
    found = form.apply(Dataset.objects.visible_to(request.user)).prefetch_related("revisions")
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    ingests = list_ingests(request)[:_LATEST_INGESTS]
    shown = {"page": page, "form": form, "ingests": ingests, "is_live": is_any_live(ingests)}
    return render(request, "datasets/datasets.html", shown)


@require_safe
def export_datasets(request: HttpRequest) -> HttpResponse:
    """Give the list of datasets as CSV."""
    found = DatasetFilter(request.GET).apply(Dataset.objects.visible_to(request.user))
    names = ("dataset_id", "symbol", "provider", "venue_code", "interval", "from_date", "to_date")
    header = [*names, "rows", "created_at"]
    return send_csv("datasets.csv", header, found.values_list(*header))
