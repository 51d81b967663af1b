"""What is kept of parity."""

from apps.parity.models.artifacts import (
    KINDS,
    BridgeArtifact,
    BridgeDraft,
    BridgeQuerySet,
    upload_suffix,
)
from apps.parity.models.boards import Board
from apps.parity.models.comparisons import (
    VERDICTS,
    Certificate,
    Comparison,
    ComparisonQuerySet,
)

__all__ = [
    "KINDS",
    "VERDICTS",
    "Board",
    "BridgeArtifact",
    "BridgeDraft",
    "BridgeQuerySet",
    "Certificate",
    "Comparison",
    "ComparisonQuerySet",
    "upload_suffix",
]
