"""What a stranger's module declares of its parameters, checked before anybody reads by it."""

import math
from collections.abc import Mapping
from typing import Any

from hewston.pipeline.errors import InputError

_TYPES = ("int", "float", "bool", "str")
_LIMITS = ("min", "max", "above")
_WORDS = ("help", "unit")
_MOST_PARAMS = 200
_MOST_CHOICES = 200
_LONGEST_NAME = 80
_LONGEST_TEXT = 1_000


def check_rules(rules: object) -> dict[str, dict[str, Any]] | None:
    """Check PARAMS as plain JSON values; None where there are none.

    Limits that are null are no limits; what no rule has is left out. Raises InputError that names
    the parameter and what is wrong with it.
    """
    if rules is None:
        return None
    if not isinstance(rules, Mapping):
        raise InputError("PARAMS of the strategy is no dictionary.", field="PARAMS")
    if len(rules) > _MOST_PARAMS:
        raise InputError(
            f"PARAMS of the strategy has {len(rules)} parameters; {_MOST_PARAMS} are the most.",
            field="PARAMS",
        )
    checked = {name: _check_rule(name, rule) for name, rule in rules.items()}
    for name in checked:
        _read_order(name, rules[name], checked)
    return checked


def _check_rule(name: str, rule: object) -> dict[str, Any]:
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InputError(
            f"PARAMS of the strategy names a parameter “{name[:_LONGEST_NAME]}”; a name has 1 to "
            f"{_LONGEST_NAME} characters that can be printed.",
            field="PARAMS",
        )
    if not isinstance(rule, Mapping) or not {"type", "default"} <= set(rule):
        raise InputError(
            f"PARAMS of the strategy gives no type and default for {name}.",
            field=f"PARAMS.{name}",
            allowed='like {"type": "int", "default": 20}',
        )
    if rule["type"] not in _TYPES:
        raise _refuse(name, "type", rule["type"], "one of " + ", ".join(_TYPES))
    if not _is_plain(rule["default"]):
        raise _refuse(name, "default", rule["default"], "a number, a text, true, false or null")
    for key in _WORDS:
        if key in rule and not _is_text(rule[key]):
            raise _refuse(name, key, rule[key], "a text")
    checked = {key: rule[key] for key in ("type", "default", *_WORDS) if key in rule}
    return checked | _read_limits(name, rule) | _read_choices(name, rule)


def _read_limits(name: str, rule: Mapping[str, Any]) -> dict[str, float]:
    limits = {key: rule[key] for key in _LIMITS if rule.get(key) is not None}
    for key, limit in limits.items():
        if rule["type"] not in {"int", "float"} or not _is_number(limit):
            raise _refuse(name, key, limit, "a number, for a parameter that is one")
    return limits


def _read_choices(name: str, rule: Mapping[str, Any]) -> dict[str, list[object]]:
    choices = rule.get("choices")
    if choices is None:
        return {}
    if (
        not isinstance(choices, list)
        or not 0 < len(choices) <= _MOST_CHOICES
        or not all(_is_plain(choice) for choice in choices)
    ):
        raise _refuse(name, "choices", choices, f"a list of 1 to {_MOST_CHOICES} values")
    return {"choices": choices}


def _read_order(name: str, rule: Mapping[str, Any], checked: dict[str, dict[str, Any]]) -> None:
    """Take ``less_than``, which compares two numbers."""
    above = rule.get("less_than")
    if above is None:
        return
    pair = [checked.get(one) if isinstance(one, str) else None for one in (name, above)]
    if not all(
        one and one["type"] in {"int", "float"} and _is_number(one["default"]) for one in pair
    ):
        raise _refuse(name, "less_than", above, "another parameter, and both numbers")
    checked[name]["less_than"] = above


def _refuse(name: str, key: str, value: object, wanted: str) -> InputError:
    shown = str(value)[:80]
    return InputError(
        f"PARAMS of the strategy gives {name} the {key} {shown}; it must be {wanted}.",
        field=f"PARAMS.{name}.{key}",
        allowed=wanted,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\0" not in value


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool) or _is_number(value) or _is_text(value)
