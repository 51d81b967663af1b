"""A moment as JSON writes it."""

import datetime as dt
import re

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})", re.ASCII
)
_MOST_SECONDS = 9_200_000_000  # since 1970: nanoseconds end in 2262
_LEAST_MS = 100_000_000_000  # as milliseconds 1973, as seconds far beyond
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NS_A_US = 1_000


def read_moment(value: object) -> int | None:
    """Read ISO 8601 with an offset, or whole seconds or milliseconds since 1970, as nanoseconds.

    None for what is neither: a time without an offset is nobody's moment.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return _from_number(value)
    if not isinstance(value, str) or not _ISO.fullmatch(value.strip()):
        return None
    try:
        moment = dt.datetime.fromisoformat(value.strip())
        us = (moment - _EPOCH) // dt.timedelta(microseconds=1)
    except (OverflowError, ValueError):
        return None
    return us * _NS_A_US if abs(us) < _MOST_SECONDS * 1_000_000 else None


def _from_number(value: int) -> int | None:
    if abs(value) >= _LEAST_MS:
        return value * 1_000_000 if abs(value) < _MOST_SECONDS * 1_000 else None
    return value * 1_000_000_000 if abs(value) < _MOST_SECONDS else None
