"""What a comparison of runs says, as people read it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.permissions.templatetags.figures import (
    DASH,
    MINUS,
    decimal,
    duration,
    figure,
    is_hash,
    plus,
)
from hewston.entry import write_value
from hewston.pipeline.comparison.figures import Figure, FigureRow
from hewston.pipeline.metrics import Metric

register = template.Library()

LETTERS = "ABCDEF"  # of the runs, A the one that others are compared with
_SHORT = 12  # digits of a hash that tell it from others
_PERCENT = 100
_MOST_PLACES = 6
_ARROWS = {"better": "▲", "worse": "▼"}


@register.filter
def decided(value: object) -> SafeString | str:
    """Write a value of a manifest: a hash by its first digits, a truth in words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if is_hash(value):
        return format_html('<code title="{}">{}</code>', value, str(value)[:_SHORT])
    if isinstance(value, float):
        return write_value(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


@register.simple_tag
def difference(one: Figure, metric: Metric, currency: str) -> SafeString | str:
    """Write how far a figure is from A's, and whether that is better: in words, and by an arrow."""
    if one.difference is None:
        return DASH
    if one.verdict == "same":
        return "same"
    if metric.unit == "fraction":
        text = f"{_write_small(one.difference * _PERCENT)} pp"
    elif metric.unit == "ratio":
        text = _write_small(one.difference)
    else:
        text = figure(one.difference, metric.unit, currency)
    text = plus(text, one.difference)
    if one.verdict not in _ARROWS:
        return text
    return format_html(
        '<span class="{}"><span aria-hidden="true">{}</span> {}'
        ' <span class="spoken">{}</span></span>',
        "gain" if one.verdict == "better" else "loss",
        _ARROWS[one.verdict],
        text,
        one.verdict,
    )


def _write_small(value: float) -> str:
    """Write a number with two decimals, or with as many as it takes to tell it from zero."""
    places = next((n for n in range(2, _MOST_PLACES) if abs(value) >= 0.5 * 10**-n), _MOST_PLACES)
    return decimal(value, places)


@register.simple_tag
def absences(row: FigureRow) -> str:
    """Say why runs have no value or no difference, each reason once."""
    letters: dict[str, list[str]] = {}
    for letter, one in zip(LETTERS, row.figures, strict=False):
        if one.reason:
            letters.setdefault(one.reason, []).append(letter)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in letters.items())


@register.filter
def at(rows: Sequence[object], index: int) -> object:
    """Take a row by its number."""
    return rows[index]


@register.filter
def cents(amount: Decimal) -> str:
    """Write an exact amount to the cent."""
    text = f"{abs(amount):,.2f}"
    return MINUS + text if amount < 0 else text


@register.simple_tag
def beside(one: str, other: str, row: Mapping[str, object], end: str = "") -> SafeString | str:
    """Write what A and B say in one cell: once where it is the same, else A's above B's.

    What stands at an exit is ``open`` where the trade has none.
    """
    texts = {}
    for name, text in (("a", one), ("b", other)):
        if row[f"{name}_trade_id"] is not None:
            is_open = end == "exit" and row[f"{name}_exit_ts"] is None
            texts[name] = "open" if is_open else text
    if len(texts) == 1 or texts["a"] == texts["b"]:
        return next(iter(texts.values()))
    return format_html('<del>{}</del><ins class="under">{}</ins>', texts["a"], texts["b"])


@register.simple_tag
def moved(row: Mapping[str, object], unit: str) -> str:
    """Say how far B's ends are from A's; nothing where they are equal."""
    said = [
        f"{end} {_write_move(by, unit)}"
        for end in ("entry", "exit")
        if isinstance(by := row[f"{end}_moved"], int) and by
    ]
    return ", ".join(said)


def _write_move(by: int, unit: str) -> str:
    sign = "+" if by > 0 else MINUS
    if unit == "ms":
        return f"{sign}{duration(abs(by))}"
    return f"{sign}{abs(by)} bar{'' if abs(by) == 1 else 's'}"
