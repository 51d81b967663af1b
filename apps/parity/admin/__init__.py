"""Parity for administrators."""

from apps.parity.admin.artifacts import ArtifactAdmin, BridgeDraftAdmin
from apps.parity.admin.boards import BoardAdmin

__all__ = ["ArtifactAdmin", "BoardAdmin", "BridgeDraftAdmin"]
