"""Parity for administrators."""

from apps.parity.admin.boards import BoardAdmin

__all__ = ["BoardAdmin"]
