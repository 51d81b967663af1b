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

__all__ = [
    "artifact",
    "artifact_file",
    "artifacts_csv",
    "board",
    "board_csv",
    "board_json",
    "boards",
    "cancel_draft",
    "delete_artifact",
    "delete_board",
    "draft",
    "new_artifact",
    "new_board",
    "parity",
    "play_again",
    "stop_board",
]
