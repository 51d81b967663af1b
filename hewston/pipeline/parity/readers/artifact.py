"""The JSON artifact: indicator series and trade events, strictly read."""

import json
import math
from pathlib import Path
from typing import NoReturn

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.parity.readers.columns import MOST_DECIMALS
from hewston.pipeline.parity.readers.events import Event, pair_events
from hewston.pipeline.parity.readers.moments import read_moment
from hewston.pipeline.parity.readers.upload import Upload
from hewston.pipeline.schemas import UTC_NS

_MOST_BYTES = 128 << 20
_MOST_SERIES = 1000
_HEAD_BYTES = 4096
_LARGEST = 1e99
_LONGEST_TEXT = 1_000_000
_FIELDS = (
    *("name", "symbol", "timeframe", "source_code", "indicator_series", "trade_events", "notes"),
)
_SIDES = ("long_entry", "long_exit", "short_entry", "short_exit")
_PARSE = (ValueError, RecursionError)  # what json says of text that is none


def looks_like_json(path: Path) -> bool:
    """Tell JSON by its first sign that is no blank."""
    with path.open("rb") as source:
        head = source.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith((b"{", b"["))


def read_artifact(path: Path, *, filename: str) -> Upload:
    """Read a JSON artifact.

    Times are ISO 8601 with an offset, or seconds or milliseconds since 1970. A value is a number,
    or null (or NaN) where there is none. Events become trades first in, first out. Raises
    InputError that names the path of a field, such as ``trade_events[3].price``.
    """
    return _Reader(filename).read(path)


