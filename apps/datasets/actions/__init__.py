"""What can be done with datasets."""

from apps.datasets.actions.bringing import (
    INGEST_FIELDS,
    cancel_ingest,
    find_in_inbox,
    list_inbox,
    read_ingest_fields,
    recover_ingests,
    request_ingest,
    request_ingest_of_upload,
    retry_ingest,
    sweep_uploads,
)
from apps.datasets.actions.finding import choose_dataset, find_dataset, verify_revision

__all__ = [
    "INGEST_FIELDS",
    "cancel_ingest",
    "choose_dataset",
    "find_dataset",
    "find_in_inbox",
    "list_inbox",
    "read_ingest_fields",
    "recover_ingests",
    "request_ingest",
    "request_ingest_of_upload",
    "retry_ingest",
    "sweep_uploads",
    "verify_revision",
]
