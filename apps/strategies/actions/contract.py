"""What the sandbox finds in a source: the one place from which an author's code is run here.

Nothing of a source is imported or executed in this process, or in any outside the sandbox.
"""

import dataclasses
from typing import Any

from hewston.pipeline.engine.kind import find_kind
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import read_fields
from hewston.pipeline.strategies.describing import describe_source
from hewston.sandboxes import open_client

_LONGEST_DOCSTRING = 10_000  # characters


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contract:
    """What a module says of itself: the rules of its PARAMS, its OPTIONS, its docstring.

    ``printed`` are lines that it prints when it is loaded.
    """

    params: dict[str, dict[str, Any]]
    options: dict[str, Any]
    docstring: str
    printed: tuple[str, ...] = ()


def read_contract(source: str) -> Contract:
    """Run a source's module in the sandbox, and read what it says of itself.

    Each default is read by its own rule, so that a run with it has the same inputs whether it is
    said or not. Raises InputError for a module that does not load or keep to the contract, with
    the line where it is known; SandboxError where it was ended, or there is no sandbox.
    """
    data = source.encode()
    said = describe_source(data, open_client(find_kind(data)))
    params = {name: dict(rule) for name, rule in said.params.items()}
    for name in params:
        if not name.isidentifier():
            raise InputError(
                f"PARAMS has the name {name!a}, but a parameter is named like a variable.",
                field=f"PARAMS.{name}",
            )
    given = {name: rule["default"] for name, rule in params.items()}
    defaults = read_fields(params, given, of="parameter", prefix="PARAMS.")
    return Contract(
        params={name: {**rule, "default": defaults[name]} for name, rule in params.items()},
        options=dict(said.options),
        docstring=said.docstring[:_LONGEST_DOCSTRING].strip(),
        printed=tuple(said.printed),
    )
