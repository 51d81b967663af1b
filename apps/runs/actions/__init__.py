"""What can be done with runs."""

from apps.runs.actions.asking import (
    PLAYBACK_FIELDS,
    RequestKey,
    build_spec,
    find_by_key,
    list_options,
    request_run,
    retry_run,
)
from apps.runs.actions.changing import (
    NAME_LENGTH,
    NOTE_LENGTH,
    cancel_run,
    check_description,
    delete_run,
    describe_run,
    settle_deletions,
)
from apps.runs.actions.proving import find_subject, read_metrics, recover_runs, verify_run

__all__ = [
    "NAME_LENGTH",
    "NOTE_LENGTH",
    "PLAYBACK_FIELDS",
    "RequestKey",
    "build_spec",
    "cancel_run",
    "check_description",
    "delete_run",
    "describe_run",
    "find_by_key",
    "find_subject",
    "list_options",
    "read_metrics",
    "recover_runs",
    "request_run",
    "retry_run",
    "settle_deletions",
    "verify_run",
]
