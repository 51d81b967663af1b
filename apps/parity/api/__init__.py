"""Parity through the API."""

from apps.parity.api import boards
from apps.parity.api.router import router

__all__ = ["boards", "router"]
