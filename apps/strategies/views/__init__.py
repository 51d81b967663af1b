"""Pages of strategies."""

from apps.strategies.views.catalogue import built_ins, export_strategies, strategies
from apps.strategies.views.changing import archive, delete, describe, duplicate, restore
from apps.strategies.views.editing import edit, import_file, new_strategy
from apps.strategies.views.judging import check, check_again, new_check, stop_check
from apps.strategies.views.versions import diff, source, strategy, version

__all__ = [
    "archive",
    "built_ins",
    "check",
    "check_again",
    "delete",
    "describe",
    "diff",
    "duplicate",
    "edit",
    "export_strategies",
    "import_file",
    "new_check",
    "new_strategy",
    "restore",
    "source",
    "stop_check",
    "strategies",
    "strategy",
    "version",
]
