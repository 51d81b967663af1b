"""The work of the app's jobs: claim the row, call the pipeline, record one outcome."""

from apps.parity.tasks.boards import perform_board, work_on_board

__all__ = ["perform_board", "work_on_board"]
