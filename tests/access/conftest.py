"""The catalogue that tests of access share."""

from tests.scenes import catalogue, stage

__all__ = ["catalogue", "stage"]
