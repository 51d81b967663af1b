"""What people type about strategies."""

from apps.strategies.forms.catalogue import ORDERS, StrategyFilter, narrow
from apps.strategies.forms.source import ImportForm, SourceForm, slug_of_file

__all__ = ["ORDERS", "ImportForm", "SourceForm", "StrategyFilter", "narrow", "slug_of_file"]
