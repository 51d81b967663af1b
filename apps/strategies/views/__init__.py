"""Pages of strategies."""

from apps.strategies.views.catalogue import built_ins, export_strategies, strategies
from apps.strategies.views.changing import archive, delete, describe, duplicate, restore
from apps.strategies.views.editing import edit, import_file, new_strategy
from apps.strategies.views.versions import diff, source, strategy, version

__all__ = [
    "archive",
    "built_ins",
    "delete",
    "describe",
    "diff",
    "duplicate",
    "edit",
    "export_strategies",
    "import_file",
    "new_strategy",
    "restore",
    "source",
    "strategies",
    "strategy",
    "version",
]
