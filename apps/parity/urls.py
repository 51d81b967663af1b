"""URLs of parity."""

from django.urls import URLPattern, path

from apps.parity import views

_ARTIFACT = "artifacts/<str:artifact_id>/"
_DRAFT = "drafts/<str:bridge_draft_id>/"
_BOARD = "boards/<str:board_id>/"
_COMPARISON = "comparisons/<str:comparison_id>/"

urlpatterns: list[URLPattern] = [
    path("", views.parity, name="parity"),
    path("artifacts.csv", views.artifacts_csv, name="artifacts-csv"),
    path("new/", views.new_artifact, name="parity-new"),
    path(_DRAFT, views.draft, name="bridge-draft"),
    path(f"{_DRAFT}cancel/", views.cancel_draft, name="bridge-draft-cancel"),
    path(_ARTIFACT, views.artifact, name="artifact"),
    path(f"{_ARTIFACT}file", views.artifact_file, name="artifact-file"),
    path(f"{_ARTIFACT}delete/", views.delete_artifact, name="artifact-delete"),
    path("comparisons/", views.comparisons, name="comparisons"),
    path("comparisons.csv", views.comparisons_csv, name="comparisons-csv"),
    path("comparisons/new/", views.new_comparison, name="comparison-new"),
    path("comparisons/example/", views.first_look, name="comparison-example"),
    path(_COMPARISON, views.comparison, name="comparison"),
    path(f"{_COMPARISON}cancel/", views.stop_comparison, name="comparison-cancel"),
    path(f"{_COMPARISON}again/", views.compare_again, name="comparison-again"),
    path(f"{_COMPARISON}hints/<int:number>/", views.remove_cause, name="comparison-hint"),
    path(f"{_COMPARISON}delete/", views.delete_comparison, name="comparison-delete"),
    path(f"{_COMPARISON}comparison.json", views.comparison_json, name="comparison-json"),
    path(f"{_COMPARISON}certificate.json", views.certificate_json, name="comparison-certificate"),
    path("boards/", views.boards, name="boards"),
    path("boards/new/", views.new_board, name="board-new"),
    path(_BOARD, views.board, name="board"),
    path(f"{_BOARD}cancel/", views.stop_board, name="board-cancel"),
    path(f"{_BOARD}again/", views.play_again, name="board-again"),
    path(f"{_BOARD}delete/", views.delete_board, name="board-delete"),
    path(f"{_BOARD}board.csv", views.board_csv, name="board-csv"),
    path(f"{_BOARD}board.json", views.board_json, name="board-json"),
]
