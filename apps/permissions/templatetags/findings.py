"""Findings of runs, as people read them."""

from collections.abc import Callable, Mapping
from typing import Any

from django import template

from apps.permissions.templatetags.figures import decimal, money, percent, price, quantity
from hewston.pipeline.diagnostics import CHECKS

register = template.Library()
_WORDS = {"error": "Error", "warning": "Warning", "info": "Note"}
_FINE = 0.1  # below ten percent a second decimal tells shares apart


@register.filter
def finding_label(key: str) -> str:
    """Name a finding; one that an older version made by its key."""
    check = CHECKS.get(key)
    return check.label if check else key.replace("_", " ").capitalize()


@register.filter
def severity_word(severity: str) -> str:
    """Say how grave a finding is."""
    return _WORDS.get(severity, severity)


@register.simple_tag
def count_severities(findings: list[Mapping[str, Any]]) -> str:
    """Count findings by severity, gravest first: 1 error, 2 warnings."""
    counts = {word: sum(one["severity"] == key for one in findings) for key, word in _WORDS.items()}
    return ", ".join(
        f"{count} {word.lower()}{'s' * (count != 1)}" for word, count in counts.items() if count
    )


@register.simple_tag
def evidence_value(row: Mapping[str, Any], currency: str) -> str:
    """Write the value of a row of evidence in its unit."""
    value, unit = row["value"], row["unit"]
    if not isinstance(value, int | float):
        return str(value)
    write: Callable[[float], str] | None = {
        "fraction": lambda share: percent(share, 2 if abs(share) < _FINE else 1),
        "money": lambda amount: money(amount, currency),
        "price": price,
        "ratio": _write_plainly,
        "bps": lambda amount: f"{_write_plainly(amount)} bps",
        "units": lambda amount: f"{quantity(amount)} units",
        "bars": lambda count: f"{decimal(count, 0)} bar{'s' * (count != 1)}",
        "minutes": lambda count: f"{decimal(count, 0)} min",
    }.get(unit)
    return write(value) if write else decimal(value, 0)


def _write_plainly(value: float) -> str:
    """Write a number without needless decimals, four at most."""
    text = decimal(value, 4)
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.simple_tag
def count_checks() -> int:
    """Count the checks that a run is asked."""
    return len(CHECKS)
