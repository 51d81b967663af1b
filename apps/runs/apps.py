"""Backtests."""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """Runs and their metrics."""

    name = "apps.runs"
    verbose_name = "Runs"
