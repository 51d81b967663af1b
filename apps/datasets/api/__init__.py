"""Datasets through the API: bring data in, find it, take its bars."""

from apps.datasets.api import bars, catalogue, equality, ingests, sources
from apps.datasets.api.router import router

__all__ = ["bars", "catalogue", "equality", "ingests", "router", "sources"]
