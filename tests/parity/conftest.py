"""The catalogue that tests of parity share."""

from tests.scenes import catalogue, stage

__all__ = ["catalogue", "stage"]
