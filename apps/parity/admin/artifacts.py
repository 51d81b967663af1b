"""Bridge artifacts for administrators."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from apps.parity.actions import cancel_draft, delete_artifact
from apps.parity.models import BridgeArtifact, BridgeDraft
from apps.permissions.admin import OwnedAdmin


class ArtifactAdmin(OwnedAdmin):
    """Bridge artifacts, which can be deleted."""

    list_display = ("id", "name", "kind", "symbol", "interval", "trades", "owner", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("id", "name", "symbol", "filename", "owner__username")
    actions = ("delete",)

    def view_on_site(self, artifact: BridgeArtifact) -> str:
        """Link to the page of it."""
        return reverse("artifact", args=[artifact.pk])

    @admin.action(description="Delete", permissions=["act"])
    def delete(self, request: HttpRequest, rows: QuerySet[BridgeArtifact]) -> None:
        """Remove artifacts with their files."""
        self.act(request, rows, lambda one: delete_artifact(artifact=one), done="deleted")


class BridgeDraftAdmin(OwnedAdmin):
    """Uploads that nobody has kept yet; they can be cancelled."""

    list_display = ("id", "filename", "owner", "changed_at")
    search_fields = ("id", "filename", "owner__username")
    actions = ("cancel",)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[BridgeDraft]) -> None:
        """Forget uploads with their files."""
        self.act(request, rows, lambda one: cancel_draft(draft=one), done="cancelled")
