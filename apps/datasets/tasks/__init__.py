"""The work of an app's jobs: claim the row, call the pipeline, record one outcome."""

from apps.datasets.tasks.bringing import (
    DERIVE,
    perform_ingest,
    publishing_alone,
    work_on_ingest,
)
from apps.datasets.tasks.proving import perform_equality, work_on_equality

__all__ = [
    "DERIVE",
    "perform_equality",
    "perform_ingest",
    "publishing_alone",
    "work_on_equality",
    "work_on_ingest",
]
