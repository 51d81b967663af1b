"""What a person may ask of the pages of runs."""

from apps.runs.forms.lists import ORDER_CHOICES, TRADE_ORDERS, RunFilter, TradeOrder
from apps.runs.forms.run import RunForm

__all__ = ["ORDER_CHOICES", "TRADE_ORDERS", "RunFilter", "RunForm", "TradeOrder"]
