"""What the tests of jobs share."""

from tests.samples import sample_year
from tests.scenes import catalogue, stage

__all__ = ["catalogue", "sample_year", "stage"]
