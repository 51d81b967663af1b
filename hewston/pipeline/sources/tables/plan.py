"""How a table is read: what a person said, what was found, and what must be asked."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.sources.tables.times import ORDERS, Order, Shape, TimeForm
from hewston.pipeline.sources.tables.vocabulary import ROLES
from hewston.pipeline.sources.tables.zones import read_zone

STAMPS = ("open", "close")
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "\\t": "\t"}
DELIMITER_NAMES = {sign: name for name, sign in _DELIMITERS.items() if len(name) > 2}  # noqa: PLR2004
_DECIMALS = {"point": ".", "comma": ",", ".": ".", ",": ","}
_MOST_BAD_ROWS = 10**9


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a person says of a table; None is what they leave to be found.

    ``columns`` names a column by its header or its number counted from 1 for each role; ``none``
    for a role that no column has. ``header`` is the line of the header, 0 for none.
    """

    member: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    date_order: Order | None = None
    tz: str | None = None
    stamp: str | None = None
    interval: str | None = None
    symbol: str | None = None
    max_bad_rows: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Self:
        """Read what was typed; raises InputError with the field and what it may be."""
        known = {one.name for one in dataclasses.fields(cls)}
        for name in given:
            if name not in known:
                raise InputError(
                    f"{name} is not an option of a table. {suggest(name, sorted(known))}",
                    field=name,
                    allowed=sorted(known),
                )
        said = {name: value for name, value in given.items() if value not in (None, "")}
        return cls(**{name: _READERS[name](value) for name, value in said.items()})

    def as_json(self) -> dict[str, object]:
        """Give what was said, as plain JSON values."""
        said = {k: v for k, v in dataclasses.asdict(self).items() if v not in (None, {})}
        return dict(sorted(said.items()))


def _text(value: object) -> str:
    return str(value).strip()


def _choice(name: str, choices: Mapping[str, str] | Sequence[str], value: object) -> str:
    known = choices if isinstance(choices, Mapping) else {choice: choice for choice in choices}
    given = str(value).casefold()
    if given not in known:
        raise InputError(
            f"{name} is {value}, but must be one of {', '.join(known)}.",
            field=name,
            allowed=list(known),
        )
    return known[given]


def _delimiter(value: object) -> str:
    given = str(value)
    found = _DELIMITERS.get(given.casefold(), given)
    if len(found) != 1 or found.isalnum() or found in "\"'\n\r":
        raise InputError(
            f"delimiter is {given}, but must be one sign, or comma, semicolon, tab, pipe or space.",
            field="delimiter",
            allowed=list(DELIMITER_NAMES.values()),
        )
    return found


def _zone(value: object) -> str:
    return read_zone(str(value)).name


def _stamp(value: object) -> str:
    return _choice("stamp", STAMPS, str(value).casefold().removeprefix("bar ").strip())


def _number(name: str, least: int, value: object) -> int:
    try:
        number = int(str(value).replace(",", ""))
    except ValueError:
        number = -1
    if not least <= number <= _MOST_BAD_ROWS:
        raise InputError(
            f"{name} is {value}, but must be a whole number of at least {least}.",
            field=name,
            allowed=f"a whole number of at least {least}",
        )
    return number


def _header(value: object) -> int:
    return 0 if str(value).casefold() == "none" else _number("header", 0, value)


def read_columns(value: object) -> Mapping[str, str]:
    """Read ``time=Date,open=Open`` or a mapping; raises InputError for an unknown role."""
    if isinstance(value, str):
        parts = [part for part in re.split(r"[,;]\s*(?=\w+\s*=)", value) if part.strip()]
        pairs = [part.partition("=")[::2] for part in parts]
        value = {role.strip(): column.strip() for role, column in pairs}
    if not isinstance(value, Mapping):
        raise InputError("columns must be pairs like time=Date,open=Open.", field="columns")
    for role in value:
        if role not in {*ROLES, "date", "clock"} or role == "other":
            known = [one for one in ROLES if one != "other"]
            raise InputError(
                f"{role} is no part of a bar. {suggest(str(role), known)}",
                field="columns",
                allowed=known,
            )
    return {str(role): str(column) for role, column in value.items() if str(column)}


_READERS: Mapping[str, Any] = {
    "member": _text,
    "sheet": _text,
    "encoding": _text,
    "delimiter": _delimiter,
    "decimal": lambda value: _choice("decimal", _DECIMALS, value),
    "header": _header,
    "columns": read_columns,
    "date_order": lambda value: _choice("date_order", ORDERS, value),
    "tz": _zone,
    "stamp": _stamp,
    "interval": lambda value: _choice("interval", tuple(INTERVALS), value),
    "symbol": _text,
    "max_bad_rows": lambda value: _number("max_bad_rows", 0, value),
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found out of one question about a table.

    ``confidence``: ``said`` by the person, ``certain``, ``likely``, or ``unknown``: then it must be
    asked, and ``value`` is the best guess. ``choices`` are others that could be.
    """

    value: Any
    confidence: str
    reason: str
    choices: tuple[Any, ...] = ()

    @property
    def is_open(self) -> bool:
        """Tell whether it must be asked."""
        return self.confidence == "unknown"

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values."""
        return {
            "value": self.value,
            "confidence": self.confidence,
            "reason": self.reason,
            "choices": list(self.choices),
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that decides how a table's rows become bars; stored with the dataset.

    ``columns`` gives the number (from 0) of each role's column; ``time`` has two where date and
    time of day stand apart. ``tz`` is None where every time says its zone, or where there are
    only dates. ``interval`` None: found from all rows.
    """

    kind: str  # text, excel or parquet
    member: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    first_line: int = 1
    width: int = 0
    names: tuple[str, ...] = ()
    decimal: str = "."
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    time_form: TimeForm = field(default_factory=lambda: TimeForm(kind="text"))
    tz: str | None = None
    stamp: str = "open"
    interval: str | None = None
    symbol: str | None = None
    layout: str | None = None
    volume_unit: float = 1.0  # of one unit in the column of volumes, as its header says

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values."""
        data = dataclasses.asdict(self)
        data["columns"] = {role: list(where) for role, where in sorted(self.columns.items())}
        data["names"] = list(self.names)
        data["time_form"]["shapes"] = [dataclasses.asdict(shape) for shape in self.time_form.shapes]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_json`` gave."""
        given = dict(data)
        form = dict(given.pop("time_form"))
        shapes = tuple(Shape(**shape) for shape in form.pop("shapes"))
        columns = {role: tuple(where) for role, where in given.pop("columns").items()}
        return cls(
            **{**given, "names": tuple(given["names"])},
            columns=columns,
            time_form=TimeForm(**form, shapes=shapes),
        )
