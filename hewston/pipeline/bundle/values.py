"""Values out of JSON that somebody sent, by their shape."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from hewston.pipeline.errors import InputError

MOST = 1e300  # whole numbers of any length are JSON too
_MOST_COUNTED = 2**63 - 1  # that a column of the catalogue holds
_LONGEST_TEXT = 1_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def explain_odd(file: str, what: str) -> InputError:
    """Say that something in a file is none of ours."""
    return InputError(f"{what} in {file} of the bundle is nothing that Hewston writes.", file=file)


def are_all(values: object, is_sound: Callable[[Any], bool]) -> bool:
    """Tell whether it is an object of sound values with short names."""
    return isinstance(values, dict) and all(
        is_text(name, longest=80) and is_sound(one) for name, one in values.items()
    )


def are_each(values: object, is_sound: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Tell whether it is a list of sound objects; older runs have none."""
    return values is None or (
        isinstance(values, list) and all(isinstance(one, dict) and is_sound(one) for one in values)
    )


def is_number(value: object) -> bool:
    """Tell whether it is a number of a size that sums can bear; true and false are none."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and abs(value) < MOST  # type: ignore[arg-type]  # false for NaN


def is_count(value: object) -> bool:
    """Tell whether it is a whole number, 0 or more, that the catalogue can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNTED


def is_text(value: object, *, longest: int) -> bool:
    """Tell whether it is text of one line that is there and no longer than this."""
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def is_line(value: object) -> bool:
    """Tell whether it is text, maybe empty, of a length that a page can show."""
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\0" not in value


def is_sha256(value: object) -> bool:
    """Tell whether it is a SHA-256 in hexadecimal digits."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_time(value: object) -> bool:
    """Tell whether it is a time in ISO 8601 with its offset from UTC."""
    try:
        return dt.datetime.fromisoformat(str(value)).tzinfo is not None and isinstance(value, str)
    except ValueError:
        return False


def is_date(value: object) -> bool:
    """Tell whether it is a date in ISO 8601."""
    try:
        return isinstance(value, str) and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
