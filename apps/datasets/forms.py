"""What a person may ask of the pages of datasets."""

from typing import ClassVar

from django import forms
from django.db.models import Max, Q, QuerySet

from apps.datasets.models import Dataset, Revision
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.resampling import INTERVALS

_ORDERS = {
    "id": "dataset_id",
    "symbol": "symbol",
    "source": "venue_code",
    "from": "from_date",
    "to": "to_date",
    "rows": "rows",
    "created": "created_at",
}
ORDERS = [sign + name for name in _ORDERS for sign in ("", "-")]


class DatasetFilter(forms.Form):
    """Which datasets to list, and in what order."""

    q = forms.CharField(max_length=120, required=False)
    order = forms.ChoiceField(choices=[(name, name) for name in ORDERS], required=False)

    def apply(self, datasets: QuerySet[Dataset]) -> QuerySet[Dataset]:
        """Narrow and sort; what is not valid is as if it were not asked."""
        self.full_clean()
        text = self.cleaned_data.get("q", "").strip()
        order = self.cleaned_data.get("order") or "-created"
        if text:
            datasets = datasets.filter(
                Q(dataset_id__icontains=text)
                | Q(symbol__icontains=text)
                | Q(venue_code__icontains=text)
            )
        sign, name = ("-", order[1:]) if order.startswith("-") else ("", order)
        return datasets.annotate(rows=Max("revisions__rows")).order_by(
            sign + _ORDERS[name], "dataset_id"
        )


class ChartForm(forms.Form):
    """How a dataset's chart is drawn."""

    defaults: ClassVar = {"interval": "1m", "session": "regular"}

    interval = forms.ChoiceField(choices=[(name, name) for name in INTERVALS], required=False)
    session = forms.ChoiceField(choices=[(name, name) for name in SESSION_FILTERS], required=False)
    revision = forms.IntegerField(min_value=1, required=False)

    def chosen(self) -> dict[str, str]:
        """Give interval and session; what is not valid is as if it were not asked."""
        self.full_clean()
        return {name: self.cleaned_data.get(name) or value for name, value in self.defaults.items()}

    def choose_revision(self, revisions: list[Revision]) -> Revision | None:
        """Give the revision by its number, the newest when none is asked for."""
        self.full_clean()
        number = self.cleaned_data.get("revision")
        if number is None:
            return revisions[0] if revisions else None
        return next((one for one in revisions if one.number == number), None)
