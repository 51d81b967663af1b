"""Strategies and their versions for administrators."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from apps.permissions.admin import OwnedAdmin, RowAdmin
from apps.strategies.actions import archive_strategy, cancel_check, restore_strategy, retry_check
from apps.strategies.models import Strategy, StrategyCheck, StrategyVersion


class StrategyAdmin(OwnedAdmin):
    """Strategies; they can be archived and restored."""

    list_display = ("slug", "name", "owner", "language", "created_at", "archived_at")
    list_filter = ("language", "created_at", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("slug", "name", "description", "owner__username", "tags__name")
    heavy_fields = ("description",)
    actions = ("archive", "restore")

    def view_on_site(self, strategy: Strategy) -> str:
        """Link to the page of it."""
        return reverse("strategy", args=[strategy.owner.get_username(), strategy.slug])

    @admin.action(description="Archive", permissions=["act"])
    def archive(self, request: HttpRequest, rows: QuerySet[Strategy]) -> None:
        """Leave strategies out of lists."""
        self.act(request, rows, lambda one: archive_strategy(strategy=one), done="archived")

    @admin.action(description="Restore", permissions=["act"])
    def restore(self, request: HttpRequest, rows: QuerySet[Strategy]) -> None:
        """Bring archived strategies back."""
        self.act(request, rows, lambda one: restore_strategy(strategy=one), done="restored")


class VersionAdmin(RowAdmin):
    """Versions of strategies, to be read: nothing changes one."""

    list_display = ("__str__", "author", "created_at", "sha256")
    list_filter = ("created_at",)
    list_select_related = ("strategy", "author")
    search_fields = ("strategy__slug", "strategy__owner__username", "sha256", "note")
    heavy_fields = ("source", "params", "options", "docstring")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StrategyVersion]:
        """Begin with strategies that the person may see anywhere."""
        strategies = Strategy.objects.visible_to(request.user)
        return super().get_queryset(request).filter(strategy__in=strategies)

    def view_on_site(self, version: StrategyVersion) -> str:
        """Link to the page of it."""
        strategy = version.strategy
        place = [strategy.owner.get_username(), strategy.slug, version.number]
        return reverse("strategy-version", args=place)


class CheckAdmin(OwnedAdmin):
    """Checks of versions; they can be cancelled, and asked for again."""

    list_display = ("id", "version", "revision", "status", "verdict", "owner", "created_at")
    list_filter = ("status", "verdict", "created_at")
    list_select_related = ("owner", "version__strategy", "revision")
    search_fields = ("id", "version__strategy__slug", "owner__username")
    heavy_fields = ("params", "sentence", "result", "progress", "error")
    actions = ("cancel", "retry")

    def view_on_site(self, check: StrategyCheck) -> str:
        """Link to the page of it."""
        return reverse("strategy-check", args=check.place)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[StrategyCheck]) -> None:
        """Stop checks."""
        self.act(request, rows, lambda check: cancel_check(check=check), done="cancelled")

    @admin.action(description="Retry", permissions=["act"])
    def retry(self, request: HttpRequest, rows: QuerySet[StrategyCheck]) -> None:
        """Ask for the same checks again."""
        self.act(request, rows, lambda check: retry_check(check=check), done="asked for again")
