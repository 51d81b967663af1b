"""What TradingView said beside what is computed here."""

from django.apps import AppConfig


class ParityConfig(AppConfig):
    """Bridge artifacts, comparisons with them, and boards of many."""

    name = "apps.parity"
    verbose_name = "Parity"
