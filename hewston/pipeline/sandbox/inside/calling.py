"""Calling a strategy's function, and telling what its author did wrong."""

import inspect
import linecache
import re
import traceback
from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

from hewston.pipeline.sandbox.inside.answer import (
    Column,
    FailureKind,
    Reading,
    StrategyFailure,
)
from hewston.pipeline.sandbox.inside.columns import read_columns, shorten

FUNCTION = "run_strategy"
# Packages that pandas computes with where they happen to be installed: to other last bits.
_WITHOUT_HELPERS = ("compute.use_bottleneck", False, "compute.use_numexpr", False)
_LONGEST_MESSAGE = 2_000  # characters
_FOLDERS = re.compile(r"(?:/[\w.+-]+)*/(?:site-packages|dist-packages|lib/python3\.\d+)/")


class Function(Protocol):
    """A strategy's function, whatever of ``params`` and ``context`` it takes."""

    def __call__(self, frame: pd.DataFrame, /, **extras: Any) -> object:  # noqa: ANN401
        """Give the answer to a frame."""


def find_function(module: object) -> Function:
    """Find a module's function; raises StrategyFailure without one."""
    function: Function | None = getattr(module, FUNCTION, None)
    if not callable(function):
        raise StrategyFailure("no_function")
    return function


def ask(
    function: Function,
    frame: pd.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
    reading: Reading,
    file: str | None,
) -> dict[str, Column]:
    """Call a strategy's function and read its answer; ``file`` is what its code is in.

    It gets a copy of the frame; of ``params`` and ``context`` it gets what it asks for. Raises
    StrategyFailure, from what it raised.
    """
    extras: dict[str, Any] = {"params": dict(params), "context": dict(context)}
    wanted = inspect.signature(function).parameters
    if all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in wanted.values()):
        extras = {name: value for name, value in extras.items() if name in wanted}
    try:
        with pd.option_context(*_WITHOUT_HELPERS):
            answer = function(frame.copy(), **extras)
    except (Exception, SystemExit) as problem:
        raise explain(problem, "raised", file) from problem
    if not isinstance(answer, pd.DataFrame):
        raise StrategyFailure("no_frame", type=shorten(type(answer).__name__))
    _check_shape(answer, frame)
    return read_columns(answer, frame, reading)


def explain(problem: BaseException, kind: FailureKind, file: str | None) -> StrategyFailure:
    """Tell an exception of the author's code with the last line of it that was reached."""
    line = _find_line(problem, file)
    code = linecache.getline(file, line).strip() if file is not None and line else ""
    return StrategyFailure(
        kind,
        type=shorten(type(problem).__name__),
        message=_find_message(problem),
        line=line,
        code=shorten(code) or None,
    )


def _find_line(problem: BaseException, file: str | None) -> int | None:
    if isinstance(problem, SyntaxError) and file is not None and problem.filename == file:
        return problem.lineno
    lines = [
        line
        for frame, line in traceback.walk_tb(problem.__traceback__)
        if file is not None and frame.f_code.co_filename == file
    ]
    return lines[-1] if lines else None


def _find_message(problem: BaseException) -> str:
    """Give an exception's own words, without the folders of packages."""
    try:
        message = str(problem)
    except Exception:
        return ""
    return shorten(_FOLDERS.sub("", message), _LONGEST_MESSAGE)


def _check_shape(answer: pd.DataFrame, frame: pd.DataFrame) -> None:
    names = pd.Index([str(name) for name in answer.columns])
    if not names.is_unique:
        raise StrategyFailure("twice", column=shorten(str(names[names.duplicated()][0])))
    if len(answer) != len(frame):
        raise StrategyFailure("rows", rows=len(answer))
    if not answer.index.equals(frame.index):
        row = next((i for i in range(len(frame)) if answer.index[i] != frame.index[i]), 0)
        found, expected = str(answer.index[row]), str(frame.index[row])
        raise StrategyFailure("index", row=row, found=shorten(found), expected=expected)
