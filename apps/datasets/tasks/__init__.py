"""The work of an app's jobs: claim the row, call the pipeline, record one outcome."""

from apps.datasets.tasks.bringing import (
    DERIVE,
    choose_id,
    identify,
    perform_ingest,
    publishing_alone,
    work_on_ingest,
)
from apps.datasets.tasks.proving import perform_equality, work_on_equality

__all__ = [
    "DERIVE",
    "choose_id",
    "identify",
    "perform_equality",
    "perform_ingest",
    "publishing_alone",
    "work_on_equality",
    "work_on_ingest",
]
