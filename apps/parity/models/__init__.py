"""What is kept of parity."""

from apps.parity.models.artifacts import (
    KINDS,
    BridgeArtifact,
    BridgeDraft,
    BridgeQuerySet,
    upload_suffix,
)
from apps.parity.models.boards import Board

__all__ = [
    "KINDS",
    "Board",
    "BridgeArtifact",
    "BridgeDraft",
    "BridgeQuerySet",
    "upload_suffix",
]
