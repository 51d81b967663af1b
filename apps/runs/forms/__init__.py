"""What a person may ask of the pages of runs."""

from apps.runs.forms.columns import group_columns, write_cells
from apps.runs.forms.comparing import CompareForm
from apps.runs.forms.lists import (
    FIGURE_CHOICES,
    ORDER_CHOICES,
    RANGES,
    SEARCH_LENGTH,
    RunFilter,
    narrow,
    read_ranges,
    tidy,
)
from apps.runs.forms.paging import RunListing
from apps.runs.forms.run import RunForm
from apps.runs.forms.trades import TradeFilter

__all__ = [
    "FIGURE_CHOICES",
    "ORDER_CHOICES",
    "RANGES",
    "SEARCH_LENGTH",
    "CompareForm",
    "RunFilter",
    "RunForm",
    "RunListing",
    "TradeFilter",
    "group_columns",
    "narrow",
    "read_ranges",
    "tidy",
    "write_cells",
]
