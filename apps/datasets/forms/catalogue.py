"""Which datasets to list, and how to draw one."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import F

from apps.datasets.models import DatasetQuerySet, Revision, Tag
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.market import SESSION_FILTERS

ORDERS = {
    "id": "dataset_id",
    "symbol": "symbol",
    "source": "venue_code",
    "class": "asset_class",
    "from": "from_date",
    "to": "to_date",
    "interval": "interval",
    "rows": "rows",
    "size": "size_bytes",
    "revisions": "revision_count",
    "findings": "warnings",
    "runs": "used_by",
    "created": "created_at",
}
_ARCHIVED = [("", "without archived"), ("only", "archived alone"), ("any", "archived too")]
_QUALITY = [("", "any"), ("clean", "clean"), ("findings", "with findings")]


class DatasetFilter(forms.Form):
    """Which datasets to list, and in what order."""

    q = forms.CharField(max_length=120, required=False)
    asset_class = forms.CharField(max_length=20, required=False)
    interval = forms.CharField(max_length=4, required=False)
    provider = forms.CharField(max_length=20, required=False)
    tag = forms.CharField(max_length=40, required=False)
    covers_from = forms.DateField(required=False)
    covers_to = forms.DateField(required=False)
    quality = forms.ChoiceField(choices=_QUALITY, required=False)
    archived = forms.ChoiceField(choices=_ARCHIVED, required=False)
    order = forms.ChoiceField(
        choices=[(sign + name, name) for name in ORDERS for sign in ("", "-")], required=False
    )

    def apply(self, datasets: DatasetQuerySet) -> DatasetQuerySet:
        """Narrow and sort ``with_figures``; what is not valid is as if it were not asked."""
        self.full_clean()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        datasets = narrow(datasets.with_figures(), asked)
        order = asked.get("order") or "-created"
        column = F(ORDERS[order.removeprefix("-")])
        falling = order.startswith("-")
        sort = column.desc(nulls_last=True) if falling else column.asc(nulls_last=True)
        return datasets.order_by(sort, "dataset_id")

    def list_choices(self, datasets: DatasetQuerySet) -> list[dict[str, object]]:
        """Give the fields that a page offers as lists: name, label, what may be chosen."""
        names = {"interval": "Interval", "provider": "Provider"}
        found: dict[str, Iterable[str]] = {
            name: datasets.order_by(name).values_list(name, flat=True).distinct() for name in names
        }
        classes = datasets.order_by().values_list("instrument__asset_class", flat=True).distinct()
        tags = Tag.objects.filter(dataset__in=datasets).order_by("name")
        lists = [
            ("asset_class", "Class", sorted(filter(None, classes))),
            ("interval", "Interval", sorted(found["interval"], key=order_of_interval)),
            ("provider", "Provider", list(found["provider"])),
            ("tag", "Tag", list(tags.values_list("name", flat=True).distinct())),
        ]
        fields = []
        for name, label, values in lists:
            chosen = self.cleaned_data.get(name) or ""
            known = [*values, chosen] if chosen and chosen not in values else values
            choices = [("", "any"), *((value, value) for value in known)]
            fields.append({"name": name, "label": label, "choices": choices, "chosen": chosen})
        for name, label, choices in (
            ("quality", "Quality", _QUALITY),
            ("archived", "Show", _ARCHIVED),
        ):
            chosen = self.cleaned_data.get(name) or ""
            fields.append({"name": name, "label": label, "choices": choices, "chosen": chosen})
        return fields


def narrow(datasets: DatasetQuerySet, asked: Mapping[str, Any]) -> DatasetQuerySet:
    """Keep of ``with_figures`` what is asked for; archived ones only when that is asked for.

    Keys are those of the fields of ``DatasetFilter``; what is missing was not asked.
    """
    if text := asked.get("q", "").strip():
        datasets = datasets.search(text)
    exact = {name: asked[name] for name in ("interval", "provider", "symbol") if name in asked}
    if exact:
        datasets = datasets.filter(**exact)
    if "asset_class" in asked:
        datasets = datasets.of_class(asked["asset_class"])
    if "tag" in asked:
        datasets = datasets.tagged(asked["tag"].strip().lower())
    days = [asked[name] for name in ("covers_from", "covers_to") if name in asked]
    if days:
        datasets = datasets.covering(*days)
    if "quality" in asked:
        datasets = datasets.of_quality(is_clean=asked["quality"] == "clean")
    archived = asked.get("archived")
    return datasets if archived == "any" else datasets.archived(only=archived == "only")


def order_of_interval(interval: str) -> dt.timedelta:
    """Give what intervals are sorted by."""
    return INTERVALS.get(interval, dt.timedelta.max)


class ChartForm(forms.Form):
    """How a dataset's chart is drawn."""

    interval = forms.ChoiceField(choices=[(name, name) for name in INTERVALS], required=False)
    session = forms.ChoiceField(choices=[(name, name) for name in SESSION_FILTERS], required=False)
    at = forms.IntegerField(min_value=1, max_value=10**10, required=False)  # s since 1970
    revision = forms.IntegerField(min_value=1, required=False)

    def choose(self, intervals: Collection[str]) -> dict[str, object]:
        """Give interval, session and place; what is not valid is as if it were not asked."""
        self.full_clean()
        asked = self.cleaned_data
        interval = asked.get("interval")
        return {
            "interval": interval if interval in intervals else "auto",
            "session": asked.get("session") or "regular",
            "at": asked.get("at"),
        }

    def choose_revision(self, revisions: Sequence[Revision]) -> Revision | None:
        """Give the revision by its number, the newest when none is asked for."""
        self.full_clean()
        number = self.cleaned_data.get("revision")
        if number is None:
            return revisions[0] if revisions else None
        return next((one for one in revisions if one.number == number), None)
