"""Says in OpenAPI what rules, errors and bodies are, so that the document cannot differ."""

from collections.abc import Mapping
from typing import Any

from ninja import Field, Schema

from hewston.pipeline.fields import Rule, describe_rule

_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string", "date": "string"}


class Error(Schema):
    """What went wrong, in a code for programs and a sentence for people."""

    code: str = Field(examples=["VALIDATION"])
    message: str = Field(examples=["limit is 501, but must be a whole number from 1 to 500."])
    details: dict[str, Any] | None = Field(
        None, description="Where it is known: `field`, `allowed` and the like."
    )


class Problem(Schema):
    """The body of every answer from 400 on."""

    error: Error


def describe_field(rule: Rule) -> dict[str, Any]:
    """Give the JSON Schema of one value."""
    schema: dict[str, Any] = {"type": _TYPES[str(rule["type"])]}
    if rule["type"] == "date":
        schema["format"] = "date"
    if "choices" in rule:
        schema["enum"] = list(rule["choices"])
    for name, word in (("min", "minimum"), ("max", "maximum"), ("above", "exclusiveMinimum")):
        if name in rule:
            schema[word] = rule[name]
    if rule["default"] is not None:
        schema["default"] = rule["default"]
    if "help" in rule or "choices" not in rule:  # what may be chosen is in enum
        schema["description"] = str(rule.get("help") or describe_rule(rule))
    return schema


def describe_query(rules: Mapping[str, Rule]) -> list[dict[str, Any]]:
    """Give the parameters of a query."""
    return [
        {"in": "query", "name": name, "required": False, "schema": describe_field(rule)}
        for name, rule in rules.items()
    ]


def describe_body(
    properties: Mapping[str, Any],
    *,
    required: list[str],
    example: Mapping[str, Any],
    description: str = "",
) -> dict[str, Any]:
    """Give the body of a request: one JSON object, without keys that are not named."""
    schema = {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
        "description": description,
    }
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "example": dict(example)}},
    }


def refusals(*statuses: int) -> dict[int, type[Schema]]:
    """Say which errors an operation may answer with, besides those of every one."""
    return dict.fromkeys((401, 403, *statuses), Problem)
