"""The work of an app's jobs: claim the row, call the pipeline, record one outcome."""

from apps.runs.tasks.proving import (
    list_problems,
    perform_reproduction,
    read_metrics,
    record_verification,
    work_on_reproduction,
)
from apps.runs.tasks.trading import (
    BACKTEST,
    list_figures,
    perform_run,
    record_result,
    work_on_run,
)

__all__ = [
    "BACKTEST",
    "list_figures",
    "list_problems",
    "perform_reproduction",
    "perform_run",
    "read_metrics",
    "record_result",
    "record_verification",
    "work_on_reproduction",
    "work_on_run",
]
