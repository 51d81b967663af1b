"""Parity through the API."""

from apps.parity.api import artifacts, boards
from apps.parity.api.router import router

__all__ = ["artifacts", "boards", "router"]
