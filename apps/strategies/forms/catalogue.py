"""Which strategies to list."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import F

from apps.strategies.models import StrategyQuerySet, StrategyTag

ORDERS = {
    "slug": "slug",
    "name": "name",
    "owner": "owner__username",
    "versions": "version_count",
    "runs": "used_by",
    "saved": "saved_at",
    "created": "created_at",
}
_ARCHIVED = [("", "without archived"), ("only", "archived alone"), ("any", "archived too")]


class StrategyFilter(forms.Form):
    """Which strategies to list, and in what order."""

    q = forms.CharField(max_length=120, required=False)
    tag = forms.CharField(max_length=40, required=False)
    archived = forms.ChoiceField(choices=_ARCHIVED, required=False)
    order = forms.ChoiceField(
        choices=[(sign + name, name) for name in ORDERS for sign in ("", "-")], required=False
    )

    def apply(self, strategies: StrategyQuerySet) -> StrategyQuerySet:
        """Narrow and sort ``with_figures``; what is not valid is as if it were not asked."""
        self.full_clean()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        found = narrow(strategies.with_figures(), asked)
        order = asked.get("order") or "-saved"
        column = F(ORDERS[order.removeprefix("-")])
        falls = order.startswith("-")
        sort = column.desc(nulls_last=True) if falls else column.asc(nulls_last=True)
        return found.order_by(sort, "slug", "pk")

    def list_choices(self, strategies: StrategyQuerySet) -> list[dict[str, object]]:
        """Give the fields that a page offers as lists: name, label, what may be chosen."""
        tags = StrategyTag.objects.filter(strategy__in=strategies).order_by("name")
        names = list(tags.values_list("name", flat=True).distinct())
        tag, archived = (self.cleaned_data.get(name) or "" for name in ("tag", "archived"))
        known = [*names, tag] if tag and tag not in names else names
        return [
            {
                "name": "tag",
                "label": "Tag",
                "choices": [("", "any"), *((name, name) for name in known)],
                "chosen": tag,
            },
            {"name": "archived", "label": "Show", "choices": _ARCHIVED, "chosen": archived},
        ]


def narrow(strategies: StrategyQuerySet, asked: Mapping[str, Any]) -> StrategyQuerySet:
    """Keep what is asked for; archived ones only when that is asked for.

    Keys are those of the fields of ``StrategyFilter``; what is missing was not asked.
    """
    if text := asked.get("q", "").strip():
        strategies = strategies.search(text)
    if "tag" in asked:
        strategies = strategies.tagged(asked["tag"].strip().lower())
    archived = asked.get("archived")
    return strategies if archived == "any" else strategies.archived(only=archived == "only")
