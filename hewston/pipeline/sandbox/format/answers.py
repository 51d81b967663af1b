"""The answer of a job, which its author may have forged: no byte is used before it is checked.

Nothing is believed that the header says of lengths: columns follow each other, and all together
must be exactly as long as the answer. Memory is bounded by the answer's own length.
"""

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import numpy.typing as npt

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
    Texts,
    Unreadable,
)
from hewston.pipeline.sandbox.inside.form import (
    DEEPEST,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_COLUMNS,
    MOST_TEXT_BYTES,
    padding,
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
    header, place = read_header(data)
    entries = header["columns"]
    columns: dict[str, Column] | None = None
    body = _Body(memoryview(data)[place:], rows)
    if entries is not None:
        if reading is None or not isinstance(entries, list):
            raise ForgedAnswerError("nobody asked for its columns")
        columns = _read_columns(entries, body, frame, reading)
    body.end()
    said = Said(
        declaration=_read_declaration(header["declaration"]),
        columns=columns,
        failure=_read_failure(header["failure"]),
        params=_read_params(header["params"]),
    )
    is_whole = said.declaration is not None and (reading is None or columns is not None)
    if said.failure is None and not is_whole:
        raise ForgedAnswerError("it is neither columns nor an error")
    if said.failure is not None and columns is not None:
        raise ForgedAnswerError("it is both columns and an error")
    return said


class _Body:
    """The bytes behind the header, taken one column after the other."""

    def __init__(self, data: memoryview, rows: int) -> None:
        self._data, self._place, self.rows = data, 0, rows

    def take(self, length: int) -> memoryview:
        """Take the next bytes and those that fill them up."""
        end = self._place + length
        filled = end + padding(end)
        if filled > len(self._data) or any(self._data[end:filled]):
            raise ForgedAnswerError("its columns are shorter than it says")
        taken = self._data[self._place : end]
        self._place = filled
        return taken

    def take_numbers(self, kind: str, count: int) -> npt.NDArray[Any]:
        """Take numbers of a kind."""
        dtype = np.dtype(kind)
        return np.frombuffer(self.take(count * dtype.itemsize), dtype)

    def end(self) -> None:
        """Check that all was taken."""
        if self._place != len(self._data):
            raise ForgedAnswerError("its columns are longer than it says")


def _read_columns(
    entries: list[Any], body: _Body, frame: Collection[str], reading: Reading
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


def _read_column(name: str, entry: dict[str, Any], body: _Body, reading: Reading) -> Column:
    kind = entry.pop("kind", None)
    wanted = {**dict.fromkeys(reading.flags, "flags"), **dict.fromkeys(reading.texts, "texts")}
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or (kind in _OWN_KINDS and kind != wanted.get(name, "numbers")):
        raise ForgedAnswerError("a column is of another kind than it must be")
    if kind in {"unreadable", "same"} and wanted.get(name) in _NEVER[kind]:
        raise ForgedAnswerError("a column is of another kind than it must be")
    return reader(entry, body)


def _read_numbers(entry: dict[str, Any], body: _Body) -> Column:
    read_object(entry)
    return Numbers(body.take_numbers("<f8", body.rows))


def _read_flags(entry: dict[str, Any], body: _Body) -> Column:
    read_object(entry)
    flags = body.take_numbers("u1", body.rows)
    if flags.size and flags.max() > 1:
        raise ForgedAnswerError("a value that is true or false is neither")
    return Flags(flags.view(np.bool_))


def _read_texts(entry: dict[str, Any], body: _Body) -> Column:
    read_object(entry, "texts", "bytes")
    count = read_count(entry["texts"], body.rows)
    length = read_count(entry["bytes"], MOST_TEXT_BYTES)
    codes = body.take_numbers("<i4", body.rows)
    lengths = body.take_numbers("<u4", count).astype(np.int64)
    blob = bytes(body.take(length))
    if codes.size and not -1 <= codes.min() <= codes.max() < count:
        raise ForgedAnswerError("a row names a text that is not there")
    if lengths.sum() != length or lengths[codes[codes >= 0]].sum() > MOST_TEXT_BYTES:
        raise ForgedAnswerError("its texts are of another length than it says")
    ends = np.cumsum(lengths).tolist()
    try:
        texts = [
            blob[end - size : end].decode()
            for end, size in zip(ends, lengths.tolist(), strict=True)
        ]
    except UnicodeDecodeError as problem:
        raise ForgedAnswerError("a text is no Unicode") from problem
    return Texts(codes, texts)


def _read_unreadable(entry: dict[str, Any], body: _Body) -> Column:
    read_object(entry, "dtype", "row", "value")
    row = None if entry["row"] is None else read_count(entry["row"], max(body.rows - 1, 0))
    dtype, value = (read_text(entry[name], longest=LONGEST_TEXT) for name in ("dtype", "value"))
    return Unreadable(dtype, row, value)


def _read_same(entry: dict[str, Any], _body: _Body) -> Column:
    read_object(entry)
    return Same()


_READERS: dict[str, Callable[[dict[str, Any], _Body], Column]] = {
    "numbers": _read_numbers,
    "flags": _read_flags,
    "texts": _read_texts,
    "unreadable": _read_unreadable,
    "same": _read_same,
}
_OWN_KINDS = frozenset({"numbers", "flags", "texts"})
_NEVER = {"unreadable": frozenset({"texts"}), "same": frozenset({"flags", "texts"})}


def _read_declaration(value: object) -> Declaration | None:
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


def _read_failure(value: object) -> StrategyFailure | None:
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


def _read_params(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ForgedAnswerError("its header holds other things than an answer's")
    params: dict[str, Any] = read_plain(value, longest=LONGEST_TEXT, deepest=DEEPEST)
    return params
