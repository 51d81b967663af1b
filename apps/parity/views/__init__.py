"""Pages of parity."""

from apps.parity.views.artifacts import (
    artifact,
    artifact_file,
    artifacts_csv,
    cancel_draft,
    delete_artifact,
    draft,
    new_artifact,
    parity,
)
from apps.parity.views.boards import (
    board,
    board_csv,
    board_json,
    boards,
    delete_board,
    new_board,
    play_again,
    stop_board,
)
from apps.parity.views.comparisons import (
    compare_again,
    comparison,
    comparisons,
    comparisons_csv,
    delete_comparison,
    first_look,
    new_comparison,
    remove_cause,
    stop_comparison,
)
from apps.parity.views.reports import certificate_json, comparison_json

__all__ = [
    "artifact",
    "artifact_file",
    "artifacts_csv",
    "board",
    "board_csv",
    "board_json",
    "boards",
    "cancel_draft",
    "certificate_json",
    "compare_again",
    "comparison",
    "comparison_json",
    "comparisons",
    "comparisons_csv",
    "delete_artifact",
    "delete_board",
    "delete_comparison",
    "draft",
    "first_look",
    "new_artifact",
    "new_board",
    "new_comparison",
    "parity",
    "play_again",
    "remove_cause",
    "stop_board",
    "stop_comparison",
]
