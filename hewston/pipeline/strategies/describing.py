"""What a stranger's source says of itself, found in the sandbox. It needs no pandas."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hewston.pipeline.fields import Rule
from hewston.pipeline.sandbox.inside.answer import StrategyFailure
from hewston.pipeline.sandbox.printed import list_printed
from hewston.pipeline.sandbox.rules import check_rules
from hewston.pipeline.sandbox.strategy import Client, SandboxedStrategy
from hewston.pipeline.strategies.declared import read_options, read_params
from hewston.pipeline.strategies.failures import explain_failure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Described:
    """The rules of its parameters, its options with defaults filled in, and its docstring.

    ``printed`` are lines that it prints when it is loaded.
    """

    params: Mapping[str, Rule]
    options: Mapping[str, Any]
    docstring: str
    printed: list[str]


def describe_source(source: bytes, client: Client) -> Described:
    """Load a source in the sandbox and read what it declares; its function is not called.

    Raises InputError, with the line where there is one, for a module that does not load, has no
    run_strategy, or declares what cannot be; SandboxError where it was ended or nothing runs.
    """
    said, printed = SandboxedStrategy(source, client).describe()
    declared = said.declaration
    if said.failure is not None or declared is None or not declared.has_function:
        raise explain_failure(said.failure or StrategyFailure("no_function"))
    options = read_options(declared)
    rules = check_rules(declared.PARAMS)
    read_params(dataclasses.replace(declared, PARAMS=rules), {})  # its defaults fit each other
    return Described(
        params=rules or {},
        options=options,
        docstring=declared.docstring,
        printed=list_printed(printed),
    )
