"""Pages of parity."""

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
    "board",
    "board_csv",
    "board_json",
    "boards",
    "delete_board",
    "new_board",
    "play_again",
    "stop_board",
]
