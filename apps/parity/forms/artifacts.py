"""Which bridge artifacts to list, and what is said of an upload before it is kept."""

import functools
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import F

from apps.datasets.models import Dataset
from apps.parity.actions import change_draft, keep_draft, preview_draft
from apps.parity.models import KINDS, BridgeArtifact, BridgeDraft, BridgeQuerySet
from hewston.entry import Entry
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.sources.tables.times import ORDER_NAMES

ORDERS = {
    "name": "name",
    "kind": "kind",
    "symbol": "symbol",
    "interval": "interval",
    "trades": "trades",
    "series": "series",
    "candles": "candles",
    "first": "first_at",
    "last": "last_at",
    "created": "created_at",
}


class ArtifactFilter(forms.Form):
    """Which bridge artifacts to list, and in what order."""

    q = forms.CharField(max_length=120, required=False)
    kind = forms.ChoiceField(choices=KINDS, required=False)
    symbol = forms.CharField(max_length=64, required=False)
    order = forms.ChoiceField(
        choices=[(sign + name, name) for name in ORDERS for sign in ("", "-")], required=False
    )

    def apply(self, artifacts: BridgeQuerySet) -> BridgeQuerySet:
        """Narrow and sort; what is not valid is as if it were not asked."""
        self.full_clean()
        found = narrow(artifacts, {k: v for k, v in self.cleaned_data.items() if v})
        order = self.cleaned_data.get("order") or "-created"
        column = F(ORDERS[order.removeprefix("-")])
        falls = order.startswith("-")
        sort = column.desc(nulls_last=True) if falls else column.asc(nulls_last=True)
        return found.order_by(sort, "pk")

    def list_choices(self, artifacts: BridgeQuerySet) -> list[dict[str, object]]:
        """Give the fields that a page offers as lists: name, label, what may be chosen."""
        symbols = sorted(set(artifacts.exclude(symbol="").values_list("symbol", flat=True)))
        kind, symbol = (self.cleaned_data.get(name) or "" for name in ("kind", "symbol"))
        known = [*symbols, symbol] if symbol and symbol not in symbols else symbols
        return [
            {"name": "kind", "label": "Kind", "choices": [("", "any"), *KINDS], "chosen": kind},
            {
                "name": "symbol",
                "label": "Symbol",
                "choices": [("", "any"), *((name, name) for name in known)],
                "chosen": symbol,
            },
        ]


def narrow(artifacts: BridgeQuerySet, asked: Mapping[str, Any]) -> BridgeQuerySet:
    """Keep what is asked for: keys are fields of ``ArtifactFilter``."""
    if text := asked.get("q", "").strip():
        artifacts = artifacts.search(text)
    exact = {name: asked[name] for name in ("kind", "symbol") if asked.get(name)}
    return artifacts.filter(**exact)


class UploadForm:
    """What an upload would become, and what is said of it."""

    def __init__(self, draft: BridgeDraft) -> None:
        self.draft = draft
        self.problem: HewstonError | None = None
        self.asks_date_order = False  # which must be said before it can be read; known once shown
        self._zone = draft.zone
        known = Dataset.objects.visible_to(draft.owner).prefetch_related("revisions")
        self.datasets = [one for one in known if one.revisions.all() and not one.is_archived]

    def change(self, given: Mapping[str, str]) -> None:
        """Say other things of it. Raises HewstonError, and changes nothing, for a wrong zone."""
        said = {key: given.get(key, "") for key in ("name", "symbol", "date_order", "dataset_id")}
        offer, zone = given.get("offer", ""), given.get("zone", "")
        chosen = {"take": offer or zone, "keep": zone or offer}  # what is offered is not taken else
        self._zone = chosen.get(given.get("act", ""), zone)
        change_draft(draft=self.draft, zone=self._zone, **said)

    def keep(self) -> tuple[BridgeArtifact, bool]:
        """Keep it; tells whether it is new. Raises HewstonError."""
        return keep_draft(draft=self.draft)

    @functools.cached_property
    def shown(self) -> dict[str, Any]:
        """What it would become; nothing where that cannot be said, and ``problem`` says why."""
        try:
            return preview_draft(draft=self.draft)
        except HewstonError as problem:
            self.asks_date_order = problem.details.get("field") == "date_order"
            if not self.asks_date_order:
                self.problem = self.problem or problem
            return {}

    @property
    def asks_zone(self) -> bool:
        """Tell whether a zone must be said before it can be kept."""
        return bool(self.shown.get("needs_zone"))

    @property
    def best(self) -> int:
        """The most fills that lie inside their bars under one of the zones offered."""
        return max((one["inside"] for one in self.shown.get("offers", [])), default=0)

    @property
    def sentence(self) -> str:
        """What is wrong that is shown beside no field."""
        if self.problem is None or any(entry.error for entry in self.entries):
            return ""
        return self.problem.message

    @functools.cached_property
    def entries(self) -> list[Entry]:
        """The fields."""
        shown = self.shown
        choices = [
            ("", "none"),
            *(
                (one.pk, f"{one.symbol} · {one.from_date} to {one.to_date} · {one.interval}")
                for one in self.datasets
            ),
        ]
        entries = [
            self._entry("name", "Name", self.draft.name or shown.get("name", "")),
            self._entry("symbol", "Symbol", self.draft.symbol or shown.get("symbol", "")),
        ]
        is_found = self.draft.dataset_id and shown.get("date_order")  # by its bars, perhaps
        if self.asks_date_order or self.draft.date_order or is_found:
            entries.append(self._date_order())
        if shown.get("needs_zone") or self._zone or self.draft.dataset_id:
            entries += [
                self._entry(
                    "zone",
                    "Zone of its times",
                    self._zone,
                    help="That of the chart it was exported from, like America/New_York or +08:00. "
                    "The file does not say it.",
                ),
                self._entry(
                    "dataset_id",
                    "Find the zone with",
                    self.draft.dataset_id,
                    kind="select",
                    choices=choices,
                    help="The zones are offered under which fills lie inside this dataset's bars.",
                ),
            ]
        return entries

    def _date_order(self) -> Entry:
        return self._entry(
            "date_order",
            "Dates like 03/04/2025",
            self.draft.date_order,
            kind="select",
            choices=[("", "choose"), *((key, ORDER_NAMES[key]) for key in ("dmy", "mdy"))],
            help="Whether the day or the month comes first. The file does not tell.",
        )

    def _entry(self, name: str, label: str, value: str, **more: Any) -> Entry:  # noqa: ANN401 (as of Entry)
        wrong = self.problem
        is_wrong = wrong is not None and wrong.details.get("field") == name
        return Entry(
            name=name,
            label=label,
            value=value,
            error=wrong.message if wrong is not None and is_wrong else "",
            **more,
        )
