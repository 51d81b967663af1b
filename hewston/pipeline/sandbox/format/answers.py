"""The answer of a job, which its author may have forged: no byte is used before it is checked.

Nothing is believed that the header says of lengths: columns follow each other, and all together
must be exactly as long as the answer. Memory is bounded by the answer's own length.
"""

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from hewston.pipeline.sandbox.format.body import Body, read_texts
from hewston.pipeline.sandbox.format.forged import ForgedAnswerError
from hewston.pipeline.sandbox.format.header import (
    read_count,
    read_header,
    read_object,
    read_plain,
    read_text,
)
from hewston.pipeline.sandbox.inside.answer import (
    FAILURES,
    Column,
    Declaration,
    Flags,
    Numbers,
    Reading,
    Same,
    StrategyFailure,
    Unreadable,
)
from hewston.pipeline.sandbox.inside.form import (
    DEEPEST,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_COLUMNS,
)

_MOST_ROWS = 2**40
_DETAILS = frozenset(
    {"type", "message", "line", "code", "column", "rows", "row", "found", "expected"}
)
_NUMBERS = frozenset({"line", "rows", "row"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Said:
    """What a job said: what the module declares, then columns or a failure, or neither.

    ``params`` are those that the function got.
    """

    declaration: Declaration | None
    columns: dict[str, Column] | None
    failure: StrategyFailure | None
    params: dict[str, Any] | None


def read_answer(
    data: bytes,
    *,
    rows: int = 0,
    frame: Collection[str] = (),
    reading: Reading | None = None,
) -> Said:
    """Read an answer to a frame of ``rows`` and these columns, asked to be read so.

    Without ``reading`` no columns were asked for. Raises ForgedAnswerError.
    """
    header, place = read_header(data, "columns", "declaration", "failure", "params")
    entries = header["columns"]
    columns: dict[str, Column] | None = None
    body = Body(memoryview(data)[place:], rows)
    if entries is not None:
        if reading is None or not isinstance(entries, list):
            raise ForgedAnswerError("nobody asked for its columns")
        columns = _read_columns(entries, body, frame, reading)
    body.end()
    said = Said(
        declaration=read_declaration(header["declaration"]),
        columns=columns,
        failure=read_failure(header["failure"]),
        params=read_params(header["params"]),
    )
    is_whole = said.declaration is not None and (reading is None or columns is not None)
    if said.failure is None and not is_whole:
        raise ForgedAnswerError("it is neither columns nor an error")
    if said.failure is not None and columns is not None:
        raise ForgedAnswerError("it is both columns and an error")
    return said


def _read_columns(
    entries: list[Any], body: Body, frame: Collection[str], reading: Reading
) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    own = 0
    for entry in entries:
        if not isinstance(entry, dict):
            raise ForgedAnswerError("its header holds other things than an answer's")
        name = entry.pop("name", None)
        if not _is_name(name, columns):
            raise ForgedAnswerError("the names of its columns are none, or are there twice")
        column = _read_column(name, entry, body, reading)
        own += not isinstance(column, Same)
        if own > MOST_COLUMNS or (isinstance(column, Same) and name not in frame):
            raise ForgedAnswerError("it has other columns than it may have")
        columns[name] = column
    return columns


def _is_name(name: object, known: Collection[str]) -> bool:
    return (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and name not in known
    )


def _read_column(name: str, entry: dict[str, Any], body: Body, reading: Reading) -> Column:
    kind = entry.pop("kind", None)
    wanted = {**dict.fromkeys(reading.flags, "flags"), **dict.fromkeys(reading.texts, "texts")}
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or (kind in _OWN_KINDS and kind != wanted.get(name, "numbers")):
        raise ForgedAnswerError("a column is of another kind than it must be")
    if kind in {"unreadable", "same"} and wanted.get(name) in _NEVER[kind]:
        raise ForgedAnswerError("a column is of another kind than it must be")
    return reader(entry, body)


def _read_numbers(entry: dict[str, Any], body: Body) -> Column:
    read_object(entry)
    return Numbers(body.take_numbers("<f8", body.rows))


def _read_flags(entry: dict[str, Any], body: Body) -> Column:
    read_object(entry)
    flags = body.take_numbers("u1", body.rows)
    if flags.size and flags.max() > 1:
        raise ForgedAnswerError("a value that is true or false is neither")
    return Flags(flags.view(np.bool_))


def _read_unreadable(entry: dict[str, Any], body: Body) -> Column:
    read_object(entry, "dtype", "row", "value")
    row = None if entry["row"] is None else read_count(entry["row"], max(body.rows - 1, 0))
    dtype, value = (read_text(entry[name], longest=LONGEST_TEXT) for name in ("dtype", "value"))
    return Unreadable(dtype, row, value)


def _read_same(entry: dict[str, Any], _body: Body) -> Column:
    read_object(entry)
    return Same()


_READERS: dict[str, Callable[[dict[str, Any], Body], Column]] = {
    "numbers": _read_numbers,
    "flags": _read_flags,
    "texts": read_texts,
    "unreadable": _read_unreadable,
    "same": _read_same,
}
_OWN_KINDS = frozenset({"numbers", "flags", "texts"})
_NEVER = {"unreadable": frozenset({"texts"}), "same": frozenset({"flags", "texts"})}


def read_declaration(value: object) -> Declaration | None:
    """Read what a module declares; raises ForgedAnswerError."""
    if value is None:
        return None
    given = read_object(value, "PARAMS", "OPTIONS", "docstring", "has_function")
    if not isinstance(given["has_function"], bool):
        raise ForgedAnswerError("its header holds other things than an answer's")
    return Declaration(
        PARAMS=read_plain(given["PARAMS"], longest=LONGEST_TEXT, deepest=DEEPEST),
        OPTIONS=read_plain(given["OPTIONS"], longest=LONGEST_TEXT, deepest=DEEPEST),
        docstring=read_text(given["docstring"], longest=LONGEST_TEXT),
        has_function=given["has_function"],
    )


def read_failure(value: object) -> StrategyFailure | None:
    """Read what an author's code did wrong; raises ForgedAnswerError."""
    if value is None:
        return None
    given = read_object(value, "kind", "details")
    kind, details = given["kind"], given["details"]
    if kind not in FAILURES or not isinstance(details, dict) or not set(details) <= _DETAILS:
        raise ForgedAnswerError("its error is none")
    return StrategyFailure(kind, **{name: _read_detail(name, details[name]) for name in details})


def _read_detail(name: str, value: object) -> str | int | None:
    if value is None:
        return None
    if name in _NUMBERS:
        return read_count(value, _MOST_ROWS)
    return read_text(value, longest=LONGEST_TEXT)


def read_params(value: object) -> dict[str, Any] | None:
    """Read the parameters that the code got; raises ForgedAnswerError."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ForgedAnswerError("its header holds other things than an answer's")
    params: dict[str, Any] = read_plain(value, longest=LONGEST_TEXT, deepest=DEEPEST)
    return params
