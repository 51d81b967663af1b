"""What people type about parity."""

from apps.parity.forms.artifacts import ORDERS, ArtifactFilter, UploadForm, narrow
from apps.parity.forms.boards import BoardForm, BoardRows
from apps.parity.forms.comparisons import ComparisonFilter, ComparisonForm
from apps.parity.forms.options import build_options
from apps.parity.forms.results import ComparisonPage

__all__ = [
    "ORDERS",
    "ArtifactFilter",
    "BoardForm",
    "BoardRows",
    "ComparisonFilter",
    "ComparisonForm",
    "ComparisonPage",
    "UploadForm",
    "build_options",
    "narrow",
]