class _Reader:
    def __init__(self, filename: str) -> None:
        self._file = filename

    def read(self, path: Path) -> Upload:
        body = self._load(path)
        for key in body:
            if key not in _FIELDS:
                self._refuse(key, f"is not known. {suggest(key, list(_FIELDS))}")
        decimals: dict[str, int] = {}
        series = self._read_series(body.get("indicator_series", []), decimals)
        events = self._read_events(body.get("trade_events", []))
        if series is None and not events:
            self._refuse("indicator_series", "is empty, and so is trade_events: nothing is there")
        trades, warnings = pair_events(events, refuse=self._refuse)
        notes = body.get("notes")
        return Upload(
            kind="json",
            layout="JSON artifact",
            name=self._text(body, "name"),
            clock="utc",
            symbol=self._text(body, "symbol"),
            timeframe=self._text(body, "timeframe"),
            series=series,
            trades=trades if "trade_events" in body else None,  # an empty list: none was made
            decimals=decimals,
            source_code=self._optional(body, "source_code"),
            notes=self._read_notes(notes),
            warnings=tuple(warnings),
        )

    def _load(self, path: Path) -> dict[str, object]:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(
                f"{self._file} has more than {_MOST_BYTES >> 20} MB of JSON. Give the series as a "
                "chart's data (CSV).",
                file=self._file,
                allowed=_MOST_BYTES,
            )
        try:
            body = json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_once)
        except _TwiceError as problem:
            raise InputError(
                f"{self._file}: the field {problem} is there twice.", file=self._file
            ) from problem
        except UnicodeDecodeError as problem:
            raise InputError(
                f"{self._file} is no JSON in UTF-8: byte {problem.start:,} cannot be read.",
                file=self._file,
            ) from problem
        except json.JSONDecodeError as problem:
            raise InputError(
                f"{self._file} is no JSON: {problem.msg} at line {problem.lineno:,}, column "
                f"{problem.colno:,}.",
                file=self._file,
                line=problem.lineno,
            ) from problem
        except _PARSE as problem:
            raise InputError(
                f"{self._file} is JSON that cannot be read: it is nested too deeply, or a number "
                "in it is too long.",
                file=self._file,
            ) from problem
        if not isinstance(body, dict):
            raise InputError(
                f"{self._file} must be one JSON object with name, symbol, timeframe, "
                "indicator_series and trade_events.",
                file=self._file,
            )
        return body

    def _read_series(self, given: object, decimals: dict[str, int]) -> pl.DataFrame | None:
        if not isinstance(given, list):
            self._refuse("indicator_series", "must be a list")
        if len(given) > _MOST_SERIES:
            self._refuse("indicator_series", f"has more than {_MOST_SERIES:,} series")
        frames: list[pl.DataFrame] = []
        for at, one in enumerate(given):
            where = f"indicator_series[{at}]"
            fields = self._object(one, where, ("name", "values"))
            name = self._text(fields, "name", where)
            if name in decimals or name == "ts_open":
                self._refuse(f"{where}.name", f"is {name!r}, a name that is taken")
            frames.append(self._read_values(fields.get("values"), where, name, decimals))
        if not frames:
            return None
        times = pl.concat(frame.select("ts_open") for frame in frames).unique().sort("ts_open")
        for frame in frames:
            times = times.join(frame, on="ts_open", how="left", maintain_order="left")
        return times

    def _read_values(
        self, given: object, where: str, name: str, decimals: dict[str, int]
    ) -> pl.DataFrame:
        if not isinstance(given, list):
            self._refuse(f"{where}.values", "must be a list")
        times: dict[int, float | None] = {}
        most = 0
        for at, point in enumerate(given):
            place = f"{where}.values[{at}]"
            fields = self._object(point, place, ("timestamp", "value"))
            stamp = self._moment(fields, place)
            if stamp in times:
                self._refuse(f"{place}.timestamp", "is there twice")
            value = self._value(fields, place)
            times[stamp] = value
            if value is not None:
                most = max(most, _decimals_of(value))
        decimals[name] = most
        return pl.DataFrame(
            {
                "ts_open": pl.Series(list(times), dtype=pl.Int64).cast(UTC_NS),
                name: pl.Series(list(times.values()), dtype=pl.Float64),
            }
        )

    def _read_events(self, given: object) -> list[Event]:
        if not isinstance(given, list):
            self._refuse("trade_events", "must be a list")
        events = []
        for at, one in enumerate(given):
            where = f"trade_events[{at}]"
            fields = self._object(one, where, ("timestamp", "side", "price", "qty", "reason"))
            side = fields.get("side")
            if side not in _SIDES:
                self._refuse(f"{where}.side", f"must be one of {', '.join(_SIDES)}")
            price = self._number(fields, "price", where)
            qty = self._number(fields, "qty", where)
            if qty <= 0:
                self._refuse(f"{where}.qty", "must be above 0")
            reason = self._optional(fields, "reason", where)
            events.append(
                Event(
                    where=where,
                    stamp_ns=self._moment(fields, where),
                    side="LONG" if str(side).startswith("long") else "SHORT",
                    is_entry=str(side).endswith("entry"),
                    price=price,
                    qty=qty,
                    reason=reason,
                )
            )
        return events

    def _read_notes(self, notes: object) -> tuple[str, ...]:
        if notes is None:
            return ()
        given = notes if isinstance(notes, list) else [notes]
        return tuple(self._checked(note, f"notes[{at}]") for at, note in enumerate(given))

    def _object(self, given: object, where: str, known: tuple[str, ...]) -> dict[str, object]:
        if not isinstance(given, dict):
            self._refuse(where, "must be an object")
        for key in given:
            if key not in known:
                self._refuse(f"{where}.{key}", f"is not known. {suggest(key, list(known))}")
        return given

    def _moment(self, fields: dict[str, object], where: str) -> int:
        stamp = read_moment(fields.get("timestamp"))
        if stamp is None:
            self._refuse(
                f"{where}.timestamp",
                "must be a time with its offset, such as 2025-03-31T08:30:00Z, or seconds or "
                "milliseconds since 1970",
            )
        return stamp

    def _value(self, fields: dict[str, object], where: str) -> float | None:
        if "value" not in fields:
            self._refuse(f"{where}.value", "is missing; write null where there is none")
        value = fields["value"]
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        number = self._number(fields, "value", where)
        return None if abs(number) >= _LARGEST else number

    def _number(self, fields: dict[str, object], key: str, where: str) -> float:
        value = fields.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(f"{where}.{key}", "must be a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self._refuse(f"{where}.{key}", "must be a finite number")
        return number

    def _text(self, fields: dict[str, object], key: str, where: str = "") -> str:
        path = f"{where}.{key}" if where else key
        if key not in fields:
            self._refuse(path, "is missing")
        text = self._checked(fields[key], path).strip()
        if not text:
            self._refuse(path, "is empty")
        return text

    def _optional(self, fields: dict[str, object], key: str, where: str = "") -> str | None:
        value = fields.get(key)
        return None if value is None else self._checked(value, f"{where}.{key}" if where else key)

    def _checked(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            self._refuse(path, "must be text")
        if len(value) > _LONGEST_TEXT:
            self._refuse(path, f"is longer than {_LONGEST_TEXT:,} characters")
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            self._refuse(path, "has a character that no text may have")
        return value

    def _refuse(self, path: str, problem: str) -> NoReturn:
        raise InputError(f"{self._file}: {path} {problem}.", file=self._file, field=path)


class _TwiceError(Exception):
    """A field is there twice in one object."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(repr(name[:60]) for name in names if names.count(name) > 1))
    return found


def _decimals_of(value: float) -> int:
    mantissa, _, power = repr(value).partition("e")
    digits = len(mantissa.partition(".")[2].rstrip("0")) - int(power or 0)
    return min(MOST_DECIMALS, max(0, digits))
