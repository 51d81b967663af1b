"""An author's source, loaded, and what it says of itself."""

import linecache
import math
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from hewston.pipeline.sandbox.inside.answer import Declaration
from hewston.pipeline.sandbox.inside.calling import FUNCTION, explain
from hewston.pipeline.sandbox.inside.columns import shorten
from hewston.pipeline.sandbox.inside.form import DEEPEST, LONGEST_TEXT

FILE = "strategy.py"
NAME = "strategy"
_LARGEST_INT = 2**63


def load_source(source: bytes) -> ModuleType:
    """Load an author's source in this process; raises StrategyFailure with the line."""
    module = ModuleType(NAME)
    module.__file__ = FILE
    sys.modules[NAME] = module  # where dataclasses look up what annotations name
    text = source.decode(errors="replace")
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    try:
        code = compile(source, FILE, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 (what the sandbox is for)
    except BaseException as problem:  # the edge: whatever it raises is the author's
        raise explain(problem, "load", FILE) from problem
    return module


def declare(module: ModuleType) -> Declaration:
    """Read what a module says of itself, whatever that is, as plain JSON values."""
    return Declaration(
        PARAMS=plain(getattr(module, "PARAMS", None)),
        OPTIONS=plain(getattr(module, "OPTIONS", {})),
        docstring=_write(module.__doc__ or ""),
        has_function=callable(getattr(module, FUNCTION, None)),
    )


def plain(value: object, depth: int = 0) -> Any:  # noqa: ANN401 (JSON)
    """Give a value of JSON; what JSON has no word for becomes the text that Python writes."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a number of numpy's
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < _LARGEST_INT else plain(float(value), depth)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None  # no limit, or no number
    if depth < DEEPEST and isinstance(value, Mapping):
        return {_write(key): plain(one, depth + 1) for key, one in value.items()}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [plain(one, depth + 1) for one in value]
    return _write(value)


def _write(value: object) -> str:
    return shorten(str(value).encode(errors="replace").decode(), LONGEST_TEXT)
