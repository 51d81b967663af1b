"""What tests of datasets share: the catalogue of the pages, and the sample year's files."""

from tests.samples import sample_year
from tests.scenes import catalogue, stage

__all__ = ["catalogue", "sample_year", "stage"]
