"""Comparisons and certificates for administrators."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from apps.parity.actions import cancel_comparison, compare_again, delete_comparison
from apps.parity.models import Certificate, Comparison
from apps.permissions.admin import OwnedAdmin


class ComparisonAdmin(OwnedAdmin):
    """Comparisons; they can be cancelled, asked for again where they failed, and deleted."""

    list_display = (
        *("id", "artifact", "run", "python_artifact", "status", "verdict", "class_name", "cause"),
        *("owner", "created_at"),
    )
    list_filter = ("status", "verdict", "class_name", "cause", "created_at")
    list_select_related = ("owner", "artifact", "run", "python_artifact")
    search_fields = ("id", "artifact__id", "artifact__name", "run__id", "owner__username")
    heavy_fields = ("options", "warmup", "progress", "error", "sentence")
    actions = ("cancel", "again", "delete")

    def view_on_site(self, comparison: Comparison) -> str:
        """Link to the page of it."""
        return reverse("comparison", args=[comparison.pk])

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Comparison]) -> None:
        """Stop comparisons."""
        self.act(request, rows, lambda one: cancel_comparison(comparison=one), done="cancelled")

    @admin.action(description="Compare again", permissions=["act"])
    def again(self, request: HttpRequest, rows: QuerySet[Comparison]) -> None:
        """Ask for the same again, as the pipeline is now."""
        self.act(
            request,
            rows,
            lambda one: compare_again(comparison=one, change={}),
            done="asked for again",
        )

    @admin.action(description="Delete", permissions=["act"])
    def delete(self, request: HttpRequest, rows: QuerySet[Comparison]) -> None:
        """Remove comparisons with their files."""
        self.act(request, rows, lambda one: delete_comparison(comparison=one), done="deleted")


class CertificateAdmin(OwnedAdmin):
    """Certificates, to be read: nothing changes one."""

    list_display = ("id", "version", "verdict", "comparison", "owner", "created_at", "sha256")
    list_filter = ("verdict", "created_at")
    list_select_related = ("owner", "version__strategy", "comparison")
    search_fields = ("id", "sha256", "version__strategy__slug", "owner__username")
    heavy_fields = ("content", "sentence")

    def view_on_site(self, certificate: Certificate) -> str:
        """Link to the page of its version."""
        version = certificate.version
        place = [version.strategy.owner.get_username(), version.strategy.slug, version.number]
        return reverse("strategy-version", args=place)
