"""Figures as people read them: a unit, a sign, a time with its zone, a dash for what is absent."""

import datetime as dt
import math
import re
import statistics
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeGuard
from zoneinfo import ZoneInfo

from django import forms, template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hewston.pipeline.breakdown import Bin, YearOfReturns
from hewston.pipeline.calendar import date_of, evening_of
from hewston.pipeline.intervals import is_daily
from hewston.pipeline.metrics import METRICS

register = template.Library()

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_KILO = 1000


def _is_known(value: object) -> TypeGuard[float]:
    """Tell a number from None, from NaN and from what a template could not resolve."""
    return isinstance(value, int | float) and math.isfinite(value)


def _has_digits(text: str) -> bool:
    """Tell a written figure from a zero."""
    return any(digit in text for digit in "123456789")


@register.filter
def decimal(value: float | None, places: int = 2) -> str:
    """Write a number with grouped thousands; a dash where there is none."""
    if not _is_known(value):
        return DASH
    text = f"{abs(value):,.{places}f}"
    is_zero = not text.strip("0.,")
    return text if value >= 0 or is_zero else MINUS + text


@register.filter
def price(value: float | None, most_places: int = 9) -> str:
    """Write a price with all of its decimals, two at least."""
    if not _is_known(value):
        return DASH
    digits = f"{abs(value):,.{most_places}f}".rstrip("0")
    missing = 2 - len(digits.rpartition(".")[2])
    return (MINUS if value < 0 and _has_digits(digits) else "") + digits + "0" * max(missing, 0)


_FINER_THAN_A_TICK = 2  # decimals: an average of quotes lies between two ticks


@register.simple_tag
def price_places(rows: Iterable[Mapping[str, object]], tick_size: float, *names: str) -> int:
    """Give the decimals of a column of prices: a tick's, and more where its rows need them.

    At most two more than a tick has; exports have all.
    """
    tick = _count_decimals(tick_size)
    prices = [row[name] for row in rows for name in names]
    needed = max((_count_decimals(value) for value in prices if _is_known(value)), default=0)
    least = max(tick, 2)
    return min(max(needed, least), least + _FINER_THAN_A_TICK)


def _count_decimals(value: float) -> int:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


@register.filter
def quantity(value: float | None) -> str:
    """Write units without needless decimals."""
    if not _is_known(value):
        return DASH
    text = f"{abs(value):,.8f}".rstrip("0").rstrip(".")
    return (MINUS if value < 0 and _has_digits(text) else "") + text


@register.filter
def money(value: float | None, currency: str = "USD") -> str:
    """Write an amount to the cent: $1,234.50, or 1,234.50 CHF."""
    text = decimal(value, 2)
    if text == DASH:
        return text
    sign, digits = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency}"


@register.filter
def percent(value: float | None, places: int = 1) -> str:
    """Write a fraction as percent."""
    text = decimal(value * 100 if _is_known(value) else None, places)
    return text if text == DASH else f"{text}%"


@register.filter
def size(value: float | None) -> str:
    """Write bytes in the unit that reads well: 5.5 MB."""
    if not _is_known(value):
        return DASH
    for unit in ("B", "kB", "MB", "GB"):
        if value < _KILO:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KILO
    return f"{value:.1f} TB"


@register.filter
def duration(milliseconds: float | None) -> str:
    """Write how long something took: 850 ms, 2.1 s, 3 min 5 s."""
    if milliseconds is None:
        return DASH
    if milliseconds < _KILO:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / _KILO
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"  # noqa: PLR2004 (seconds of a minute)


@register.filter
def signed(text: str, value: float | None) -> SafeString | str:
    """Mark a written figure as gain or loss: by sign and arrow, and only then by colour."""
    if not _is_known(value) or not _has_digits(text):
        return text
    gain = value > 0
    return format_html(
        '<span class="{}"><span aria-hidden="true">{}</span> {}{}</span>',
        "gain" if gain else "loss",
        "▲" if gain else "▼",
        "+" if gain else "",
        text,
    )


@register.filter
def plus(text: str, value: float | None) -> str:
    """Write the plus sign of a gain, unless it was rounded to zero."""
    return f"+{text}" if _is_known(value) and value > 0 and _has_digits(text) else text


@register.filter
def zone_name(tz: str) -> str:
    """Name a zone as people say it: New York time."""
    return tz if tz == "UTC" else tz.rpartition("/")[2].replace("_", " ") + " time"


@register.simple_tag(takes_context=True)
def viewer_zone(context: Context, tz: str = "America/New_York") -> str:
    """Give the zone that times are shown in: the exchange's, or UTC when the viewer chose it."""
    return "UTC" if context.get("zone") == "utc" else tz


