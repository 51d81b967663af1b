"""What can be done with parity."""

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

__all__ = [
    "BOARD_FIELDS",
    "board_again",
    "cancel_board",
    "compare_with_earlier",
    "delete_board",
    "describe_board",
    "find_board",
    "find_earlier",
    "recover_boards",
    "request_board",
    "tabulate_board",
]
