"""Datasets, revisions and ingests for administrators."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.actions import delete_selected as ask_first
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.datasets.actions import (
    archive_dataset,
    cancel_draft,
    cancel_equality,
    cancel_ingest,
    delete_dataset,
    delete_preset,
    restore_dataset,
    retry_ingest,
)
from apps.datasets.models import Dataset, Equality, Ingest, Revision, TableDraft, TablePreset
from apps.permissions.admin import OwnedAdmin, RowAdmin


class DatasetAdmin(OwnedAdmin):
    """Datasets; they can be archived, restored and deleted."""

    list_display = (
        "dataset_id",
        "owner",
        "symbol",
        "interval",
        "from_date",
        "to_date",
        "provider",
        "venue_code",
        "status",
        "created_at",
        "archived_at",
    )
    list_filter = (
        *("status", "provider", "interval", "created_at"),
        ("archived_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("dataset_id", "symbol", "venue_code", "notes", "tags__name")
    heavy_fields = ("instrument", "notes")
    actions = ("archive", "restore", "delete_selected")

    def view_on_site(self, dataset: Dataset) -> str:
        """Link to the page of it."""
        return reverse("dataset", args=[dataset.pk])

    @admin.action(description="Archive", permissions=["act"])
    def archive(self, request: HttpRequest, rows: QuerySet[Dataset]) -> None:
        """Leave datasets out of lists."""
        self.act(request, rows, lambda one: archive_dataset(dataset=one), done="archived")

    @admin.action(description="Restore", permissions=["act"])
    def restore(self, request: HttpRequest, rows: QuerySet[Dataset]) -> None:
        """Bring archived datasets back."""
        self.act(request, rows, lambda one: restore_dataset(dataset=one), done="restored")

    # Under this name Django's own page, which asks first, sends its answer back here.
    @admin.action(description="Delete", permissions=["act"])
    def delete_selected(self, request: HttpRequest, rows: QuerySet[Dataset]) -> HttpResponse | None:
        """Remove datasets that no run uses, once the person has said so twice."""
        if "post" not in request.POST:
            return ask_first(self, request, rows)
        self.act(request, rows, lambda one: delete_dataset(dataset=one), done="deleted")
        return None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:  # noqa: ANN401 (Django's own signature)
        """Name what the page that asks first lists."""
        del request
        return [str(dataset) for dataset in objs[:100]], {"datasets": len(objs)}, set(), []


class RevisionAdmin(RowAdmin):
    """Revisions, to be read."""

    list_display = ("dataset_id", "number", "rows", "size_bytes", "warnings", "generated_at")
    list_filter = ("generated_at",)
    search_fields = ("dataset__dataset_id", "bars_sha256")
    heavy_fields = ("raw_files",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        """Begin with datasets that the person may see anywhere."""
        datasets = Dataset.objects.visible_to(request.user)
        return super().get_queryset(request).filter(dataset__in=datasets)

    def view_on_site(self, revision: Revision) -> str:
        """Link to the page of its dataset."""
        return reverse("dataset", args=[revision.dataset_id]) + f"?revision={revision.number}"


class IngestAdmin(OwnedAdmin):
    """Ingests; they can be cancelled and tried again."""

    list_display = ("id", "status", "owner", "attempt", "created_at", "started_at", "ended_at")
    list_filter = ("status", "created_at")
    search_fields = ("id", "owner__username")
    heavy_fields = ("sources", "options", "left_out", "progress", "error")
    actions = ("cancel", "retry")

    def view_on_site(self, ingest: Ingest) -> str:
        """Link to the page of it."""
        return reverse("ingest", args=[ingest.pk])

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Ingest]) -> None:
        """Stop ingests."""
        self.act(request, rows, lambda ingest: cancel_ingest(ingest=ingest), done="cancelled")

    @admin.action(description="Retry", permissions=["act"])
    def retry(self, request: HttpRequest, rows: QuerySet[Ingest]) -> None:
        """Ask for the same files again."""
        self.act(request, rows, lambda ingest: retry_ingest(ingest=ingest), done="asked for again")


class EqualityAdmin(OwnedAdmin):
    """Comparisons with other bars; they can be cancelled."""

    list_display = ("id", "revision", "status", "verdict", "owner", "attempt", "created_at")
    list_filter = ("status", "verdict", "created_at")
    list_select_related = ("owner", "revision")
    search_fields = ("id", "revision__dataset__dataset_id", "owner__username")
    heavy_fields = ("sources", "options", "files", "counts", "progress", "error")
    actions = ("cancel",)

    def view_on_site(self, equality: Equality) -> str:
        """Link to the page of it."""
        return reverse("equality", args=[equality.revision.dataset_id, equality.pk])

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Equality]) -> None:
        """Stop comparisons."""
        self.act(
            request, rows, lambda equality: cancel_equality(equality=equality), done="cancelled"
        )


class DraftAdmin(OwnedAdmin):
    """Tables that somebody previews; they can be cancelled."""

    list_display = ("id", "owner", "created_at", "changed_at")
    list_filter = ("created_at",)
    search_fields = ("id", "owner__username")
    heavy_fields = ("sources", "options")
    actions = ("cancel",)

    def view_on_site(self, draft: TableDraft) -> str:
        """Link to the page of it."""
        return reverse("draft", args=[draft.pk])

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[TableDraft]) -> None:
        """Forget drafts, with the files that were sent."""
        self.act(request, rows, lambda draft: cancel_draft(draft=draft), done="cancelled")


class PresetAdmin(OwnedAdmin):
    """What somebody says of every table of a kind; presets can be deleted."""

    list_display = ("name", "owner", "created_at")
    list_filter = ("created_at",)
    search_fields = ("name", "owner__username")
    heavy_fields = ("options",)
    actions = ("forget",)

    @admin.action(description="Delete", permissions=["act"])
    def forget(self, request: HttpRequest, rows: QuerySet[TablePreset]) -> None:
        """Delete presets; what was brought in with them stays."""
        self.act(request, rows, lambda preset: delete_preset(preset=preset), done="deleted")
