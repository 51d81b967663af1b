"""What can be done with strategies and their versions."""

from apps.strategies.actions.changing import (
    DESCRIPTION_LENGTH,
    NAME_LENGTH,
    archive_strategy,
    delete_strategy,
    describe_strategy,
    restore_strategy,
)
from apps.strategies.actions.checking import SourceCheck, check_source
from apps.strategies.actions.diffing import compare_versions
from apps.strategies.actions.finding import (
    find_strategy,
    find_version,
    list_newest,
    name_version,
)
from apps.strategies.actions.judging import (
    cancel_check,
    list_datasets,
    recover_checks,
    request_check,
    retry_check,
)
from apps.strategies.actions.linting import Finding, lint_source
from apps.strategies.actions.reading import SOURCE_BYTES, SOURCE_LINES
from apps.strategies.actions.saving import (
    NOTE_LENGTH,
    create_strategy,
    duplicate_version,
    import_source,
    save_version,
    suggest_slug,
)
from apps.strategies.actions.starting import (
    BuiltIn,
    find_built_in,
    list_built_ins,
    read_beginning,
)

__all__ = [
    "DESCRIPTION_LENGTH",
    "NAME_LENGTH",
    "NOTE_LENGTH",
    "SOURCE_BYTES",
    "SOURCE_LINES",
    "BuiltIn",
    "Finding",
    "SourceCheck",
    "archive_strategy",
    "cancel_check",
    "check_source",
    "compare_versions",
    "create_strategy",
    "delete_strategy",
    "describe_strategy",
    "duplicate_version",
    "find_built_in",
    "find_strategy",
    "find_version",
    "import_source",
    "lint_source",
    "list_built_ins",
    "list_datasets",
    "list_newest",
    "name_version",
    "read_beginning",
    "recover_checks",
    "request_check",
    "restore_strategy",
    "retry_check",
    "save_version",
    "suggest_slug",
]
