"""The form that asks for a board, and which of a board's pairs are shown."""

import functools
from collections.abc import Mapping, Sequence

from apps.datasets.actions import find_dataset
from apps.datasets.models import Dataset
from apps.parity.actions import BOARD_FIELDS, request_board
from apps.parity.models import Board
from apps.permissions.models import User
from apps.runs.forms.entry import CHOICES, WORDS
from hewston.entry import Entry, write_value
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.parity.board import Row
from hewston.pipeline.sources.tables.times import ORDER_NAMES
from hewston.uploads import Upload

_OPTIONS = (
    *("fill_clock", "session", "limit_gap", "sizing", "size", "starting_cash", "max_leverage"),
    *("k_spread", "slippage_ticks", "fees_bps", "fee_per_unit"),
)  # of a run that the form offers; the others are for the API and the command line


class BoardForm:
    """On what data the pairs of a zip are played, and how. Every rule is the pipeline's."""

    def __init__(self, *, user: User, given: Mapping[str, str]) -> None:
        self.problem: HewstonError | None = None
        self._user, self._given = user, given
        known = Dataset.objects.visible_to(user).prefetch_related("revisions")
        self.datasets = [one for one in known if one.revisions.all() and not one.is_archived]

    def submit(self, *, upload: Upload | None) -> Board:
        """Ask for the board; raises HewstonError."""
        dataset = find_dataset(user=self._user, dataset_id=self._given.get("dataset_id", ""))
        if upload is None or len(upload.names) != 1:
            raise InputError("Choose one zip with the pairs.", field="files")
        name = upload.names[0]
        return request_board(
            owner=self._user,
            revision=dataset.latest,
            source=upload.folder / name,
            name=name,
            options={key: self._given.get(key) or None for key in _OPTIONS},
            zone=self._given.get("zone", ""),
            date_order=self._given.get("date_order", ""),
        )

    @functools.cached_property
    def data(self) -> Entry:
        """Which dataset."""
        choices = [
            (one.pk, f"{one.symbol} · {one.from_date} to {one.to_date} · {one.interval} · {one.pk}")
            for one in self.datasets
        ]
        value = self._given.get("dataset_id") or (choices[0][0] if choices else "")
        return self._entry(
            "dataset_id",
            "Dataset",
            value,
            kind="select",
            choices=choices,
            help="Its newest revision.",
        )

    @functools.cached_property
    def zone(self) -> Entry:
        """Which zone the lists' times are of."""
        return self._entry(
            "zone",
            "Zone of the lists",
            self._given.get("zone", ""),
            unit="optional",
            help="That of the chart, like Asia/Taipei. Blank: the one under which fills lie inside "
            "their bars.",
        )

    @functools.cached_property
    def date_order(self) -> Entry:
        """Whether day or month comes first."""
        return self._entry(
            "date_order",
            "Dates like 03/04/2025",
            self._given.get("date_order", ""),
            unit="optional",
            kind="select",
            choices=[("", "found out"), *((key, ORDER_NAMES[key]) for key in ("dmy", "mdy"))],
            help="For lists that a spreadsheet has saved, where neither they nor the bars tell.",
        )

    @functools.cached_property
    def options(self) -> list[Entry]:
        """How each pair is run."""
        entries = []
        for name in _OPTIONS:
            rule, (label, unit, words) = BOARD_FIELDS[name], WORDS[name]
            value = self._given.get(name, write_value(rule["default"]))
            entry = self._entry(name, label, value, unit=unit)
            entry.follow(rule, words, labels=CHOICES)
            entries.append(entry)
        return entries

    @property
    def are_options_said(self) -> bool:
        """Tell whether an option is not as it comes, or is wrong."""
        return any(
            entry.error or entry.value != write_value(BOARD_FIELDS[entry.name]["default"])
            for entry in self.options
        )

    @property
    def sentence(self) -> str:
        """What is wrong that belongs to no field but the file."""
        shown = [self.data, self.zone, self.date_order, *self.options]
        return "" if self.problem is None or any(e.error for e in shown) else self.problem.message

    def _entry(
        self,
        name: str,
        label: str,
        value: str,
        *,
        unit: str = "",
        kind: str = "text",
        choices: Sequence[tuple[str, str]] = (),
        help: str = "",  # noqa: A002 (what it is)
    ) -> Entry:
        is_wrong = self.problem is not None and self.problem.details.get("field") == name
        return Entry(
            name=name,
            label=label,
            value=value,
            unit=unit,
            kind=kind,
            choices=choices,
            help=help,
            error=self.problem.message if self.problem and is_wrong else "",
        )


class BoardRows:
    """A board's rows: all of them, or those that are not aligned."""

    def __init__(self, rows: Sequence[Row], given: Mapping[str, str]) -> None:
        self.all = rows
        self.only_other = given.get("show") == "other"

    @property
    def others(self) -> int:
        """How many pairs are not aligned."""
        return sum(not row.verdict.startswith("aligned") for row in self.all)

    @property
    def shown(self) -> list[Row]:
        """Give the rows that are shown: what is wrong first, then by the share that matches."""
        kept = [
            row for row in self.all if not self.only_other or not row.verdict.startswith("aligned")
        ]
        return sorted(kept, key=lambda row: (row.problem is None, row.pct or 0.0, row.name))
