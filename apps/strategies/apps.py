"""Strategies that people write."""

from django.apps import AppConfig


class StrategiesConfig(AppConfig):
    """Strategies and their versions."""

    name = "apps.strategies"
    verbose_name = "Strategies"
