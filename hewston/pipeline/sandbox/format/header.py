"""The header of an answer, read as strictly as what a stranger wrote."""

import json
import math
from typing import Any, Never

from hewston.pipeline.sandbox.format.forged import ForgedAnswerError
from hewston.pipeline.sandbox.inside.form import ALIGNMENT, MAGIC, MOST_HEADER_BYTES, START

_LONGEST_NUMBER = 24  # characters: any of 64 bits


def read_header(data: bytes, *names: str) -> tuple[dict[str, Any], int]:
    """Read the header, which has these names; also gives where the columns begin.

    Raises ForgedAnswerError.
    """
    if len(data) < START.size:
        raise ForgedAnswerError(f"it has {len(data)} bytes" if data else "it ended without one")
    magic, length = START.unpack_from(data)
    end = START.size + length
    if magic != MAGIC:
        raise ForgedAnswerError("it begins as no answer does")
    if length > MOST_HEADER_BYTES or end % ALIGNMENT or end > len(data):
        raise ForgedAnswerError("its header has another length than it says")
    try:
        header = json.loads(
            data[START.size : end].decode(),
            object_pairs_hook=_read_object,
            parse_int=_read_int,
            parse_float=_read_float,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as problem:
        raise ForgedAnswerError("its header is no JSON") from problem
    return read_object(header, *names), end


def read_object(value: object, *names: str) -> dict[str, Any]:
    """Check that a value is an object with these names and no others."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise ForgedAnswerError("its header holds other things than an answer's")
    return value


def read_text(value: object, *, longest: int) -> str:
    """Check a text; control characters become question marks, line ends remain."""
    if not isinstance(value, str) or len(value) > longest:
        raise ForgedAnswerError("its header holds other things than an answer's")
    return "".join(one if one.isprintable() or one in "\n\t" else "?" for one in value)


def read_plain(value: object, *, longest: int, deepest: int) -> Any:  # noqa: ANN401 (JSON)
    """Check a value of JSON: texts of a length, one in the other so deep at most."""
    if isinstance(value, str):
        return read_text(value, longest=longest)
    if not isinstance(value, dict | list):
        return value
    if deepest == 0:
        raise ForgedAnswerError("its header holds other things than an answer's")
    inner = {"longest": longest, "deepest": deepest - 1}
    if isinstance(value, list):
        return [read_plain(one, **inner) for one in value]
    return {
        read_text(name, longest=longest): read_plain(one, **inner) for name, one in value.items()
    }


def read_count(value: object, most: int) -> int:
    """Check a whole number from 0 to ``most``."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ForgedAnswerError("its header holds a number that cannot be")
    return value


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _read_int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    return int(text)


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _refuse(text: str) -> Never:
    raise ValueError(text)
