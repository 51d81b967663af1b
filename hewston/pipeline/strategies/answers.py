"""What a strategy answers to bars: asked in this process, or in the sandbox."""

import dataclasses
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.format import Said, group_columns
from hewston.pipeline.sandbox.inside.answer import Column, Reading, StrategyFailure
from hewston.pipeline.sandbox.inside.calling import ask, find_function
from hewston.pipeline.sandbox.inside.frames import build_frame
from hewston.pipeline.sandbox.printed import list_printed
from hewston.pipeline.sandbox.rules import check_rules
from hewston.pipeline.sandbox.strategy import SandboxedStrategy
from hewston.pipeline.spec import canonical_json
from hewston.pipeline.strategies.declared import read_options, read_params
from hewston.pipeline.strategies.failures import explain_failure

type Strategy = ModuleType | SandboxedStrategy

REASON = "reason"
_READING = Reading(flags=tuple(schemas.CONDITIONS), texts=(REASON,))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answered:
    """A strategy's columns by name, in its order, and its options, defaults filled in."""

    columns: Mapping[str, Column]
    options: Mapping[str, Any]


def ask_strategy(
    strategy: Strategy,
    bars: pl.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
    log: Callable[[str], None],
) -> Answered:
    """Ask a strategy on BARS; raises InputError for whatever it answers instead of columns.

    ``log`` gets what one in the sandbox prints; one in this process prints where this one does.
    """
    frame = bars.drop("session")
    try:
        if isinstance(strategy, SandboxedStrategy):
            return _ask_inside(strategy, frame, params=params, context=context, log=log)
        return _ask_here(strategy, frame, params=params, context=context)
    except StrategyFailure as failure:
        if isinstance(failure.__cause__, HewstonError):  # a built-in strategy's own sentence
            raise failure.__cause__ from None
        raise explain_failure(failure, rows=bars.height) from failure.__cause__


def _ask_here(
    module: ModuleType,
    bars: pl.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
) -> Answered:
    options = read_options(module)
    columns = ask(
        find_function(module),
        build_frame(group_columns(bars), bars.columns),
        params=read_params(module, params),
        context=context,
        reading=_READING,
        file=getattr(module, "__file__", None),
    )
    return Answered(columns=columns, options=options)


def _ask_inside(
    strategy: SandboxedStrategy,
    bars: pl.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
    log: Callable[[str], None],
) -> Answered:
    """Ask in the sandbox, once more where it did not get what the parameters are read as."""

    def put(given: Mapping[str, Any], *, exact: bool) -> Said:
        try:
            said, printed = strategy.ask(
                bars, params=given, context=context, reading=_READING, exact=exact
            )
        except SandboxError as problem:
            tell(problem.log, log)
            raise
        tell(printed, log)
        return said

    said = put(params, exact=False)
    options, read = read_declared(said, params)
    if said.params is not None and canonical_json(said.params) != canonical_json(read):
        said = put(read, exact=True)
    if said.failure is not None:
        raise said.failure
    return Answered(columns=said.columns or {}, options=options)


def tell(printed: str, log: Callable[[str], None]) -> None:
    """Put what a strategy printed into a log."""
    for line in list_printed(printed):
        log(line)


def read_declared(said: Said, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read options and parameters by what the module declares; raises what it lacks for that."""
    declared = said.declaration
    if declared is None:
        raise said.failure or StrategyFailure("no_function")
    options = read_options(declared)
    if not declared.has_function:
        raise StrategyFailure("no_function")
    rules = dataclasses.replace(declared, PARAMS=check_rules(declared.PARAMS))
    return options, read_params(rules, params)
