"""Which comparisons to list, and the form that asks for one."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import F, Q

from apps.parity.actions import list_titles, request_comparison
from apps.parity.forms.options import OptionFields
from apps.parity.models import VERDICTS, BridgeArtifact, Comparison, ComparisonQuerySet
from apps.permissions.models import User
from apps.runs.models import Run
from hewston.entry import Entry
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.parity.titles import pair_titles
from hewston.taskqueue import Status

_MOST_RUNS = 200  # that the form offers: the newest
_SIDES = ("artifact_id", "second_artifact_id", "run_id", "python_artifact_id")
_ORDERS = {
    "verdict": "verdict",
    "artifact": "artifact__name",
    "run": "run",
    "class": "class_name",
    "cause": "cause",
    "first": "first_at",
    "created": "created_at",
}


class ComparisonFilter(forms.Form):
    """Which comparisons to list, and in what order."""

    q = forms.CharField(max_length=120, required=False)
    verdict = forms.ChoiceField(choices=VERDICTS, required=False)
    artifact = forms.CharField(max_length=12, required=False)
    run = forms.CharField(max_length=12, required=False)
    order = forms.ChoiceField(
        choices=[(sign + name, name) for name in _ORDERS for sign in ("", "-")], required=False
    )

    def apply(self, comparisons: ComparisonQuerySet) -> ComparisonQuerySet:
        """Narrow and sort; what is not valid is as if it were not asked."""
        self.full_clean()
        found = comparisons
        asked = self.cleaned_data
        for word in (asked.get("q") or "").split():
            found = found.filter(
                Q(pk__istartswith=word)
                | Q(artifact__name__icontains=word)
                | Q(artifact__symbol__icontains=word)
                | Q(run__pk__istartswith=word)
                | Q(run__name__icontains=word)
                | Q(run__strategy_id__icontains=word)
                | Q(python_artifact__name__icontains=word)
                | Q(class_name__icontains=word)
                | Q(cause__icontains=word)
            )
        if verdict := asked.get("verdict"):
            found = found.filter(verdict=verdict)
        if artifact := asked.get("artifact"):
            found = found.filter(Q(artifact=artifact) | Q(second_artifact=artifact))
        if run := asked.get("run"):
            found = found.filter(run=run)
        order = asked.get("order") or "-created"
        column = F(_ORDERS[order.removeprefix("-")])
        falls = order.startswith("-")
        sort = column.desc(nulls_last=True) if falls else column.asc(nulls_last=True)
        return found.order_by(sort, "pk")

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        """Give what the list of verdicts offers."""
        return [("", "any"), *VERDICTS]


class ComparisonForm:
    """What Pine said, what is set beside it, and how. Every rule is an action's."""

    def __init__(self, *, user: User, given: Mapping[str, str]) -> None:
        self._user = user
        named = {"artifact_id": given.get("artifact"), "run_id": given.get("run")}
        self._given = {**{name: value for name, value in named.items() if value}, **given}
        self._artifacts = list(BridgeArtifact.objects.visible_to(user).order_by("-created_at"))
        self.problem: HewstonError | None = None

    @property
    def has_artifacts(self) -> bool:
        """Tell whether there is something of Pine's."""
        return bool(self._artifacts)

    def submit(self) -> tuple[Comparison, bool]:
        """Ask for the comparison; raises HewstonError with the field."""
        sides = {name: self._given.get(name, "") or None for name in _SIDES}
        return request_comparison(
            owner=self._user,
            artifact_id=sides["artifact_id"] or "",
            second_artifact_id=sides["second_artifact_id"],
            run_id=sides["run_id"],
            python_artifact_id=sides["python_artifact_id"],
            options=self.options.read(),
        )

    def refuse(self, problem: HewstonError) -> None:
        """Show what is wrong beside its field."""
        self.problem = self.options.problem = problem

    @property
    def sentence(self) -> str:
        """What is wrong that belongs to no field."""
        if self.problem is None or self.options.shows_problem:
            return ""
        return "" if any(one.error for one in self.sides) else self.problem.message

    @functools.cached_property
    def artifact(self) -> BridgeArtifact | None:
        """What Pine said, once it is chosen."""
        return self._chosen_artifact("artifact_id")

    @functools.cached_property
    def runs(self) -> list[Run]:
        """Finished runs: those of the artifact's symbol first, each the newest first."""
        done = (
            Run.objects.visible_to(self._user).filter(status=Status.DONE).select_related("dataset")
        )
        newest = list(done.order_by("-created_at")[:_MOST_RUNS])
        chosen = self._given.get("run_id")
        if chosen and chosen not in {run.pk for run in newest}:
            newest += list(done.filter(pk=chosen))
        return sorted(newest, key=lambda run: not self._is_of_symbol(run))

    @functools.cached_property
    def sides(self) -> list[Entry]:
        """The fields of both sides."""
        none = [("", "none")]
        with_trades = [one for one in self._artifacts if one.trades]
        return [
            self._enter(
                "artifact_id",
                "Pine's bridge artifact",
                [("", "choose"), *map(_name_artifact, self._artifacts)],
                "What TradingView said: chart data with its plots, or a list of trades.",
            ),
            self._enter(
                "second_artifact_id",
                "Pine's list of trades",
                [*none, *map(_name_artifact, with_trades)],
                "A second one, where the first is the chart data.",
            ),
            self._enter(
                "run_id",
                "Python's run",
                [*none, *((run.pk, self._name_run(run)) for run in self.runs)],
                "A finished run; those of the same symbol come first.",
            ),
            self._enter(
                "python_artifact_id",
                "or another program's artifact",
                [*none, *map(_name_artifact, self._artifacts)],
                "In place of a run: JSON, or another export.",
            ),
        ]

    @functools.cached_property
    def options(self) -> OptionFields:
        """How both are compared; with Pine's series once both sides are chosen."""
        pine, python = self._titles
        return OptionFields(given=self._given, pine=pine if self.is_chosen else (), python=python)

    @property
    def is_chosen(self) -> bool:
        """Tell whether both sides are chosen, so that series can be paired."""
        return self.artifact is not None and self._python is not None

    @property
    def only_python(self) -> tuple[str, ...]:
        """Titles that Python's side alone has."""
        pine, python = self._titles
        return pair_titles(pine, python).only_python

    @functools.cached_property
    def _titles(self) -> tuple[list[str], list[str]]:
        pine: list[str] = []
        for name in ("artifact_id", "second_artifact_id"):
            one = self._chosen_artifact(name)
            pine = pine or ([] if one is None else list_titles(one))
        return pine, [] if self._python is None else list_titles(self._python)

    @functools.cached_property
    def _python(self) -> Run | BridgeArtifact | None:
        chosen = self._given.get("run_id")
        run = next((one for one in self.runs if one.pk == chosen), None)
        return run or self._chosen_artifact("python_artifact_id")

    def _chosen_artifact(self, name: str) -> BridgeArtifact | None:
        chosen = self._given.get(name)
        return next((one for one in self._artifacts if one.pk == chosen), None)

    def _is_of_symbol(self, run: Run) -> bool:
        symbol = "" if self.artifact is None else self.artifact.symbol.rpartition(":")[2]
        return bool(symbol) and run.dataset.symbol.casefold() == symbol.casefold()

    def _name_run(self, run: Run) -> str:
        name = f"{run.name} · {run.strategy_id}" if run.name else run.strategy_id
        return f"{run.dataset.symbol} · {name} · {run.created_at:%Y-%m-%d %H:%M} UTC · {run.pk}"

    def _enter(
        self,
        name: str,
        label: str,
        choices: Sequence[tuple[str, str]],
        help: str,  # noqa: A002 (what it is)
    ) -> Entry:
        field: Any = None if self.problem is None else self.problem.details.get("field")
        return Entry(
            name=name,
            label=label,
            value=self._given.get(name, ""),
            kind="select",
            choices=choices,
            help=help,
            error=self.problem.message if self.problem is not None and field == name else "",
        )


def _name_artifact(one: BridgeArtifact) -> tuple[str, str]:
    parts = (one.symbol, one.name, one.get_kind_display(), one.interval, one.pk)
    return one.pk, " · ".join(part for part in parts if part)
