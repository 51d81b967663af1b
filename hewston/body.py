"""Reads what a program sends: a JSON object, or a query, strictly, so that nothing is guessed."""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, read_fields

PAGE: dict[str, Rule] = {  # which part of a list is asked for
    "limit": {"type": "int", "default": 50, "min": 1, "max": 500},
    "offset": {"type": "int", "default": 0, "min": 0, "max": 10**9},
}


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Read the JSON object in a request's body.

    Raises InputError for anything else, for a key that is given twice, and for numbers and text
    that could not be stored as they are.
    """
    if request.content_type != "application/json":
        raise InputError(
            "Send JSON, with the header Content-Type: application/json.", field="Content-Type"
        )
    try:
        body = request.body
    except RequestDataTooBig:
        body = None
    if body is None or len(body) > settings.BODY_BYTES:
        raise InputError(
            f"The body is over {settings.BODY_BYTES:,} bytes.", code="PAYLOAD_TOO_LARGE"
        )
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_read_pairs,
            parse_constant=_refuse_constant,
            parse_float=_read_float,
        )
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except RecursionError:
        raise InputError("The body is nested too deep.", field="body") from None
    except ValueError as problem:
        reason = problem.msg if isinstance(problem, json.JSONDecodeError) else "it has bad values"
        raise InputError(f"The body is not JSON: {reason}.", field="body") from None
    if not isinstance(value, dict):
        raise InputError("The body must be a JSON object: {…}.", field="body")
    return value


def read_query(
    request: HttpRequest, rules: Mapping[str, Rule], *, several: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Read a query by rule; what is empty was not given. Raises InputError with the field.

    What may be given ``several`` times is the last of it.
    """
    for name, values in request.GET.lists():
        if len(values) > 1 and name not in several:
            raise InputError(f"{name} is given twice.", field=name)
    given = {name: value for name, value in request.GET.items() if value}
    return read_fields(rules, given, of="parameter of this address")


def read_text(given: Mapping[str, object], name: str, *, longest: int) -> str:
    """Read a text that may be missing. Raises InputError when it is another thing or too long."""
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        allowed = f"a text of at most {longest} characters"
        raise InputError(f"{name} must be {allowed}.", field=name, allowed=allowed)
    return value


def read_texts(given: Mapping[str, object], name: str) -> list[str] | None:
    """Read a list of texts; None where it is missing. Raises InputError for anything else."""
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        allowed = "a list of texts"
        raise InputError(f"{name} must be {allowed}.", field=name, allowed=allowed)
    return value


def read_mapping(given: Mapping[str, object], name: str) -> dict[str, object]:
    """Read an object that may be missing. Raises InputError when it is another thing."""
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{name} must be an object: {{…}}.", field=name, allowed="an object")
    return value


def _read_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{_shorten(twice)} is given twice.", field=_shorten(twice))
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise InputError(f"{word} is not a number in JSON.", field="body")


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InputError(f"{_shorten(text)} is too large a number.", field="body")
    return number


def _shorten(text: str) -> str:
    longest = 80
    whole = text.encode(errors="replace").decode()
    return whole if len(whole) <= longest else whole[:longest] + "…"
