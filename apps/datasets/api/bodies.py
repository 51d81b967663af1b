"""What bodies about data on its way in may hold."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from hewston.openapi import describe_field
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.ingest.tables.options import HELP, INSTRUMENT, OPTIONS

INBOX_NAME = {"type": "string", "description": "name of a file in the inbox folder of the server"}
_TYPES = {
    "columns": ["string", "object"],
    "header": ["integer", "string"],
    "max_bad_rows": ["integer", "string"],
}


def _describe_option(name: str) -> dict[str, Any]:
    if name in INSTRUMENT:
        return describe_field(INSTRUMENT[name])
    return {"type": _TYPES.get(name, "string"), "description": HELP[name]}


TABLE_PROPERTIES: dict[str, Any] = {
    **{name: _describe_option(name) for name in OPTIONS},
    "preset": {"type": "string", "description": "name of one of your presets; what is said wins"},
}


def describe_files(properties: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Give the body that brings files themselves."""
    return {
        "schema": {
            "type": "object",
            "properties": {
                "files": {
                    "type": "array",
                    "items": {"type": "string", "format": "binary"},
                    "description": what,
                },
                **properties,
            },
            "required": ["files"],
        }
    }


def read_form(request: HttpRequest) -> dict[str, object]:
    """Read the fields beside files. Raises InputError for one that is given twice."""
    for name, values in request.POST.lists():
        if len(values) > 1:
            raise InputError(f"{name} is given {len(values)} times. Give it once.", field=name)
    return dict(request.POST.items())


def check_keys(given: Mapping[str, object], *, allowed: list[str]) -> None:
    """Raise InputError for a key that is not known."""
    for name in given:
        if name not in allowed:
            message = f"{name} cannot be said here. {suggest(name, sorted(allowed))}"
            raise InputError(message, field=name, allowed=sorted(allowed))
