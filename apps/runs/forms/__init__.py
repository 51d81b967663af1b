"""What a person may ask of the pages of runs."""

from apps.runs.forms.columns import group_columns
from apps.runs.forms.comparing import CompareForm
from apps.runs.forms.lists import (
    ORDER_CHOICES,
    RANGES,
    TRADE_ORDERS,
    RunFilter,
    TradeOrder,
    narrow,
    sort,
    tidy,
)
from apps.runs.forms.run import RunForm

__all__ = [
    "ORDER_CHOICES",
    "RANGES",
    "TRADE_ORDERS",
    "CompareForm",
    "RunFilter",
    "RunForm",
    "TradeOrder",
    "group_columns",
    "narrow",
    "sort",
    "tidy",
]
