"""Pages of datasets."""

from apps.datasets.views.catalogue import datasets, export_datasets
from apps.datasets.views.ingests import cancel, ingest, ingests, new_dataset, retry
from apps.datasets.views.summary import columns, dataset, manifest

__all__ = [
    "cancel",
    "columns",
    "dataset",
    "datasets",
    "export_datasets",
    "ingest",
    "ingests",
    "manifest",
    "new_dataset",
    "retry",
]
