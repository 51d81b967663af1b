"""What several tests of the pipeline share."""

from tests.samples import sample_year

__all__ = ["sample_year"]
