"""Parity for administrators."""

from apps.parity.admin.artifacts import ArtifactAdmin, BridgeDraftAdmin
from apps.parity.admin.boards import BoardAdmin
from apps.parity.admin.comparisons import CertificateAdmin, ComparisonAdmin

__all__ = ["ArtifactAdmin", "BoardAdmin", "BridgeDraftAdmin", "CertificateAdmin", "ComparisonAdmin"]
