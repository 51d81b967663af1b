"""What a person may say of a table and of its market, by names that all ways in share.

Said flat, as it is typed; stored as the options of an ingest: ``table`` (the answers about the
table itself), ``overrides`` (of the instrument), ``calendar`` and ``venue``.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, get_args

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, read_fields, suggest
from hewston.pipeline.sources.tables.plan import Answers
from hewston.pipeline.spec import AssetClass

ANSWERS = tuple(field.name for field in dataclasses.fields(Answers))
INSTRUMENT: dict[str, Rule] = {
    "asset_class": {
        "type": "str",
        "default": None,
        "choices": get_args(AssetClass),
        "help": "else as definitions and the venue say, or the hours of a table's bars",
    },
    "tick": {"type": "float", "default": None, "above": 0, "help": "the smallest step of a price"},
    "lot": {"type": "float", "default": None, "above": 0, "help": "the smallest quantity"},
    "multiplier": {
        "type": "float",
        "default": None,
        "above": 0,
        "help": "money for a price change of 1 in one unit",
    },
    "currency": {"type": "str", "default": None, "help": "a code like USD"},
}
MARKET_FIELDS: dict[str, Rule] = {
    "calendar": {
        "type": "str",
        "default": None,
        "help": "24/7, FX, CME, ICE, or an exchange by its code, like XNYS; else by asset class",
    },
    **INSTRUMENT,
}
OPTIONS = (*ANSWERS, *MARKET_FIELDS, "venue")
# What is said of the instrument, by the names that the pipeline has for it.
_OVERRIDES = {name: name for name in INSTRUMENT} | {"tick": "tick_size"}
HELP: dict[str, str] = {
    "member": "which file of an archive",
    "sheet": "which sheet of a workbook",
    "encoding": "such as utf-8 or cp1252",
    "delimiter": "comma, semicolon, tab, pipe, space, or any one sign",
    "decimal": "point or comma",
    "header": "line of the header, counted from 1; none where there is none",
    "columns": "which column is what, as in time=Date,open=Open; by name or by number from 1",
    "date_order": "dmy, mdy or ymd",
    "tz": "zone of the times: America/New_York, UTC, or a fixed offset such as +02:00",
    "stamp": "whether a time is a bar's start or its end: open or close",
    "interval": "length of a bar: 1m, 5m, 1h, 1d and so on",
    "symbol": "whose bars they are; of a table of several, which one is taken",
    "max_bad_rows": "how many rows that cannot be read may be left out",
    "venue": "where the bars are from, a short code of your own",
    **{name: str(rule["help"]) for name, rule in MARKET_FIELDS.items()},
}
_OF_ONE_FILE = ("symbol", "member", "max_bad_rows")  # what another file does not share
_LONGEST = {"symbol": 71, "venue": 40, "currency": 10}  # characters


def read_options(given: Mapping[str, object]) -> dict[str, Any]:
    """Read what was said, flat, as the options of an ingest; blank is as if it were not said.

    Raises InputError with the field and what it may be.
    """
    for name in given:
        if name not in OPTIONS:
            raise InputError(
                f"{name} is not an option of a table. {suggest(name, sorted(OPTIONS))}",
                field=name,
                allowed=sorted(OPTIONS),
            )
    said = {name: _plain(name, value) for name, value in given.items()}
    said = {name: value for name, value in said.items() if value not in (None, "", {})}
    answers = Answers.read({name: said[name] for name in ANSWERS if name in said})
    market = read_fields(
        MARKET_FIELDS, {name: said[name] for name in MARKET_FIELDS if name in said}, of="field"
    )
    options: dict[str, Any] = {"table": answers.as_json(), **gather_overrides(market)}
    if "venue" in said:
        options["venue"] = str(said["venue"])
    return options


def gather_overrides(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was said of the market as options: ``calendar``, and the rest in ``overrides``.

    Raises InputError for a calendar that there is not.
    """
    said = {name: value for name, value in values.items() if value is not None}
    overrides = {_OVERRIDES[name]: said.pop(name) for name in INSTRUMENT if name in said}
    if "calendar" in said:
        exchange_calendar.zone(said["calendar"])
    return {**said, **({"overrides": overrides} if overrides else {})}


def flatten_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options of an ingest flat, by the names that ``read_options`` takes."""
    overrides = options.get("overrides") or {}
    edits = {name: overrides[key] for name, key in _OVERRIDES.items() if key in overrides}
    rest = {name: options[name] for name in ("calendar", "venue") if options.get(name)}
    return {**(options.get("table") or {}), **edits, **rest}


def share_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what another file of the same kind shares, and leave out what is of this one alone."""
    flat = flatten_options(options)
    return read_options({name: flat[name] for name in flat if name not in _OF_ONE_FILE})


def merge_options(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Say something beside what was kept, flat: what is said wins, each column by itself."""
    columns = {**kept.get("columns", {}), **said.get("columns", {})}
    return {**kept, **said, **({"columns": columns} if columns else {})}


def _plain(name: str, value: object) -> object:
    """Refuse what is no text, number or, for columns, mapping of texts."""
    if name == "delimiter" and value in {"\t", " "}:
        return value
    if isinstance(value, str):
        value = value.strip()
    is_mapping = name == "columns" and isinstance(value, Mapping)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_mapping or is_number or value is None:
        return value
    longest = _LONGEST.get(name, 1000)
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        allowed = f"a text of at most {longest} characters that can be shown"
        raise InputError(f"{name} must be {allowed}.", field=name, allowed=allowed)
    return value
