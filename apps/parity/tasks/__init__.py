"""The work of the app's jobs: claim the row, call the pipeline, record one outcome."""

from apps.parity.tasks.boards import perform_board, work_on_board
from apps.parity.tasks.comparisons import list_columns, perform_comparison, work_on_comparison

__all__ = [
    "list_columns",
    "perform_board",
    "perform_comparison",
    "work_on_board",
    "work_on_comparison",
]
