"""URLs of parity."""

from django.urls import URLPattern, path

from apps.parity import views

_BOARD = "boards/<str:board_id>/"

urlpatterns: list[URLPattern] = [
    path("boards/", views.boards, name="boards"),
    path("boards/new/", views.new_board, name="board-new"),
    path(_BOARD, views.board, name="board"),
    path(f"{_BOARD}cancel/", views.stop_board, name="board-cancel"),
    path(f"{_BOARD}again/", views.play_again, name="board-again"),
    path(f"{_BOARD}delete/", views.delete_board, name="board-delete"),
    path(f"{_BOARD}board.csv", views.board_csv, name="board-csv"),
    path(f"{_BOARD}board.json", views.board_json, name="board-json"),
]
