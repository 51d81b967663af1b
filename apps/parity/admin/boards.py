"""Boards for administrators."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from apps.parity.actions import board_again, cancel_board
from apps.parity.models import Board
from apps.permissions.admin import OwnedAdmin


class BoardAdmin(OwnedAdmin):
    """Boards; they can be cancelled, and played again."""

    list_display = ("id", "name", "revision", "status", "matched", "trades", "owner", "created_at")
    list_filter = ("status", "created_at")
    list_select_related = ("owner", "revision")
    search_fields = ("id", "name", "revision__dataset__dataset_id", "owner__username")
    heavy_fields = ("spec", "rows", "ignored", "progress", "error")
    actions = ("cancel", "again")

    def view_on_site(self, board: Board) -> str:
        """Link to the page of it."""
        return reverse("board", args=[board.pk])

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Board]) -> None:
        """Stop boards."""
        self.act(request, rows, lambda board: cancel_board(board=board), done="cancelled")

    @admin.action(description="Play again", permissions=["act"])
    def again(self, request: HttpRequest, rows: QuerySet[Board]) -> None:
        """Play the same pairs once more."""
        self.act(request, rows, lambda board: board_again(board=board), done="asked for again")
