"""Pages of datasets."""

from apps.datasets.views.catalogue import change_datasets, datasets, export_datasets
from apps.datasets.views.changing import archive, delete, describe, restore
from apps.datasets.views.chart import columns, page
from apps.datasets.views.comparing import differences, differences_csv
from apps.datasets.views.drafts import (
    cancel_table_draft,
    draft,
    forget,
    look_again,
    presets,
    rename,
)
from apps.datasets.views.equality import (
    cancel_equality,
    equality,
    equality_differences,
    equality_report,
    new_equality,
)
from apps.datasets.views.export import export
from apps.datasets.views.ingests import cancel, ingest, ingests, new_dataset, retry
from apps.datasets.views.summary import dataset, manifest

__all__ = [
    "archive",
    "cancel",
    "cancel_equality",
    "cancel_table_draft",
    "change_datasets",
    "columns",
    "dataset",
    "datasets",
    "delete",
    "describe",
    "differences",
    "differences_csv",
    "draft",
    "equality",
    "equality_differences",
    "equality_report",
    "export",
    "export_datasets",
    "forget",
    "ingest",
    "ingests",
    "look_again",
    "manifest",
    "new_dataset",
    "new_equality",
    "page",
    "presets",
    "rename",
    "restore",
    "retry",
]
