"""What is traded: from definitions, the user's edits, and the defaults of the asset class."""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import get_args

from hewston.pipeline.calendar import ALWAYS_OPEN, CME, FX, ICE
from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.definitions import Definition
from hewston.pipeline.sources.dbn.records import PRICE_SCALE
from hewston.pipeline.spec import AssetClass, Instrument

_FUTURES_VENUES = ("GLBX", "IFEU", "IFUS", "IFLL", "NDEX", "XEUR", "XEEE", "XCBF", "OPRA")
_CALENDARS_OF_CLASSES: dict[AssetClass, str] = {
    "equity": "XNYS",
    "index": "XNYS",
    "fx": FX,
    "crypto": ALWAYS_OPEN,
}
_CALENDARS_OF_VENUES = {
    "IFEU": ICE,
    "IFUS": ICE,
    "OPRA": "XNYS",
    "XCBF": "XCBF",
    "XEEE": "XEEE",
    "XEUR": "XEUR",
}
_FIELDS = {field.name for field in dataclasses.fields(Instrument)}
_POSITIVE = ("multiplier", "tick_size", "lot")
_EXTRA_DECIMALS = 4
_MOST_PRECISION = 16


def asset_class_of(dataset: str) -> AssetClass:
    """Give the asset class that a vendor dataset's venue trades, for want of a definition."""
    return "future" if dataset.split(".", maxsplit=1)[0] in _FUTURES_VENUES else "equity"


def default_calendar(asset_class: AssetClass, venue_code: str = "") -> str:
    """Give the calendar of an asset class when none is chosen; a venue's of futures."""
    if asset_class == "future":
        return _CALENDARS_OF_VENUES.get(venue_code.split(".", maxsplit=1)[0], CME)
    return _CALENDARS_OF_CLASSES[asset_class]


def describe(
    *,
    dataset: str,
    definitions: Sequence[Definition],
    price_decimals: int,
    overrides: Mapping[str, object],
) -> Instrument:
    """Put an instrument together; ``price_decimals`` is what the finest print needs.

    Without a definition an equity has a tick of 0.01; any other the smallest decimal step of
    its prices. ``price_precision`` holds every price exactly and four digits more.

    Raises InputError for an override that is no field or has no allowed value.
    """
    check_overrides(overrides)
    latest = max(definitions, key=lambda d: d.ts_recv, default=None)
    asset_class = asset_class_of(dataset)
    step = 1.0 / 10 ** (2 if asset_class == "equity" else max(2, price_decimals))
    values: dict[str, object] = {"asset_class": asset_class, "tick_size": step}
    if latest is not None:
        defined = {
            "asset_class": latest.asset_class,
            "currency": latest.currency,
            "multiplier": latest.multiplier,
            "tick_size": None if latest.tick is None else latest.tick / PRICE_SCALE,
        }
        values |= {name: value for name, value in defined.items() if value is not None}
    values |= overrides
    decimals = max(price_decimals, decimals_of(values["tick_size"]))
    values.setdefault("price_precision", min(decimals + _EXTRA_DECIMALS, _MOST_PRECISION))
    instrument = Instrument.from_json(values)
    if instrument.price_precision < decimals:
        raise InputError(
            f"price_precision is {instrument.price_precision}, but its prices have {decimals} "
            "decimals. Give at least that, or leave it out.",
            field="price_precision",
            allowed=f"{decimals} to {_MOST_PRECISION}",
        )
    return instrument


def decimals_of(step: object) -> int:
    """Count the decimals that a step needs."""
    exponent = Decimal(str(step)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def check_overrides(overrides: Mapping[str, object]) -> None:
    """Refuse an edited field that does not exist or whose value is not allowed."""
    for name, value in overrides.items():
        if name not in _FIELDS:
            raise InputError(
                f"An instrument has no field {name!r}. It has {', '.join(sorted(_FIELDS))}.",
                field=name,
                allowed=sorted(_FIELDS),
            )
        if name == "asset_class" and value not in get_args(AssetClass):
            raise InputError(
                f"asset_class is {value!r}; it may be {', '.join(get_args(AssetClass))}.",
                field=name,
                allowed=list(get_args(AssetClass)),
            )
        if name in _POSITIVE and not _is_positive(value):
            raise InputError(
                f"{name} is {value!r}; it must be a number above 0.", field=name, allowed="> 0"
            )
        if name == "price_precision" and not (
            isinstance(value, int) and 0 <= value <= _MOST_PRECISION
        ):
            raise InputError(
                f"price_precision is {value!r}; it must be a whole number from 0 to "
                f"{_MOST_PRECISION}.",
                field=name,
                allowed=f"0 to {_MOST_PRECISION}",
            )
        if name == "currency" and not (isinstance(value, str) and value.strip()):
            raise InputError(f"currency is {value!r}; it must be a code such as USD.", field=name)


def _is_positive(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    return number.is_finite() and number > 0
