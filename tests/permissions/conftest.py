"""The catalogue that tests of pages share."""

from tests.scenes import catalogue, stage

__all__ = ["catalogue", "stage"]
