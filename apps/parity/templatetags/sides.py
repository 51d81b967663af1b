"""What Pine and Python say, as people read it: two values in one cell, errors, trades, pages."""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.parity.forms.parts import Part
from apps.permissions.templatetags.figures import DASH, MINUS, list_asked, price, quantity, query

register = template.Library()

_DIGITS = 10  # of a value: more tell nobody anything
_PLAIN = 1e-4, 1e7  # between these an error is written without an exponent
_STATUSES = {
    "agrees": ("agrees", "good"),
    "within_tolerance": ("within tolerance", "warn"),
    "differs": ("differs", "bad"),
    "not_compared": ("not compared", "plain"),
}
_TIER_TONES = {"diverges": "bad", "missing": "bad", "loose": "warn", "band": "plain"}


@register.filter
def value(number: float | None) -> str:
    """Write a value of a series with its own decimals, ten digits at most."""
    if number is None or not math.isfinite(number):
        return DASH if number is None else str(number)
    text = format(number, f",.{_DIGITS}g")
    if "e" in text:
        return _write_power(number, 4)
    return text.replace("-", MINUS)


@register.filter
def error(number: float | None) -> str:
    """Write a distance with four digits, a small one as a power of ten."""
    if number is None:
        return DASH
    if number == 0:
        return "0"
    low, high = _PLAIN
    if low <= abs(number) < high:
        return format(number, ",.4g").replace("-", MINUS)
    return _write_power(number, 2)


def _write_power(number: float, places: int) -> str:
    return format(number, f".{places}e").replace("-", MINUS).replace("+", "")


@register.simple_tag
def either(one: float | None, other: float | None, *, missing: str = DASH) -> SafeString | str:
    """Write a price of both in one cell: once where it is the same, else Pine's above Python's."""
    if one == other:
        return missing if one is None else price(one)
    texts = [missing if number is None else price(number) for number in (one, other)]
    if None not in (one, other) and texts[0] == texts[1]:
        texts = [repr(number) for number in (one, other)]
    return format_html(
        '<span class="both"><span><span class="spoken">Pine </span>{}</span>'
        '<span><span class="spoken">, Python </span>{}</span></span>',
        *texts,
    )


@register.filter
def candle_differs(prices: list[tuple[float | None, float | None]]) -> bool:
    """Tell whether a bar's prices are not the same on both sides."""
    return any(one != other for one, other in prices)


@register.filter
def delta(values: tuple[float | None, float | None] | None) -> str:
    """Write by how much Python's value is above Pine's."""
    if values is None or None in values:
        return DASH
    one, other = values
    apart = (other or 0.0) - (one or 0.0)
    return f"+{error(apart)}" if apart > 0 else error(apart)


@register.filter
def signed_error(number: float | None) -> str:
    """Write a difference with its sign."""
    text = error(number)
    return f"+{text}" if number is not None and number > 0 else text


@register.filter
def event_words(event: Mapping[str, Any]) -> str:
    """Say what a trade does at a bar: Pine 3: long in, 1 @ 101.25."""
    side = "Pine" if event["of"] == "pine" else "Python"
    way = "in" if event["end"] == "entry" else "out"
    reason = f", {event['reason']}" if event.get("reason") else ""
    return (
        f"{side} {event['trade_id']}: {str(event['side']).lower()} {way}, "
        f"{quantity(event['qty'])} @ {price(event['price'])}{reason}"
    )


@register.filter
def status_words(status: str) -> str:
    """Write the status of a layer."""
    return _STATUSES.get(status, (status, ""))[0]


@register.filter
def status_tone(status: str) -> str:
    """Give the tone of a layer's status."""
    return _STATUSES.get(status, ("", "plain"))[1]


@register.filter
def tier_tone(tier: str | None) -> str:
    """Give the tone of a tier."""
    return _TIER_TONES.get(tier or "", "good")


@register.filter
def iso_moment(text: str | int | None) -> dt.datetime | None:
    """Read a time of a report: ISO, or seconds since 1970."""
    if text is None:
        return None
    if isinstance(text, str):
        return dt.datetime.fromisoformat(text)
    return dt.datetime.fromtimestamp(text, dt.UTC)


@register.inclusion_tag("parity/part.html", takes_context=True)
def part_pager(context: template.Context, part: Part, place: str) -> dict[str, Any]:
    """Write which rows of a table are shown, and the ways to the others; ``place`` is its id."""

    def to(number: int) -> str:
        return f"{query(context, **{part.name: number})}#{place}"

    last = part.pages
    return {
        "part": part,
        "place": place,
        "first": to(1) if part.number > 2 else None,  # noqa: PLR2004 (else it is the previous one)
        "previous": to(part.number - 1) if part.number > 1 else None,
        "next": to(part.number + 1) if part.number < last else None,
        "last": to(last) if part.number + 1 < last else None,
    }


@register.simple_tag(takes_context=True)
def asked_but(context: template.Context, *names: str) -> list[tuple[str, str]]:
    """List what the page was asked, but what a form is about to change."""
    return list_asked(context, *names)
