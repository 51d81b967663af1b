"""A job of an event strategy: a request and its files, answered.

Files: 0 the frame, 1 the source; to ``describe``, the source alone.
"""

import dataclasses
from collections.abc import Buffer, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.inside.market import Market
from hewston.pipeline.engine.inside.stage import Played, play
from hewston.pipeline.engine.inside.traded import make_traded
from hewston.pipeline.engine.inside.writing import write_played
from hewston.pipeline.sandbox.inside.answer import Declaration, StrategyFailure
from hewston.pipeline.sandbox.inside.answering import (
    answer_with,
    fill_in,
    read_context,
    read_file,
)
from hewston.pipeline.sandbox.inside.calling import explain
from hewston.pipeline.sandbox.inside.columns import shorten
from hewston.pipeline.sandbox.inside.frames import map_file, read_groups
from hewston.pipeline.sandbox.inside.module import FILE, declare, load_source, plain
from hewston.pipeline.sandbox.inside.writing import write_answer
from hewston.pipeline.spec import RunSpec

_PRICES = ("open", "high", "low", "close")


def perform(request: dict[str, Any], files: list[int], out: int) -> None:
    """Do what a request asks and write the answer to ``out``.

    ``work`` is ``describe`` or ``trade``; the latter has ``params``, whether they are ``exact`` or
    lack defaults, the run's ``spec``, the ``context``, the names ``times`` of it that are times as
    ISO 8601, and the row ``first`` from which on it may trade.
    """
    answer_with(_describe if request["work"] == "describe" else _trade, request, files, out)


def _describe(_request: dict[str, Any], files: list[int]) -> list[Buffer]:
    declaration, failure = None, None
    try:
        module = load_source(read_file(files[-1]))
        declaration = _declare(module)
        _find_class(module)
    except StrategyFailure as problem:
        failure = problem
    try:
        return write_answer(None, declaration=declaration, failure=failure)
    except StrategyFailure as too_long:
        return write_answer(None, declaration=None, failure=too_long)


def _declare(module: ModuleType) -> Declaration:
    return dataclasses.replace(declare(module), has_function=True)


def _find_class(module: ModuleType) -> type:
    """Find the one strategy of a module: STRATEGY, or the one class that is written in it."""
    named = getattr(module, "STRATEGY", None)
    if isinstance(named, type) and issubclass(named, nautilus.Strategy):
        return named
    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, nautilus.Strategy)
        and value.__module__ == module.__name__
    }
    bases = {base for value in found.values() for base in value.__mro__[1:]}
    last = {name: value for name, value in found.items() if value not in bases}
    if len(last) != 1:
        raise StrategyFailure("no_class", found=shorten(" and ".join(sorted(last))) or None)
    return next(iter(last.values()))


def _trade(request: dict[str, Any], files: list[int]) -> list[Buffer]:
    declaration: Declaration | None = None
    params: dict[str, Any] | None = None
    played: Played | None = None
    market: Market | None = None
    failure: StrategyFailure | None = None
    try:
        module = load_source(read_file(files[-1]))
        declaration = _declare(module)
        kind = _find_class(module)
        given = request["params"]
        given = given if request["exact"] else fill_in(getattr(module, "PARAMS", None), given)
        params = plain(given)
        market = _build_market(request, files[0])
        played = play(market, make_traded(kind), given, read_context(request))
    except StrategyFailure as problem:
        failure = problem
    except BaseException as unforeseen:  # the edge: whatever it raises is the author's
        failure = explain(unforeseen, "raised", FILE)
    try:
        return write_played(
            played,
            closes_ns=[] if market is None else market.closes_ns,
            declaration=declaration,
            params=params,
            failure=failure,
        )
    except StrategyFailure as too_long:
        return write_played(None, closes_ns=[], declaration=None, failure=too_long)


def _build_market(request: Mapping[str, Any], frame: int) -> Market:
    groups, _ = read_groups(map_file(frame))
    columns = {
        name: values for names, rows in groups for name, values in zip(names, rows, strict=True)
    }
    return Market(
        spec=RunSpec.from_json(request["spec"]),
        opens_ns=columns["ts_open"].astype(np.int64),
        closes_ns=columns["ts_close"].astype(np.int64),
        prices=np.vstack([columns[name] for name in _PRICES]),
        volume=columns["volume"],
        costs=columns["cost"],
        first=int(request["first"]),
    )
