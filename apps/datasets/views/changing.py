"""What is done with one dataset."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.datasets.actions import (
    archive_dataset,
    delete_dataset,
    describe_dataset,
    restore_dataset,
)
from apps.datasets.models import Dataset
from hewston.http import telling
from hewston.pipeline.errors import HewstonError


def _find(request: HttpRequest, dataset_id: str) -> Dataset:
    mine = Dataset.objects.visible_to(request.user)
    return get_object_or_404(mine.with_figures(), pk=dataset_id)


@require_POST
def describe(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Give a dataset notes and tags."""
    found = _find(request, dataset_id)
    said = {name: request.POST[name] for name in ("notes", "tags") if name in request.POST}
    with telling(request):
        describe_dataset(dataset=found, **said)
    return redirect("dataset", found.pk)


@require_POST
def archive(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Leave a dataset out of lists."""
    found = _find(request, dataset_id)
    with telling(request):
        archive_dataset(dataset=found)
    return redirect("dataset", found.pk)


@require_POST
def restore(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Bring an archived dataset back."""
    found = _find(request, dataset_id)
    with telling(request):
        restore_dataset(dataset=found)
    return redirect("dataset", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Remove a dataset that no run uses, once the person has said so twice."""
    found = _find(request, dataset_id)
    if request.method != "POST":
        return render(request, "datasets/delete.html", {"dataset": found})
    try:
        delete_dataset(dataset=found)
    except HewstonError as failure:
        messages.error(request, failure.message)
        return redirect("dataset-delete", found.pk)
    messages.info(request, f"Dataset {found.pk} is deleted.")
    return redirect("datasets")
