"""What a strategy may begin with: an example that works, and the built-in ones."""

import dataclasses
import functools
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.strategies.catalogue import BUILT_IN, source_sha256

_EXAMPLE = "templates/strategies/example.py"
_EVENT_EXAMPLE = "templates/strategies/event_example.py"
EVENT_NAME = "event"  # what one begins with instead of a built-in strategy


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuiltIn:
    """A strategy that comes with Hewston: nobody's, and only to be read."""

    name: str
    source: str
    sha256: str
    params: Mapping[str, Mapping[str, Any]]
    docstring: str

    @property
    def summary(self) -> str:
        """The first line of what it says of itself."""
        return self.docstring.partition("\n")[0]

    @property
    def is_alone(self) -> bool:
        """Tell whether it needs nothing of Hewston's, which the sandbox does not have."""
        return "from hewston." not in self.source


@functools.cache
def list_built_ins() -> tuple[BuiltIn, ...]:
    """Give the built-in strategies by name."""
    return tuple(
        BuiltIn(
            name=name,
            source=Path(inspect.getfile(module)).read_text(encoding="utf-8"),
            sha256=source_sha256(module),
            params=module.PARAMS,
            docstring=(module.__doc__ or "").strip(),
        )
        for name, module in sorted(BUILT_IN.items())
    )


def find_built_in(name: str) -> BuiltIn:
    """Find a built-in strategy; raises InputError with the nearest name."""
    found = next((one for one in list_built_ins() if one.name == name), None)
    if found is None:
        raise InputError(
            f"There is no built-in strategy {name[:80]}. {suggest(name[:80], sorted(BUILT_IN))}",
            code="STRATEGY_NOT_FOUND",
            field="from",
        )
    return found


def read_beginning(name: str) -> str:
    """Give the source to begin with: a built-in strategy's, or that of an example that works.

    Without a name the example is a frame strategy, with ``event`` an event strategy. Raises
    InputError with the nearest name.
    """
    if name and name != EVENT_NAME:
        return find_built_in(name).source
    return _read_example(_EVENT_EXAMPLE if name else _EXAMPLE)


@functools.cache
def _read_example(file: str) -> str:
    return (settings.BASE_DIR / file).read_text(encoding="utf-8")
