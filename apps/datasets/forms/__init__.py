"""What a person may ask of the pages of datasets."""

from apps.datasets.forms.bringing import IngestForm
from apps.datasets.forms.catalogue import ORDERS, ChartForm, DatasetFilter, narrow
from apps.datasets.forms.draft import DraftForm
from apps.datasets.forms.proving import EqualityForm

__all__ = [
    "ORDERS",
    "ChartForm",
    "DatasetFilter",
    "DraftForm",
    "EqualityForm",
    "IngestForm",
    "narrow",
]
