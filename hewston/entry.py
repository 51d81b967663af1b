"""A field of a form as a page shows it."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from hewston.pipeline.fields import Rule, describe_rule


@dataclasses.dataclass(kw_only=True)
class Entry:
    """One field of a form as it is shown: what it is, what was typed, what is wrong with it."""

    name: str
    label: str
    value: str
    unit: str = ""
    help: str = ""
    kind: str = "text"
    choices: Sequence[tuple[str, str]] = ()
    error: str = ""
    low: str = ""
    high: str = ""

    @property
    def id(self) -> str:
        """Name the field in the page."""
        return self.name.replace(".", "-").replace("_", "-")

    def follow(self, rule: Rule, words: str, *, labels: Mapping[str, str] | None = None) -> None:
        """Become what a rule asks for: its range in the help, its choices, its kind.

        ``words`` is the help without the range; ``labels`` names choices.
        """
        self.help = f"{words} {describe_range(rule)}".strip()
        choices = rule.get("choices") or (("true", "false") if rule["type"] == "bool" else ())
        if choices:
            named = labels or {}
            self.kind, self.help = "select", words
            self.choices = [(str(one), named.get(str(one), str(one))) for one in choices]
            if self.value and self.value not in map(str, choices):
                self.choices = [(self.value, self.value), *self.choices]
        elif rule["type"] in {"int", "float"}:
            self.kind = "numeric" if rule["type"] == "int" else "decimal"
        elif rule["type"] == "date" and (not self.value or is_date(self.value)):
            self.kind = "date"


def describe_parameters(rules: Mapping[str, Rule]) -> list[Entry]:
    """Give the fields that a strategy's PARAMS make, with their defaults."""
    entries = []
    for name, rule in rules.items():
        entry = Entry(
            name=f"params.{name}",
            label=label_parameter(name),
            value=write_value(rule["default"]),
            unit=str(rule.get("unit", "")),
        )
        entry.follow(rule, str(rule.get("help", "")))
        entries.append(entry)
    return entries


def label_parameter(name: str) -> str:
    """Write a parameter's name as a field's label."""
    return name.replace("_", " ").capitalize()


def is_date(text: str) -> bool:
    """Tell whether a browser's field for dates can show a text."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def describe_range(rule: Rule) -> str:
    """Say what a value may be, as a sentence with grouped digits."""
    words = describe_rule(rule)
    return f"{words[0].upper()}{words[1:]}."


def write_value(value: object) -> str:
    """Write a value as a person types it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004 (exact below)
    return str(value)
