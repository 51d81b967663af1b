"""Which runs to list, and in what order."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from apps.datasets.models import Dataset
from apps.permissions.models import User
from apps.permissions.templatetags.figures import MINUS
from apps.runs.forms.columns import COLUMNS, DEFAULT_COLUMNS, Column
from apps.runs.forms.paging import RunListing
from apps.runs.models import Run, RunQuerySet
from apps.strategies.models import VersionQuerySet
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.metrics.metric import Metric
from hewston.pipeline.strategies.catalogue import BUILT_IN
from hewston.taskqueue import Status

SEARCH_LENGTH = 120  # characters
_ORDERS = {
    "created": "created_at",
    "strategy": "strategy_id",
    "dataset": "dataset_id",
    "status": "status",
    **{name: f"metrics__{name}" for name in METRICS},
}
ORDER_CHOICES = [
    ("", "Newest first"),
    ("created", "Oldest first"),
    *(
        (sign + name, f"{METRICS[name].label if name in METRICS else name.capitalize()}, {words}")
        for name in _ORDERS
        if name != "created"
        for sign, words in (("-", "falling"), ("", "rising"))
    ),
]
FIGURE_CHOICES = [
    ("", "any"),
    *((key, f"{one.label}{', %' * (one.unit == 'fraction')}") for key, one in METRICS.items()),
]
_ARCHIVED = [("", "without archived"), ("only", "archived alone"), ("any", "archived too")]
_MOST_VERSIONS = 200  # of strategies, that a list offers
_SIGNS = {"min": "≥", "max": "≤"}
RANGES = {f"{name}_{end}": (name, end) for name in METRICS for end in _SIGNS}


class RunFilter(forms.Form):
    """Which runs to list, in what order, and with which columns."""

    q = forms.CharField(max_length=SEARCH_LENGTH, required=False)
    status = forms.ChoiceField(choices=[("", "any"), *Status.choices], required=False)
    strategy = forms.CharField(max_length=80, required=False)
    symbol = forms.CharField(max_length=71, required=False)
    tag = forms.CharField(max_length=40, required=False)
    archived = forms.ChoiceField(choices=_ARCHIVED, required=False)
    dataset = forms.CharField(max_length=120, required=False)
    revision = forms.IntegerField(min_value=1, required=False)
    order = forms.ChoiceField(
        choices=[*ORDER_CHOICES, ("-created", "Newest first")], required=False
    )
    columns = forms.CharField(max_length=2000, required=False)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        for name in RANGES:
            if name in data:
                self.fields[name] = forms.FloatField(required=False)

    def clean_columns(self) -> str:
        """Refuse a name that is no column."""
        names: str = self.cleaned_data["columns"]
        if unknown := [name for name in split_columns(names) if name not in COLUMNS]:
            raise forms.ValidationError(f"There is no column {unknown[0]}.")
        return names

    def apply(self, user: User) -> RunListing:
        """Narrow what the user may see, and sort; what is not valid is as if it were not asked."""
        self.full_clean()
        asked = {k: v for k, v in self.cleaned_data.items() if v not in (None, "")}
        same = {"strategy": "strategy_id", "dataset": "dataset_id"}
        asked = {same.get(name, name): value for name, value in asked.items()}
        order = asked.get("order") or "-created"
        return RunListing(
            runs=narrow(user, asked),
            ranges=read_ranges(asked),
            column=_ORDERS[order.removeprefix("-")],
            falls=order.startswith("-"),
        )

    @property
    def has_narrowed(self) -> bool:
        """Tell whether anything but an order and columns was asked for."""
        asked = {name for name, value in self.cleaned_data.items() if value not in (None, "")}
        return bool(asked - {"order", "columns"})

    @property
    def ordered_by(self) -> str:
        """The column by which it is sorted, once it was applied."""
        return (self.cleaned_data.get("order") or "created").removeprefix("-")

    def list_columns(self) -> list[Column]:
        """Give the columns to show, and the one that it is sorted by."""
        chosen = split_columns(self.cleaned_data.get("columns") or "") or DEFAULT_COLUMNS
        names = [name for name in COLUMNS if name in chosen]
        if self.ordered_by not in names:
            names.append(self.ordered_by)
        return [COLUMNS[name] for name in names]

    def list_ranges(self) -> list[dict[str, str]]:
        """Give the ranges of figures that are asked for: name, value, what they say."""
        return [
            {"name": name, "value": repr(value), "said": _say_range(METRICS[key], end, value)}
            for name, (key, end) in RANGES.items()
            if (value := self.cleaned_data.get(name)) is not None
        ]

    def list_choices(
        self, datasets: QuerySet[Dataset], versions: VersionQuerySet
    ) -> list[dict[str, Any]]:
        """Give the fields that a page offers as lists: name, label, what may be chosen."""
        mine = versions.with_runs().order_by("strategy__slug", "-number")[:_MOST_VERSIONS]
        strategies = dict.fromkeys([*sorted(BUILT_IN), *(str(one) for one in mine)])
        symbols = datasets.order_by("symbol").values_list("symbol", flat=True).distinct()
        lists: list[tuple[str, str, Iterable[tuple[str, str]]]] = [
            ("status", "Status", [("", "any"), *Status.choices]),
            ("strategy", "Strategy", _offer(strategies)),
            ("symbol", "Symbol", _offer(symbols)),
            ("archived", "Show", _ARCHIVED),
        ]
        fields = []
        for name, label, choices in lists:
            chosen = self.cleaned_data.get(name) or ""
            known = list(choices)
            if chosen not in dict(known):
                known.append((chosen, chosen))
            fields.append({"name": name, "label": label, "choices": known, "chosen": chosen})
        return fields


def _offer(values: Iterable[str]) -> list[tuple[str, str]]:
    return [("", "any"), *((value, value) for value in values)]


def _say_range(metric: Metric, end: str, value: float) -> str:
    shown = f"{value * 100:.6g} %" if metric.unit == "fraction" else f"{value:.10g}"
    return f"{metric.label} {_SIGNS[end]} {shown.replace('-', MINUS)}"


def split_columns(text: str) -> list[str]:
    """Read the names of columns, with commas between them."""
    return [name for word in text.split(",") if (name := word.strip())]


_NUMBER = re.compile(r"([-+\N{MINUS SIGN}]?[\d.,]+)\s*(%?)")
_ADDING = ("figure", "end", "value")


def tidy(query: QueryDict) -> str | None:
    """Give the query that a form of the list means; None where it is one already.

    A figure's range is typed in three fields and kept as one, ``sharpe_min=1``; columns that were
    ticked one by one are one list; what is blank is left out.
    """
    ticked = query.getlist("columns")
    if not any(name in query for name in _ADDING) and len(ticked) <= 1:
        return None
    kept = query.copy()
    for name in _ADDING:
        kept.pop(name, None)
    if len(ticked) > 1:
        kept["columns"] = ",".join(name for name in ticked if name)
    figure, end = query.get("figure", ""), query.get("end", "")
    if f"{figure}_{end}" in RANGES and (typed := query.get("value", "").strip()):
        kept[f"{figure}_{end}"] = _read_number(typed)
    kept.pop("page", None)
    for name in [name for name, value in kept.items() if value == ""]:
        del kept[name]
    return kept.urlencode(safe=",")


def _read_number(typed: str) -> str:
    """Read a number as it is typed, also in percent; what is none is told by the form."""
    match = _NUMBER.fullmatch(typed)
    if match is None:
        return typed
    digits = match[1].replace(MINUS, "-").replace(",", "")
    try:
        return f"{float(digits) / 100:.12g}" if match[2] else digits
    except ValueError:
        return typed


def narrow(user: User, asked: Mapping[str, Any]) -> RunQuerySet:
    """Choose of the user's runs all that is asked for but ranges; archived ones when that is.

    Keys are those of the API's query; what is missing was not asked.
    """
    runs = Run.objects.visible_to(user)
    if text := asked.get("q", "").strip():
        runs = runs.search(text, user=user)
    columns = {
        "status": "status",
        "strategy_id": "strategy_id",
        "dataset_id": "dataset_id",
        "revision": "revision__number",
    }
    exact = {column: asked[name] for name, column in columns.items() if name in asked}
    if exact:
        runs = runs.filter(**exact)
    if "symbol" in asked:  # few datasets: their ids are found faster than by a join
        datasets = Dataset.objects.filter(symbol=asked["symbol"]).values_list("pk", flat=True)
        runs = runs.filter(dataset__in=list(datasets))
    if "tag" in asked:
        runs = runs.tagged(asked["tag"].strip().lower())
    if "from" in asked:
        runs = runs.filter(last_date__gte=asked["from"].isoformat())
    if "to" in asked:
        runs = runs.filter(first_date__lte=asked["to"].isoformat())
    archived = asked.get("archived")
    return runs if archived == "any" else runs.archived(only=archived == "only")


def read_ranges(asked: Mapping[str, Any]) -> dict[str, float]:
    """Give the ranges of figures that are asked for, as lookups of RunMetrics."""
    ends = {"min": "gte", "max": "lte"}
    return {
        f"{key}__{ends[end]}": asked[name] for name, (key, end) in RANGES.items() if name in asked
    }
