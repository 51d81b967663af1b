"""What people type about parity."""

from apps.parity.forms.artifacts import ORDERS, ArtifactFilter, UploadForm, narrow
from apps.parity.forms.boards import BoardForm, BoardRows

__all__ = ["ORDERS", "ArtifactFilter", "BoardForm", "BoardRows", "UploadForm", "narrow"]
