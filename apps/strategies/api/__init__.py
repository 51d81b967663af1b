"""Strategies through the API: write them, find them, compare their versions."""

from apps.strategies.api import catalogue, checking, judging, versions
from apps.strategies.api.router import router

__all__ = ["catalogue", "checking", "judging", "router", "versions"]
