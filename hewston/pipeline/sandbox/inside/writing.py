"""An answer as bytes."""

import dataclasses
from collections.abc import Buffer, Mapping
from typing import Any

import numpy as np

from hewston.pipeline.sandbox.inside.answer import (
    Column,
    Declaration,
    Flags,
    Numbers,
    StrategyFailure,
    Texts,
    Unreadable,
)
from hewston.pipeline.sandbox.inside.form import (
    LONGEST_NAME,
    MOST_COLUMNS,
    MOST_HEADER_BYTES,
    MOST_TEXT_BYTES,
    START,
    fill_columns,
    write_header,
)


def write_answer(
    columns: Mapping[str, Column] | None,
    *,
    declaration: Declaration | None,
    params: Mapping[str, Any] | None = None,
    failure: StrategyFailure | None = None,
) -> list[Buffer]:
    """Write what a module said; ``params`` are those that its function got.

    Raises StrategyFailure where the form does not hold it.
    """
    entries: list[dict[str, Any]] = []
    parts: list[Buffer] = []
    for name, column in (columns or {}).items():
        _check_name(name)
        entry, data = _write_column(name, column)
        entries.append({"name": name, **entry})
        parts.extend(data)
    own = sum(entry["kind"] != "same" for entry in entries)
    if own > MOST_COLUMNS:
        raise StrategyFailure(
            "unfit",
            message=f"run_strategy returned {own} columns of its own; it may return "
            f"{MOST_COLUMNS}.",
        )
    head = write_header(
        {
            "columns": None if columns is None else entries,
            "declaration": declaration and dataclasses.asdict(declaration),
            "failure": failure and {"kind": failure.kind, "details": make_safe(failure.details)},
            "params": None if params is None else dict(params),
        }
    )
    if len(head) > START.size + MOST_HEADER_BYTES:
        raise StrategyFailure(
            "unfit",
            message="PARAMS, OPTIONS and the names of columns are too long: "
            f"{MOST_HEADER_BYTES:,} bytes are the most.",
        )
    return [head, *fill_columns(parts)]


def _check_name(name: str) -> None:
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        shown = "".join(one if one.isprintable() else "?" for one in name[:LONGEST_NAME])
        raise StrategyFailure(
            "unfit",
            message=f"run_strategy returned a column named “{shown}”; a name has 1 to "
            f"{LONGEST_NAME} characters that can be printed.",
            column=shown,
        )


def _write_column(name: str, column: Column) -> tuple[dict[str, Any], list[Buffer]]:
    match column:
        case Numbers():
            return {"kind": "numbers"}, [np.ascontiguousarray(column.values, "<f8").data]
        case Flags():
            return {"kind": "flags"}, [np.ascontiguousarray(column.values, np.uint8).data]
        case Texts():
            return write_texts(name, column)
        case Unreadable():
            return {"kind": "unreadable", **make_safe(dataclasses.asdict(column))}, []
        case _:
            return {"kind": "same"}, []


def write_texts(name: str, column: Texts) -> tuple[dict[str, Any], list[Buffer]]:
    """Write texts: what the header says of them, and the bytes. Raises StrategyFailure."""
    try:
        pieces = [text.encode() for text in column.texts]
    except UnicodeEncodeError as problem:
        raise StrategyFailure(
            "unfit", message=f"The column {name} holds a text that is no Unicode.", column=name
        ) from problem
    lengths = np.array([len(piece) for piece in pieces], "<u4")
    if lengths[column.codes[column.codes >= 0]].sum(dtype=np.int64) > MOST_TEXT_BYTES:
        raise StrategyFailure(
            "unfit",
            message=f"The texts of the column {name} have more than {MOST_TEXT_BYTES:,} bytes.",
            column=name,
        )
    blob = b"".join(pieces)
    entry = {"kind": "texts", "texts": len(pieces), "bytes": len(blob)}
    return entry, [np.ascontiguousarray(column.codes, "<i4").data, lengths.data, blob]


def make_safe(details: Mapping[str, Any]) -> dict[str, Any]:
    """Write texts so that they are Unicode, whatever the author put into them."""
    return {
        name: value.encode(errors="replace").decode() if isinstance(value, str) else value
        for name, value in details.items()
    }
