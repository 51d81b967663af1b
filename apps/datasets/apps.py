"""Market data that can be trusted."""

from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    """Ingests, datasets and their revisions."""

    name = "apps.datasets"
    verbose_name = "Datasets"
