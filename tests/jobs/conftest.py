"""What the tests of jobs share."""

from tests.samples import sample_year

__all__ = ["sample_year"]
