"""What a person may ask of the lists of runs and trades."""

from django import forms
from django.db.models import F, QuerySet

from apps.runs.models import Run
from hewston.pipeline.metrics import METRICS
from hewston.taskqueue import Status

_COLUMNS = {
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
        for name in _COLUMNS
        if name != "created"
        for sign, words in (("-", "falling"), ("", "rising"))
    ),
]
TRADE_ORDERS = (
    "trade_id",
    "side",
    "entry_ts",
    "exit_ts",
    "qty",
    "entry_price",
    "exit_price",
    "net_pnl",
    "return",
    "bars_held",
    "mae",
    "mfe",
)


class RunFilter(forms.Form):
    """Which runs to list, and in what order."""

    status = forms.ChoiceField(choices=[("", "any"), *Status.choices], required=False)
    strategy = forms.CharField(max_length=80, required=False)
    symbol = forms.CharField(max_length=71, required=False)
    dataset = forms.CharField(max_length=120, required=False)
    revision = forms.IntegerField(min_value=1, required=False)
    order = forms.ChoiceField(
        choices=[*ORDER_CHOICES, ("-created", "Newest first")], required=False
    )

    def apply(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """Narrow and sort, runs without the figure last; what is not valid was not asked."""
        self.full_clean()
        asked = self.cleaned_data
        if asked.get("status"):
            runs = runs.filter(status=asked["status"])
        if asked.get("strategy"):
            runs = runs.filter(strategy_id=asked["strategy"])
        if asked.get("symbol"):
            runs = runs.filter(dataset__symbol=asked["symbol"])
        if asked.get("dataset"):
            runs = runs.filter(dataset_id=asked["dataset"])
        if asked.get("revision"):
            runs = runs.filter(revision__number=asked["revision"])
        order = asked.get("order") or "-created"
        column = F(_COLUMNS[order.removeprefix("-")])
        if order.startswith("-"):
            return runs.order_by(column.desc(nulls_last=True), "-id")
        return runs.order_by(column.asc(nulls_last=True), "id")


class TradeOrder(forms.Form):
    """In what order a run's trades are listed."""

    order = forms.ChoiceField(
        choices=[(sign + name, name) for name in TRADE_ORDERS for sign in ("", "-")], required=False
    )

    def chosen(self) -> tuple[str, bool]:
        """Give the column and whether it falls."""
        self.full_clean()
        order = self.cleaned_data.get("order") or "trade_id"
        return order.removeprefix("-"), order.startswith("-")
