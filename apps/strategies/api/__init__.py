"""Strategies through the API: write them, find them, compare their versions."""

from apps.strategies.api import catalogue, checking, versions
from apps.strategies.api.router import router

__all__ = ["catalogue", "checking", "router", "versions"]
