"""What a person may ask of a run's trades."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms

from apps.runs.actions import TRADE_FIELDS, TRADE_ORDERS, read_selection
from hewston.pipeline.breakdown import (
    GROUPS,
    RESULTS,
    SIDES,
    STATES,
    WEEKDAYS,
    TradeSelection,
)
from hewston.pipeline.schemas import SESSIONS

_ANY = ("", "any")
_NUMBERED = list(enumerate(WEEKDAYS, 1))


class TradeFilter(forms.Form):
    """Which trades to show, in what order, and grouped by what; what is not valid was not asked."""

    side = forms.ChoiceField(
        choices=[_ANY, *((name, name.capitalize()) for name in SIDES)], required=False
    )
    result = forms.ChoiceField(choices=[_ANY, *((name, name) for name in RESULTS)], required=False)
    state = forms.ChoiceField(choices=[_ANY, *((name, name) for name in STATES)], required=False)
    reason = forms.CharField(max_length=200, required=False)
    session = forms.ChoiceField(
        choices=[_ANY, *((name, name) for name in SESSIONS)], required=False
    )
    weekday = forms.TypedChoiceField(
        choices=[_ANY, *_NUMBERED], coerce=int, empty_value=None, required=False
    )
    hour = forms.TypedChoiceField(
        choices=[_ANY, *((hour, f"{hour:02}:00") for hour in range(24))],
        coerce=int,
        empty_value=None,
        required=False,
    )
    group_by = forms.ChoiceField(choices=[("", ""), *GROUPS.items()], required=False)
    order = forms.ChoiceField(
        choices=[(sign + name, name) for name in TRADE_ORDERS for sign in ("", "-")],
        required=False,
    )

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.fields["from"] = forms.DateField(required=False)
        self.fields["to"] = forms.DateField(required=False)
        self.full_clean()

    def clean(self) -> None:
        """Leave out an end that is before the beginning."""
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if first and last and first > last:
            self.add_error("to", "It is before from.")

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked for, by the names of TRADE_FIELDS."""
        found = {name: self.cleaned_data.get(name) for name in TRADE_FIELDS}
        return {name: value for name, value in found.items() if value not in {"", None}}

    @property
    def selection(self) -> TradeSelection:
        """Which trades are meant."""
        return read_selection(self.asked)

    @property
    def query(self) -> str:
        """The selection as an address says it."""
        return urlencode(self.asked)

    @property
    def sorted_by(self) -> str:
        """In what order they are."""
        return self.cleaned_data.get("order") or "trade_id"

    @property
    def group(self) -> str:
        """By what they are grouped."""
        return self.cleaned_data.get("group_by") or "exit_reason"
