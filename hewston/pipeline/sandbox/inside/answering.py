"""A job of the sandbox: a request and its files, answered.

Files: 0 the frame, 1 the source; to ``describe``, the source alone.
"""

import datetime as dt
import io
import os
import random
import sys
import warnings
import zoneinfo
from collections.abc import Buffer, Callable, Mapping
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

import numpy as np

from hewston.pipeline.sandbox.inside.answer import Declaration, Reading, StrategyFailure
from hewston.pipeline.sandbox.inside.calling import ask, explain, find_function
from hewston.pipeline.sandbox.inside.frames import build_frame, map_file, read_groups
from hewston.pipeline.sandbox.inside.module import FILE, declare, load_source, plain
from hewston.pipeline.sandbox.inside.writing import write_answer


def perform(request: dict[str, Any], files: list[int], out: int) -> None:
    """Do what a request asks of a frame strategy and write the answer to ``out``.

    ``work`` is ``describe`` or ``run``; the latter has ``params``, whether they are ``exact`` or
    lack defaults, ``context``, the names ``times`` of it that are times as ISO 8601, and which
    columns hold ``flags`` and ``texts``. What the author prints goes to the descriptors 1 and 2.
    """
    answer_with(_answer, request, files, out)


def answer_with(
    answer: Callable[[dict[str, Any], list[int]], list[Buffer]],
    request: dict[str, Any],
    files: list[int],
    out: int,
) -> None:
    """Let an author's code run and write what ``answer`` makes of it to ``out``."""
    _open_streams()
    _seed(request.get("context", {}).get("seed", 0))
    parts = answer(request, files)
    sys.stdout.flush()
    sys.stderr.flush()
    for part in parts:
        view = memoryview(part).cast("B")
        while view.nbytes:
            view = view[os.write(out, view) :]


def _answer(request: dict[str, Any], files: list[int]) -> list[Buffer]:
    declaration: Declaration | None = None
    try:
        module = load_source(read_file(files[-1]))
        declaration = declare(module)
        if request["work"] == "describe":
            return write_answer(None, declaration=declaration)
        return _run(request, files[0], module, declaration)
    except StrategyFailure as failure:
        problem = failure
    except BaseException as unforeseen:  # the edge: whatever it raises is the author's
        problem = explain(unforeseen, "raised", FILE)
    try:
        return write_answer(None, declaration=declaration, failure=problem)
    except StrategyFailure as too_long:
        return write_answer(None, declaration=None, failure=too_long)


def _run(
    request: Mapping[str, Any], frame: int, module: ModuleType, declaration: Declaration
) -> list[Buffer]:
    params = request["params"]
    if not request["exact"]:
        params = fill_in(getattr(module, "PARAMS", None), params)
    used = plain(params)
    try:
        columns = ask(
            find_function(module),
            build_frame(*read_groups(map_file(frame))),
            params=params,
            context=read_context(request),
            reading=Reading(flags=tuple(request["flags"]), texts=tuple(request["texts"])),
            file=FILE,
        )
    except StrategyFailure as failure:
        return write_answer(None, declaration=declaration, failure=failure, params=used)
    return write_answer(columns, declaration=declaration, params=used)


def fill_in(rules: object, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the defaults, as far as rules have any: the caller checks what came of it."""
    if not isinstance(rules, Mapping):
        return dict(given)
    defaults = {
        name: rule["default"]
        for name, rule in rules.items()
        if isinstance(rule, Mapping) and "default" in rule
    }
    return {**defaults, **given}


def read_context(request: Mapping[str, Any]) -> dict[str, Any]:
    """Give the context of a request, with its times as times."""
    utc = zoneinfo.ZoneInfo("UTC")
    context = dict(request["context"])
    for name in request["times"]:
        context[name] = dt.datetime.fromisoformat(context[name]).replace(tzinfo=utc)
    return context


def read_file(file: int) -> bytes:
    """Read a file that is not long."""
    size = os.fstat(file).st_size
    return os.pread(file, size, 0) if size else b""


def _seed(seed: int) -> None:
    """Let what is random be the same for the same run."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _open_streams() -> None:
    """Let the author print, whatever became of the streams that this process began with."""
    for name, file in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(file, "w", closefd=False)
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
        setattr(sys, name, stream)
    warnings.formatwarning = _format_warning


def _format_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Write a warning in a line, without the folder of the file."""
    del line
    return f"{PurePosixPath(filename).name}:{lineno}: {category.__name__}: {message}\n"
