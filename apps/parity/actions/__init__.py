"""What can be done with parity."""

from apps.parity.actions.artifacts import (
    MOST_BYTES,
    delete_artifact,
    describe_artifact,
    find_artifact,
    keep_file,
    preview_file,
    read_artifact_trades,
    suggest_run,
)
from apps.parity.actions.boards import (
    BOARD_FIELDS,
    board_again,
    cancel_board,
    compare_with_earlier,
    delete_board,
    describe_board,
    find_board,
    find_earlier,
    recover_boards,
    request_board,
    tabulate_board,
)
from apps.parity.actions.drafts import (
    cancel_draft,
    change_draft,
    keep_draft,
    preview_draft,
    start_draft,
)

__all__ = [
    "BOARD_FIELDS",
    "MOST_BYTES",
    "board_again",
    "cancel_board",
    "cancel_draft",
    "change_draft",
    "compare_with_earlier",
    "delete_artifact",
    "delete_board",
    "describe_artifact",
    "describe_board",
    "find_artifact",
    "find_board",
    "find_earlier",
    "keep_draft",
    "keep_file",
    "preview_draft",
    "preview_file",
    "read_artifact_trades",
    "recover_boards",
    "request_board",
    "start_draft",
    "suggest_run",
    "tabulate_board",
]
