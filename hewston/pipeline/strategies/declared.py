"""What a strategy declares, PARAMS and OPTIONS, and what is read by it."""

from collections.abc import Mapping
from typing import Any

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, read_fields

OPTIONS: dict[str, Rule] = {
    "bracket_from": {
        "type": "str",
        "default": "next_bar",
        "choices": ("next_bar", "entry_bar"),
        "help": "from which bar on stop_offset, target_offset, stop_pct and target_pct hold",
    }
}


def read_options(module: object) -> dict[str, Any]:
    """Read a strategy's OPTIONS, defaults filled in; raises InputError with the option."""
    given = getattr(module, "OPTIONS", {})
    if not isinstance(given, Mapping):
        raise InputError("OPTIONS of the strategy is no dictionary.", field="OPTIONS")
    return read_fields(OPTIONS, given, of="option of a strategy", prefix="OPTIONS.")


def read_params(module: object, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read parameters by a strategy's PARAMS, defaults filled in; without PARAMS, as they are.

    Raises InputError with the parameter and what it may be.
    """
    rules = getattr(module, "PARAMS", None)
    if rules is None:
        return dict(given)
    if not isinstance(rules, Mapping):
        raise InputError("PARAMS of the strategy is no dictionary.", field="PARAMS")
    for name, rule in rules.items():
        if not isinstance(rule, Mapping) or not {"type", "default"} <= set(rule):
            raise InputError(
                f"PARAMS of the strategy gives no type and default for {name}.",
                field=f"PARAMS.{name}",
                allowed='like {"type": "int", "default": 20}',
            )
    return read_fields(rules, given, of="parameter of the strategy", prefix="params.")
