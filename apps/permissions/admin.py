"""People and tokens for administrators, and what the rows of every app have in common there."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from apps.permissions.actions import revoke_token
from apps.permissions.models import Token, User
from hewston.pipeline.errors import HewstonError

MOST_AT_ONCE = 100  # rows that one action may change: more would hold the request up


class RowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in its stubs alone
    """Shows rows, and changes them by verbs of ``actions`` alone.

    ``heavy_fields`` are not read for lists.
    """

    heavy_fields: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    list_max_show_all = MOST_AT_ONCE
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what a list does not show."""
        return super().get_queryset(request).defer(*self.heavy_fields)

    def has_add_permission(self, request: HttpRequest, *_args: object) -> bool:
        """Rows come from pages, the API and commands."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Fields are read-only."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is deleted past its verb."""
        del request, obj
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Tell who may use the actions: those whom Django lets change the model."""
        return super().has_change_permission(request)

    def act(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        verb: Callable[[Any], object],
        *,
        done: str,
    ) -> None:
        """Do something to each row; a row that refuses says why, and the others go on."""
        if rows.count() > MOST_AT_ONCE:
            message = f"Choose at most {MOST_AT_ONCE} at once. Nothing was changed."
            self.message_user(request, message, messages.ERROR)
            return
        changed = 0
        for row in rows:
            try:
                verb(row)
            except HewstonError as refusal:
                self.message_user(request, refusal.message, messages.ERROR)
            else:
                changed += 1
        if changed:
            self.message_user(request, f"{changed} {done}.", messages.SUCCESS)


class OwnedAdmin(RowAdmin):
    """Rows that belong to somebody: staff who are no administrators see their own."""

    list_select_related: ClassVar[tuple[str, ...]] = ("owner",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Begin with what the person may see anywhere."""
        queryset: Any = super().get_queryset(request)
        visible: QuerySet[Any] = queryset.visible_to(request.user)
        return visible


class TokenAdmin(OwnedAdmin):
    """Tokens without their hashes; they can be revoked."""

    list_display = ("name", "owner", "hint", "created_at", "last_used_at", "expires_at", "ended")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("name", "owner__username")
    fields = (
        "name",
        "owner",
        "hint",
        "scopes",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    actions = ("revoke",)

    @admin.display(boolean=True, description="valid")
    def ended(self, token: Token) -> bool:
        """Show whether it lets anybody in."""
        return token.is_valid

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Keep hashes from being guessed by filters."""
        return not lookup.startswith("token_sha256") and super().lookup_allowed(
            lookup, value, request
        )

    @admin.action(description="Revoke", permissions=["act"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Token]) -> None:
        """End tokens for good."""
        self.act(request, rows, lambda token: revoke_token(token=token), done="revoked")


class PersonAdmin(UserAdmin):  # type: ignore[type-arg]  # generic in its stubs alone
    """People: administrators add them, set passwords and rights, and deactivate them.

    Nobody is deleted: their datasets and runs say whose they are.
    """

    list_display = ("username", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Who may change people can make themselves anything: administrators only."""
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators only."""
        del obj
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators only."""
        del obj
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody may: deactivate them instead."""
        del request, obj
        return False