@register.simple_tag(takes_context=True)
def moment(
    context: Context, value: dt.datetime | str | None, tz: str = "America/New_York"
) -> SafeString | str:
    """Write a time, to the minute, in the zone that the viewer chose."""
    if value is None:
        return DASH
    when = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    local = when.astimezone(ZoneInfo(viewer_zone(context, tz)))
    return format_html(
        '<time datetime="{}">{}</time>',
        when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        local.strftime("%Y-%m-%d %H:%M"),
    )


@register.filter
def utc_text(value: dt.datetime | str | None) -> str:
    """Write a time in UTC, with seconds where it has any."""
    if not value:
        return DASH
    when = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    utc = when.astimezone(dt.UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%S" if utc.second else "%Y-%m-%d %H:%M")


class Dated(Protocol):
    """What has exchange dates: a dataset."""

    calendar: str
    tz: str


@register.simple_tag(takes_context=True)
def bar_moment(
    context: Context, value: dt.datetime | str | None, dataset: Dated, interval: str
) -> SafeString | str:
    """Write when a bar begins: those of a day or longer by their exchange date, without a time."""
    if value is None or not is_daily(interval):
        return moment(context, value, dataset.tz)
    when = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    date = date_of(when, dataset.calendar, dataset.tz)
    return format_html('<time datetime="{}">{}</time>', date, date)


@register.simple_tag(takes_context=True)
def clock(context: Context, dataset: Dated) -> SafeString:
    """Give a chart's element what it tells times by: zone, tz and evening."""
    return format_html(
        'zone="{}" tz="{}" evening="{}"',
        viewer_zone(context, dataset.tz),
        dataset.tz,
        evening_of(dataset.calendar, dataset.tz),
    )


@register.filter
def field(row: dict[str, object], name: str) -> object:
    """Take a value out of a mapping by a name that is itself a value."""
    return row.get(name)


@register.filter
def attribute(row: object, name: str) -> object:
    """Take an attribute by a name that is itself a value."""
    return getattr(row, name, None)


_FINE = 0.1  # below ten percent a second decimal tells runs apart


@register.simple_tag
def figure(value: float | None, unit: str, currency: str = "USD") -> str:
    """Write a metric's value in its unit; a dash where there is none."""
    if value is None:
        return DASH
    if unit == "fraction":
        return percent(value, 2 if abs(value) < _FINE else 1)
    if unit == "money":
        return money(value, currency)
    if unit == "ratio":
        return decimal(value, 2)
    if unit == "days":
        return f"{decimal(value, 1)} days"
    return decimal(value, 0 if value == int(value) else 1)


_PERCENT = 0.01


@register.simple_tag
def return_places(years: Iterable[YearOfReturns]) -> int:
    """Give the decimals, 1 to 3, that tell monthly returns in percent from zero."""
    months = [abs(value) for year in years for value in year.months if value]
    middle = statistics.median(months) if months else _PERCENT
    return 1 + sum(middle < edge for edge in (_PERCENT, _PERCENT / 10))


@register.filter
def negative(value: float | None) -> float | None:
    """Turn a depth into what it takes from equity."""
    return -value if _is_known(value) else None


@register.filter
def tint(value: float | None) -> int:
    """Grade a return for its background: -3 to 3."""
    if not _is_known(value):
        return 0
    step = 1 + sum(abs(value) >= edge for edge in (0.01, 0.04))
    return step if value > 0 else -step if value < 0 else 0


@register.inclusion_tag("command.html")
def command(*words: str) -> dict[str, object]:
    """Show a command of this installation as it is typed in its folder, with a button to copy."""
    return {"text": " ".join((".venv/bin/python manage.py", *map(str, words)))}


@register.inclusion_tag("sort_form.html", takes_context=True)
def sort_form(context: Context) -> dict[str, object]:
    """Write the form of the buttons that sort, which keeps what else the page was asked."""
    return {"asked": list_asked(context, "order")}


@register.simple_tag(takes_context=True)
def list_asked(context: Context, *changed: str) -> list[tuple[str, str]]:
    """List what the page was asked, but the page's number and what a form is about to change."""
    asked = context["request"].GET
    return [
        (name, value)
        for name, values in asked.lists()
        for value in values
        if name not in {"page", *changed}
    ]


@register.inclusion_tag("sort_header.html")
def sort_header(
    form: forms.BaseForm | None, name: str, label: str, kind: str = "", hint: str = ""
) -> dict[str, object]:
    """Write a column's header as a button that sorts, first falling for figures.

    ``kind`` is the header's class. The button belongs to the form of ``sort_form``; without
    a form there is none. ``hint`` says how the figures are computed, which a metric's
    header knows itself.
    """
    if name in METRICS:
        hint = METRICS[name].formula
    order = (form.cleaned_data.get("order") or "") if form else ""
    state = {name: "ascending", f"-{name}": "descending"}.get(order, "")
    first, second = (f"-{name}", name) if kind == "num" else (name, f"-{name}")
    return {
        "form": form,
        "name": name,
        "label": label,
        "hint": hint,
        "kind": kind,
        "state": state,
        "order": second if order == first else first,
    }


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """Give the address of this page with some of its query changed; None takes one away."""
    asked = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    return f"?{asked.urlencode()}"


@register.simple_tag(takes_context=True)
def query_without(context: Context, name: str) -> str:
    """Give the address of this page without one name of its query, on its first page."""
    return query(context, **{name: None, "page": None})


@register.filter
def leaves(value: object, name: str = "") -> list[tuple[str, object]]:
    """Flatten nested JSON to (dotted name, value) pairs, in its own order."""
    if isinstance(value, dict):
        pairs = [(f"{name}.{key}" if name else key, inner) for key, inner in value.items()]
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        pairs = [(f"{name}.{index}", inner) for index, inner in enumerate(value)]
    else:
        return [(name, value)]
    return [leaf for inner_name, inner in pairs for leaf in leaves(inner, inner_name)]


@register.filter
def is_hash(value: object) -> bool:
    """Tell whether a value is a SHA-256 or names a commit, which people copy."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", value) is not None


@register.filter
def shown(value: object) -> str:
    """Write a JSON value for people."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or DASH
    return str(value)


_TONES = {
    "DONE": "good",
    "READY": "good",
    "ERROR": "bad",
    "error": "bad",
    "CANCELLED": "warn",
    "warning": "warn",
    "QUEUED": "live",
    "RUNNING": "live",
    "BUILDING": "live",
    "EQUAL": "good",
    "EQUAL WHERE BOTH HAVE BARS": "warn",
    "DIFFERENT": "bad",
    "NOTHING IN COMMON": "warn",
    "clean": "good",
    "looks ahead": "bad",
    "fails on less data": "warn",
    "not deterministic": "bad",
    "aligned": "good",
    "aligned_within_tolerance": "good",
    "diverged": "bad",
    "not_comparable": "warn",
    "better": "good",
    "worse": "bad",
}


@register.filter
def tone(state: str) -> str:
    """Give the tone of a status, a severity or a verdict."""
    return _TONES.get(state, "plain")


@register.filter
def words(name: str) -> str:
    """Write a name of several words as people do."""
    return name.replace("_", " ")


@register.filter
def date_only(value: dt.date | str | None) -> str:
    """Write a date, which JSON holds as text."""
    return DASH if value is None else str(value)[:10]


@register.inclusion_tag("runs/histogram.html")
def histogram(bins: list[Bin], unit: str, what: str, empty: str) -> dict[str, Any]:
    """Draw bins as bars of a 100 high, 10 wide each, and mark zero.

    ``unit`` is a currency, ``%`` for fractions, or what is counted. ``what`` names the values, and
    ``empty`` says why there are none.
    """
    tallest = max((one.count for one in bins), default=0) or 1
    bars = [
        {
            "range": _describe_range(one, unit),
            "count": one.count,
            "is_gain": one.low >= 0,
            "x": 10 * index,
            "y": f"{100 - 100 * one.count / tallest:.2f}",
            "height": f"{100 * one.count / tallest:.2f}",
        }
        for index, one in enumerate(bins)
    ]
    losses = sum(one.high <= 0 for one in bins)
    share = 100 * losses / len(bins) if bins else 0
    return {
        "what": what,
        "is_count": unit != "%" and not unit.isupper(),
        "empty": empty,
        "bars": bars,
        "width": 10 * len(bins),
        "low": _describe_end(bins[0].low, bins[0].high, "<", unit) if bins else "",
        "high": _describe_end(bins[-1].high, bins[-1].low, "≥", unit) if bins else "",
        "zero_x": 10 * losses - 0.5,
        "zero_share": f"{share:.2f}",
        "is_zero_named": _NARROWEST < share < 100 - _NARROWEST,
    }


register.inclusion_tag("runs/report_histogram.html", name="report_histogram")(histogram)
_NARROWEST = 22  # percent of the width that the text at an end takes


def _describe_end(end: float, inner: float, sign: str, unit: str) -> str:
    """Name an end of a distribution: its edge, or from where it has no end."""
    if math.isfinite(end):
        return _write_edge(end, unit)
    return f"{sign} {_write_edge(inner, unit)}"


def _describe_range(one: Bin, unit: str) -> str:
    """Write the range of a bin."""
    if math.isfinite(one.low) and math.isfinite(one.high):
        return f"from {_write_edge(one.low, unit)} to {_write_edge(one.high, unit)}"
    if math.isfinite(one.low):
        return f"≥ {_write_edge(one.low, unit)}"
    return f"< {_write_edge(one.high, unit)}"


def _write_edge(value: float, unit: str) -> str:
    if unit == "%":
        return percent(value, 2)
    return money(value, unit) if unit.isupper() else f"{quantity(value)} {unit}"
