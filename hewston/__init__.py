"""Hewston: a workbench for testing trading strategies."""

__version__ = "0.1.0"
