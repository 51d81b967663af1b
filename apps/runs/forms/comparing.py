"""What a person may ask of the page that compares runs."""

from typing import cast

from django import forms
from django.http import QueryDict

from apps.permissions.models import User
from apps.runs.actions import COMPARISON_FIELDS, find_compared
from apps.runs.models import Run
from hewston.pipeline.matching import KINDS

_TOLERANCE = COMPARISON_FIELDS["tolerance"]
_ORDERS = ("entry", "-entry", "difference", "-difference")


class CompareForm(forms.Form):
    """Which runs, which two of them trade by trade, and which of those trades in what order."""

    base = forms.CharField(max_length=40, required=False)
    other = forms.CharField(max_length=40, required=False)
    tolerance = forms.IntegerField(
        min_value=_TOLERANCE["min"], max_value=_TOLERANCE["max"], required=False
    )
    kind = forms.ChoiceField(
        choices=[("", "any"), *((kind, kind) for kind in KINDS)], required=False
    )
    order = forms.ChoiceField(choices=[(order, order) for order in _ORDERS], required=False)

    def __init__(self, asked: QueryDict) -> None:
        super().__init__(asked)
        self.ids = [one for part in asked.getlist("ids") for one in part.replace(",", " ").split()]
        self.full_clean()

    def find_compared(self, user: object) -> list[Run]:
        """Find the runs, A and B first; raises HewstonError with what is wrong about them."""
        return find_compared(
            user=cast(User, user),
            ids=self.ids,
            base=self.cleaned_data.get("base") or None,
            other=self.cleaned_data.get("other") or None,
        )

    @property
    def chosen_tolerance(self) -> int:
        """Bars; what is not valid was not asked."""
        tolerance = self.cleaned_data.get("tolerance")
        return int(_TOLERANCE["default"]) if tolerance is None else int(tolerance)

    @property
    def chosen_kind(self) -> str | None:
        """Give the kind of match, or None for all of them."""
        return self.cleaned_data.get("kind") or None

    @property
    def chosen_order(self) -> tuple[str, bool]:
        """Give what is sorted by, and whether it falls."""
        order = self.cleaned_data.get("order") or "entry"
        return order.removeprefix("-"), order.startswith("-")
