"""Values that people type, read by rule: parameters of strategies, options of runs.

A rule is a mapping: ``type`` (int, float, bool, str, date), ``default``, and where they apply
``min`` and ``max`` (inclusive), ``above`` (exclusive), ``choices``, ``less_than`` (another
field) and ``help``.
"""

import datetime as dt
import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

from hewston.pipeline.errors import InputError

Rule = Mapping[str, Any]


def suggest(word: str, known: list[str]) -> str:
    """Give the end of a sentence: the nearest known word, or all of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known) or 'none'}."


def describe_rule(rule: Rule) -> str:
    """Say what a value may be: ``a whole number from 2 to 500``."""
    if "choices" in rule:
        return "one of " + ", ".join(str(choice) for choice in rule["choices"])
    kind = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "date": "a date like 2023-01-31",
    }.get(str(rule["type"]), "text")
    low, high, above = (
        None if rule.get(limit) is None else _plain(rule[limit])
        for limit in ("min", "max", "above")
    )
    if above is not None:
        kind += f" above {above}"
        return kind if high is None else f"{kind}, at most {high}"
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    if low is not None:
        return f"{kind} of at least {low}"
    return kind if high is None else f"{kind} of at most {high}"


def _plain(limit: float) -> str:
    if limit != int(limit):
        return f"{limit:.3g}"
    return f"{int(limit):,}" if abs(limit) >= 10_000 else str(int(limit))  # noqa: PLR2004 (a year)


def read_fields(
    rules: Mapping[str, Rule], given: Mapping[str, object], *, of: str, prefix: str = ""
) -> dict[str, Any]:
    """Fill in the defaults and check every value against its rule.

    Text is read as the field's type, so that a command line and a form may pass what was typed.
    ``of`` names what the fields belong to in the sentence about an unknown one. Raises InputError
    with the field and what it may be.
    """
    for name in given:
        if name not in rules:
            raise InputError(
                f"{name} is not a {of}. {suggest(name, sorted(rules))}",
                field=f"{prefix}{name}",
                allowed=sorted(rules),
            )
    values: dict[str, Any] = {
        name: _read(f"{prefix}{name}", rule, given[name]) if name in given else rule["default"]
        for name, rule in rules.items()
    }
    for name, rule in rules.items():
        above = rule.get("less_than")
        if above is not None and not values[name] < values[above]:
            raise InputError(
                f"{name} ({values[name]}) must be less than {above} ({values[above]}).",
                field=f"{prefix}{name}",
                allowed=f"{describe_rule(rule)}, less than {above}",
            )
    return values


def _read(field: str, rule: Rule, value: object) -> object:
    if value is None and rule["default"] is None:
        return None
    allowed = describe_rule(rule)
    if isinstance(value, str) and "\0" in value:
        message = f"{field} has a character that no text may have: NUL."
        raise InputError(message, field=field, allowed=allowed)
    try:
        result = _READERS[str(rule["type"])](value)
    except (KeyError, OverflowError, TypeError, ValueError):
        result = None
    if result is None or not _is_allowed(rule, result):
        raise InputError(
            f"{field} is {value}, but must be {allowed}.", field=field, allowed=allowed
        )
    return result


def _is_allowed(rule: Rule, value: Any) -> bool:  # noqa: ANN401 (whatever type the rule names)
    if "choices" in rule and value not in rule["choices"]:
        return False
    if "above" in rule and value <= rule["above"]:
        return False
    if "min" in rule and value < rule["min"]:
        return False
    return not ("max" in rule and value > rule["max"])


def _read_int(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _read_float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number + 0.0  # no minus zero: it would be another input with the same meaning


def _read_bool(value: object) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    return value if isinstance(value, bool) else words[str(value).lower()]


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _read_date(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    return dt.date.fromisoformat(_read_text(value))


_READERS: dict[str, Callable[[object], object]] = {
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "str": _read_text,
    "date": _read_date,
}
