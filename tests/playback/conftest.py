"""The catalogue of the pages' tests."""

from tests.scenes import catalogue, stage

__all__ = ["catalogue", "stage"]
