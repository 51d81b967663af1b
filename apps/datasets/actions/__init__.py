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
from apps.datasets.actions.changing import (
    MOST_TAGS,
    NOTES_LENGTH,
    TAG_LENGTH,
    archive_dataset,
    delete_dataset,
    describe_dataset,
    read_tags,
    restore_dataset,
    settle_dataset_deletions,
    tag_dataset,
)
from apps.datasets.actions.finding import choose_dataset, find_dataset, verify_revision

__all__ = [
    "INGEST_FIELDS",
    "MOST_TAGS",
    "NOTES_LENGTH",
    "TAG_LENGTH",
    "archive_dataset",
    "cancel_ingest",
    "choose_dataset",
    "delete_dataset",
    "describe_dataset",
    "find_dataset",
    "find_in_inbox",
    "list_inbox",
    "read_ingest_fields",
    "read_tags",
    "recover_ingests",
    "request_ingest",
    "request_ingest_of_upload",
    "restore_dataset",
    "retry_ingest",
    "settle_dataset_deletions",
    "sweep_uploads",
    "tag_dataset",
    "verify_revision",
]
