"""The fields of a comparison's options: what was typed, what it means, what is wrong with it."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.parity.models import Comparison
from apps.permissions.templatetags.choices import options as write_options
from hewston.entry import Entry, write_value
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.parity.options import MOST_BARS, Options
from hewston.pipeline.parity.titles import pair_titles

_LEAVE_OUT = "-"
_SPANS = (
    ("all", "all that either side has"),
    ("common", "those of the time that both cover"),
    ("both", "those that both sides have"),
)
_TOLERANCES = {
    "absolute": ("default", "absolute", "Absolute tolerance"),
    "relative": ("default", "relative", "Relative tolerance"),
    "trades_absolute": ("trades", "absolute", "Absolute tolerance of trades"),
    "trades_relative": ("trades", "relative", "Relative tolerance of trades"),
}
_HELP = {
    "absolute": "In the unit of each series. A difference up to the larger of this and the "
    "relative one is loose, and no divergence.",
    "relative": "A share of the larger value, like 1e-6.",
    "trades_absolute": "Of prices and quantities; 0 makes a tick a difference.",
    "trades_relative": "A share of the larger value.",
}
_COUNTS = {
    "bars": ("Trades, ± bars", f"How far apart those of one pair may be: 0 to {MOST_BARS}."),
    "skip_bars": ("Skip, bars", "So many common bars are left out at the beginning."),
    "moved_s": ("Move Pine's times, s", "Seconds, like 3600 or -3600; blank: not at all."),
}


@dataclasses.dataclass(kw_only=True)
class SeriesRow:
    """What is said of one of Pine's series: which one of Python's it is, and its tolerance."""

    number: int
    title: str
    chosen: str
    options: SafeString
    absolute: str
    relative: str
    error: str = ""


class OptionFields:
    """A comparison's options as fields. What is typed wins over ``options``."""

    def __init__(
        self,
        *,
        options: Mapping[str, Any] | None = None,
        given: Mapping[str, str] | None = None,
        pine: Sequence[str] = (),
        python: Sequence[str] = (),
    ) -> None:
        self.problem: HewstonError | None = None
        self._options = options or Options().as_json()
        self._given = given or {}
        self._pine, self._python = pine, python
        self._auto = dict(pair_titles(pine, python).pairs)

    @functools.cached_property
    def entries(self) -> list[Entry]:
        """The fields beside those of each series."""
        return [
            *(self._enter(name, label, help=_HELP[name]) for name, (*_, label) in _labels()),
            self._enter("bars", *_COUNTS["bars"], kind="numeric"),
            self._enter("span", "Bars that count", kind="select", choices=_SPANS),
            self._enter("skip_bars", *_COUNTS["skip_bars"], kind="numeric"),
            self._enter(
                "zone",
                "Zone of Pine's times",
                "Like Asia/Taipei, where the export says none. Blank: as it was uploaded.",
            ),
            self._enter("moved_s", *_COUNTS["moved_s"], kind="text"),
        ]

    @functools.cached_property
    def rows(self) -> list[SeriesRow]:
        """Pine's series, each with what it may be on Python's side."""
        return [self._row(number, title) for number, title in enumerate(self._pine)]

    @property
    def is_series_said(self) -> bool:
        """Tell whether something of a series is not as it comes."""
        own = self._options["tolerances"]["series"] or self._options["mapping"]
        return bool(own) or any(row.error for row in self.rows)

    def read(self) -> dict[str, Any]:
        """Read all options; raises InputError with the field of the first that is wrong."""
        tolerances: dict[str, Any] = {"default": {}, "trades": {}, "series": {}}
        for name, (group, kind, label) in _TOLERANCES.items():
            if (value := self._read_distance(name, label)) is not None:
                tolerances[group][kind] = value
        for number, title in enumerate(self._pine):
            said = {
                kind: self._read_distance(f"{kind}.{number}", f"The {kind} tolerance of {title}")
                for kind in ("absolute", "relative")
            }
            own = {kind: value for kind, value in said.items() if value is not None}
            if own:
                tolerances["series"][title] = own
        return {
            **{name: self._options[name] for name in ("offsets", "resampled")},
            **{name: self._read_count(name) for name in _COUNTS},
            "tolerances": tolerances,
            "mapping": self._read_mapping(),
            "span": self._value("span"),
            "zone": self._value("zone").strip() or None,
        }

    def _read_mapping(self) -> dict[str, str | None]:
        """Read what is not as titles pair by themselves, and what such a choice takes away."""
        chosen = {title: self._choice(number, title) for number, title in enumerate(self._pine)}
        for number, (title, other) in enumerate(chosen.items()):
            if other not in {"", _LEAVE_OUT} and other not in self._python:
                raise InputError(
                    f"{other[:80]} is no series of Python's side.", field=f"other.{number}"
                )
            if other not in {"", _LEAVE_OUT} and list(chosen.values()).count(other) > 1:
                raise InputError(
                    f"{other} is chosen for more than one of Pine's series: {title} is one. "
                    "Choose it once.",
                    field=f"other.{number}",
                )
        said = {
            title: other for title, other in chosen.items() if other != self._auto.get(title, "")
        }
        taken = set(said.values())
        said |= {title: other for title, other in chosen.items() if other and other in taken}
        return {title: None if other == _LEAVE_OUT else other for title, other in said.items()}

    def _read_distance(self, name: str, label: str) -> float | None:
        text = self._value(name).strip()
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            raise InputError(
                f"{label} is “{text[:40]}”, but must be a number of at least 0, like 0.01 or 1e-6.",
                field=name,
            )
        return value

    def _read_count(self, name: str) -> int:
        text = self._value(name).strip().replace("\N{MINUS SIGN}", "-")
        try:
            return int(text or "0")
        except ValueError:
            label = _COUNTS[name][0]
            raise InputError(
                f"{label} is “{text[:40]}”, but must be a whole number.", field=name
            ) from None

    def _value(self, name: str) -> str:
        if name in self._given:
            return self._given[name]
        head, _, number = name.partition(".")
        if number:
            own = self._options["tolerances"]["series"].get(self._pine[int(number)], {})
            return write_value(own.get(head))
        if name in _TOLERANCES:
            group, kind, _ = _TOLERANCES[name]
            return write_value(self._options["tolerances"][group][kind])
        value = self._options[name]
        return "" if name in {"moved_s", "skip_bars"} and not value else write_value(value)

    def _choice(self, number: int, title: str) -> str:
        if (typed := self._given.get(f"other.{number}")) is not None:
            return typed
        mapping = self._options["mapping"]
        if title in mapping:
            return mapping[title] or _LEAVE_OUT
        other = self._auto.get(title, "")
        return "" if other in mapping.values() else other

    def _row(self, number: int, title: str) -> SeriesRow:
        chosen = self._choice(number, title)
        return SeriesRow(
            number=number,
            title=title,
            chosen=chosen,
            options=self._choose(title, chosen),
            absolute=self._value(f"absolute.{number}"),
            relative=self._value(f"relative.{number}"),
            error=self._error(f"other.{number}", f"absolute.{number}", f"relative.{number}"),
        )

    def _choose(self, title: str, chosen: str) -> SafeString:
        """Write what a series may be; the list, which all of them share, is written once."""
        alone = [("", "none: only Pine has it")] if title not in self._auto or not chosen else []
        first = write_options([*alone, (_LEAVE_OUT, "leave it out")], chosen)
        mark = format_html('value="{}"', chosen)
        rest = self._titles.replace(mark, f"{mark} selected", 1) if chosen else self._titles
        return mark_safe(first + rest)  # noqa: S308 (both parts were escaped)

    @functools.cached_property
    def _titles(self) -> str:
        return write_options([(one, one) for one in self._python], None)

    def _enter(
        self,
        name: str,
        label: str,
        help: str = "",  # noqa: A002 (what it is)
        *,
        kind: str = "text",
        choices: Sequence[tuple[str, str]] = (),
    ) -> Entry:
        return Entry(
            name=name,
            label=label,
            value=self._value(name),
            help=help,
            kind=kind,
            choices=choices,
            error=self._error(name),
        )

    def _error(self, *names: str) -> str:
        field = None if self.problem is None else self.problem.details.get("field")
        return self.problem.message if self.problem is not None and field in names else ""

    @property
    def shows_problem(self) -> bool:
        """Tell whether what is wrong stands beside a field."""
        errors = [*(one.error for one in self.entries), *(one.error for one in self.rows)]
        return any(errors)


def build_options(
    comparison: Comparison, report: Mapping[str, Any], given: Mapping[str, str] | None = None
) -> OptionFields:
    """Give the fields of a comparison's options, with its series paired as they were."""
    pine = [*(one["title"] for one in report["series"]), *report["only_pine"]]
    python = [*(one["other"] for one in report["series"]), *report["only_python"]]
    return OptionFields(options=comparison.options, given=given, pine=pine, python=python)


def _labels() -> Sequence[tuple[str, tuple[str, str, str]]]:
    return list(_TOLERANCES.items())
