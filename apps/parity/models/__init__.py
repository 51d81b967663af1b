"""What is kept of parity."""

from apps.parity.models.boards import Board

__all__ = ["Board"]
