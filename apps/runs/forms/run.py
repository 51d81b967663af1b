"""The form that asks for a run."""

import contextlib
import functools
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from apps.datasets.actions import find_dataset
from apps.datasets.models import Dataset
from apps.permissions.models import User
from apps.runs.actions import (
    NAME_LENGTH,
    PLAYBACK_FIELDS,
    ChosenStrategy,
    RequestKey,
    build_spec,
    check_description,
    choose_strategy,
    list_options,
    request_run,
)
from apps.runs.forms.entry import CHOICES, MONEY, WORDS
from apps.runs.models import Run
from apps.strategies.actions import list_newest, name_version
from hewston.entry import Entry, label_parameter, write_value
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, read_fields
from hewston.pipeline.intervals import coarser
from hewston.pipeline.spec import COST_FIELDS, RUN_FIELDS, canonical_json, sha256_text
from hewston.pipeline.strategies.catalogue import BUILT_IN

_SPREAD_UNITS = ("ticks", "bps")
_OF_DATASET = {"from", "to", "interval"}  # what another dataset may not have
_FIRST_STRATEGY = "sma_crossover"


class RunForm:
    """What a person types to ask for a run. Every rule is the pipeline's, and so is every sentence.

    ``given`` is what was typed, by name; a parameter of the strategy is ``params.NAME``. What is
    missing is the default, and what is blank is as if it were missing.
    """

    def __init__(self, *, user: User, given: Mapping[str, str]) -> None:
        self.problem: HewstonError | None = None
        self.request_key = given.get("request_key", "")[:40] or secrets.token_hex(16)
        self.datasets = [
            one
            for one in Dataset.objects.visible_to(user).prefetch_related("revisions")
            if one.revisions.all() and (not one.is_archived or one.pk == given.get("dataset_id"))
        ]
        if given.get("dates_of", self._chosen(given)) != self._chosen(given):
            given = {name: value for name, value in given.items() if name not in _OF_DATASET}
        self._user, self._given = user, given
        self.dataset_id = self._chosen(given)
        self.dataset = {one.pk: one for one in self.datasets}.get(self.dataset_id)
        self.strategy_id = given.get("strategy") or _FIRST_STRATEGY
        self.strategy: ChosenStrategy | None = None
        with contextlib.suppress(InputError):  # said when it is submitted
            self.strategy = choose_strategy(user=user, name=self.strategy_id)

    @classmethod
    def of_run(cls, *, user: User, run: Run) -> Self:
        """Fill the form with what decided a run."""
        options = list_options(run.run_spec)
        fallback = options.pop("spread_fallback") or {"ticks": None}
        unit, spread = next(iter(fallback.items()))
        said = {
            "dataset_id": run.dataset_id,
            "strategy": name_version(run.version, user) if run.version else run.strategy_id,
            **options,
            **{f"params.{name}": value for name, value in run.run_spec.params.items()},
            "spread_fallback": spread,
            "spread_unit": unit,
            "speed": run.speed,
            "name": run.name,
            "note": run.note,
        }
        return cls(user=user, given={name: write_value(value) for name, value in said.items()})

    def _chosen(self, given: Mapping[str, str]) -> str:
        return given.get("dataset_id") or (self.datasets[0].pk if self.datasets else "")

    def submit(self) -> tuple[Run, bool]:
        """Ask for the run: returns it, and whether it is new. Raises HewstonError."""
        try:
            return self._submit()
        except HewstonError as problem:
            self.problem = problem
            raise

    def _submit(self) -> tuple[Run, bool]:
        name, note = self._typed("name"), self._typed("note")
        check_description(name=name, note=note)
        speed = read_fields(PLAYBACK_FIELDS, self._said(PLAYBACK_FIELDS), of="option of a run")[
            "speed"
        ]
        revision = find_dataset(user=self._user, dataset_id=self.dataset_id).latest
        options: dict[str, object] = {**self._said([*RUN_FIELDS, *COST_FIELDS])}
        if spread := self._typed("spread_fallback"):
            options["spread_fallback"] = {self._spread_unit: spread}
        params = self._params()
        strategy = choose_strategy(user=self._user, name=self.strategy_id)
        spec = build_spec(revision=revision, strategy=strategy, params=params, options=options)
        said = [revision.pk, self.strategy_id, params, options, speed]
        body = sha256_text(canonical_json(said))
        # Sent twice, it is one run; changed and sent again, it is another.
        key = RequestKey(key=f"page-{self.request_key}-{body[:16]}", body_sha256=body)
        return request_run(
            owner=self._user,
            revision=revision,
            spec=spec,
            version=strategy.version,
            key=key,
            speed=speed,
            name=name,
            note=note,
        )

    @property
    def sentence(self) -> str:
        """What is wrong that belongs to no field that is shown."""
        shown = [*self.params, *self.times, *self.account, *self.costs, *self.rest]
        is_beside = any(entry.error for entry in [*shown, self.spread, *self.choosers])
        return "" if self.problem is None or is_beside else self.problem.message

    @functools.cached_property
    def choosers(self) -> list[Entry]:
        """The dataset and the strategy."""
        datasets = [(one.pk, _describe_dataset(one)) for one in self.datasets]
        strategies = self._list_strategies()
        if self.dataset is None:
            datasets.insert(0, (self.dataset_id, f"{self.dataset_id} (not there)"))
        return [
            self._entry(
                "dataset_id",
                "Dataset",
                value=self.dataset_id,
                kind="select",
                choices=datasets,
                help="The newest revision is used.",
            ),
            self._entry(
                "strategy",
                "Strategy",
                value=self.strategy_id,
                kind="select",
                choices=strategies,
                help=self.strategy.about if self.strategy else "",
            ),
        ]

    def _list_strategies(self) -> list[tuple[str, str]]:
        """Offer the newest version of each strategy, then the built-in ones, and what was chosen.

        Any other version is chosen on its own page.
        """
        versions = [
            (name_version(one, self._user), f"{one} · {one.strategy.name}")
            for one in list_newest(user=self._user)
        ]
        offered = versions + [(name, name.replace("_", " ")) for name in BUILT_IN]
        if self.strategy_id not in dict(offered):
            there = "" if self.strategy else " (not there)"
            offered.insert(0, (self.strategy_id, f"{self.strategy_id[:80]}{there}"))
        return offered

    @functools.cached_property
    def params(self) -> list[Entry]:
        """The parameters of the strategy."""
        return [
            self._rule_entry(
                f"params.{name}",
                rule,
                label=label_parameter(name),
                unit=str(rule.get("unit", "")),
                words=str(rule.get("help", "")),
            )
            for name, rule in self._rules.items()
        ]

    @functools.cached_property
    def times(self) -> list[Entry]:
        """When is traded."""
        return [
            self._option(name)
            for name in ("interval", "from", "to", "session", "fill_clock", "limit_gap")
        ]

    @functools.cached_property
    def account(self) -> list[Entry]:
        """With how much is traded."""
        return [
            self._option(name)
            for name in ("sizing", "size", "starting_cash", "max_leverage", "seed")
        ]

    @functools.cached_property
    def costs(self) -> list[Entry]:
        """What a fill costs."""
        return [self._option(name) for name in COST_FIELDS]

    @functools.cached_property
    def spread(self) -> Entry:
        """The spread to assume where the data has none; its unit is beside it."""
        needs = self.dataset is not None and not self.dataset.has_quotes
        return self._entry(
            "spread_fallback",
            "Assumed spread",
            help="The full spread where the data has no quotes, at least 0. "
            + (
                "This data has none: say it, or pay no share of the spread."
                if needs
                else "This data has quotes: it is not needed."
            ),
        )

    @property
    def spread_units(self) -> list[tuple[str, bool]]:
        """The units of the assumed spread, and which is chosen."""
        return [(unit, unit == self._spread_unit) for unit in _SPREAD_UNITS]

    @functools.cached_property
    def rest(self) -> list[Entry]:
        """What decides no figure."""
        return [
            self._rule_entry(
                "speed",
                PLAYBACK_FIELDS["speed"],
                label="Playback speed",
                unit="bars a frame",
                words="How fast its playback begins.",
            ),
            self._entry("name", "Name", help=f"At most {NAME_LENGTH} characters."),
            self._entry("note", "Note", kind="textarea", help="For you and those who see the run."),
        ]

    @property
    def _rules(self) -> Mapping[str, Rule]:
        return self.strategy.rules if self.strategy else {}

    @property
    def _spread_unit(self) -> str:
        unit = self._typed("spread_unit")
        return unit if unit in _SPREAD_UNITS else _SPREAD_UNITS[0]

    def _typed(self, name: str) -> str:
        return self._given.get(name, "").replace("\r\n", "\n").strip()

    def _said(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._typed(name) for name in names if self._typed(name)}

    def _params(self) -> dict[str, str]:
        """Give the parameters typed; those of a strategy that was chosen before are not meant."""
        return {
            name: self._typed(f"params.{name}")
            for name in self._rules
            if self._typed(f"params.{name}")
        }

    def _option(self, name: str) -> Entry:
        label, unit, words = WORDS[name]
        rule = (RUN_FIELDS | COST_FIELDS)[name]
        if name in MONEY:
            currency = self.dataset.instrument_spec.currency if self.dataset else "money"
            unit = f"{currency}, {unit}" if unit else currency
        if name in {"from", "to"} and self.dataset is not None:
            day = self.dataset.from_date if name == "from" else self.dataset.to_date
            rule = {**rule, "default": day}
        if name == "interval" and self.dataset is not None:
            own = self.dataset.interval
            rule = {**rule, "default": own, "choices": coarser(own)}
        entry = self._rule_entry(name, rule, label=label, unit=unit, words=words)
        if rule["type"] == "date" and self.dataset is not None:
            low, high = self.dataset.from_date.isoformat(), self.dataset.to_date.isoformat()
            entry.low, entry.high = low, high
            entry.help = f"{words} The data covers {low} to {high}."
        return entry

    def _rule_entry(self, name: str, rule: Rule, *, label: str, unit: str, words: str) -> Entry:
        """Make a field of a rule: its default, its range, its choices."""
        value = self._given.get(name, write_value(rule["default"]))
        entry = self._entry(name, label, value=value, unit=unit)
        entry.follow(rule, words, labels=CHOICES)
        return entry

    def _entry(
        self,
        name: str,
        label: str,
        *,
        value: str | None = None,
        unit: str = "",
        help: str = "",  # noqa: A002 (what it is)
        kind: str = "text",
        choices: Sequence[tuple[str, str]] = (),
    ) -> Entry:
        field = str(self.problem.details.get("field", "")) if self.problem else ""
        is_wrong = field == name or field.startswith(f"{name}.")
        return Entry(
            name=name,
            label=label,
            value=self._given.get(name, "") if value is None else value,
            unit=unit,
            help=help,
            kind=kind,
            choices=choices,
            error=self.problem.message if self.problem and is_wrong else "",
        )


def _describe_dataset(dataset: Dataset) -> str:
    revision = dataset.latest
    number = f", revision {revision.number}" if revision.number > 1 else ""
    source = "made up" if dataset.is_made_up else dataset.venue_code
    return (
        f"{dataset.symbol} · {dataset.from_date} to {dataset.to_date} · {source} · "
        f"{revision.rows:,} bars · {dataset.pk}{number}"
    )
