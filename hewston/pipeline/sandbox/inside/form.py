"""The form of what goes into the sandbox and comes out: a header of JSON, then raw columns.

    MAGIC, 4 bytes · length of the header, u32 · header, UTF-8 JSON · columns

All is little-endian. The header is filled with spaces, and each column with zero bytes, to a
multiple of 8 bytes. Columns follow in the header's order, and their lengths follow from it: there
are no offsets that could lie.
"""

import json
import struct
from collections.abc import Buffer, Iterable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

type Array = npt.NDArray[Any]
# Names of columns of one type, and their values: a row a column, as pandas has them.
type Group = tuple[Sequence[str], Array]

MAGIC = b"HWN\x01"
START = struct.Struct("<4sI")
ALIGNMENT = 8
MOST_HEADER_BYTES = 1 << 16
MOST_COLUMNS = 64
LONGEST_NAME = 64  # characters
LONGEST_TEXT = 4_000  # characters of a message, and of each text that is declared
DEEPEST = 8  # values in each other, of what is declared
MOST_TEXT_BYTES = 1 << 25  # of one column, each row's text counted


def padding(length: int) -> int:
    """Give the bytes that are missing to the next multiple of ``ALIGNMENT``."""
    return -length % ALIGNMENT


def write_header(header: Mapping[str, Any]) -> bytes:
    """Write magic, length and header; raises ValueError for what is no plain JSON."""
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    text += b" " * padding(START.size + len(text))
    return START.pack(MAGIC, len(text)) + text


def fill_columns(columns: Iterable[Buffer]) -> list[Buffer]:
    """Follow each column by the bytes that fill it up."""
    filled: list[Buffer] = []
    for column in columns:
        filled.append(column)
        if missing := padding(memoryview(column).nbytes):
            filled.append(bytes(missing))
    return filled
