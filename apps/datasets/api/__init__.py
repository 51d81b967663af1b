"""Datasets through the API: bring data in, find it, take its bars."""

from apps.datasets.api import tables

# isort: split
from apps.datasets.api import bars, catalogue, equality, ingests, sources
from apps.datasets.api.router import router

# Whose addresses are alike are asked in this order: /preview before /{dataset_id}.
__all__ = ["bars", "catalogue", "equality", "ingests", "router", "sources", "tables"]
