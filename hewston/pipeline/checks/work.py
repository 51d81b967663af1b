"""The work of a check: bars as a run has them, the strategy as it runs, both checks."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hewston.pipeline import backtest, market
from hewston.pipeline.checks.asking import answer_by, answer_by_deeds
from hewston.pipeline.checks.check import check_strategy
from hewston.pipeline.checks.plan import FULL, LIGHT
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.kind import EVENT, find_kind
from hewston.pipeline.sandbox.strategy import Client, SandboxedStrategy
from hewston.pipeline.spec import RunSpec
from hewston.pipeline.strategies.catalogue import find_strategy

_SLOW_S = 1.0  # a run that takes longer has the light plan


def check_version(
    *,
    bars_file: Path,
    spec: RunSpec,
    source: bytes | None = None,
    sandbox: Client | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Check a strategy on the bars that a run of ``spec`` would give it; returns as that does.

    An author's ``source`` runs in the ``sandbox``, without it the built-in strategy of the spec
    here. Also returns ``timings_ms``, which differ from time to time: of one run, and of all.
    Raises InputError where the strategy fails on all the data, HewstonError where the sandbox
    does, and what ``progress`` raises to cancel.
    """
    began = time.perf_counter()
    bars = backtest.read_bars(bars_file, spec.bars_sha256)
    window = market.select_window(bars, spec)
    is_event = source is not None and find_kind(source) is EVENT
    if source is not None and is_event:
        answer = answer_by_deeds(EventStrategy(source, _require(sandbox)), spec, log=log)
    else:
        answer = answer_by(
            find_strategy(spec.strategy_id)
            if source is None
            else SandboxedStrategy(source, _require(sandbox)),
            params=spec.params,
            context=backtest.describe_context(spec, window.bars),
            log=log,
        )
    start = time.perf_counter()
    answer(window.frame)
    once = time.perf_counter() - start
    if once > _SLOW_S:
        log(f"One run takes {once:.1f} s, so there are fewer of them: the light plan.")
    plan = LIGHT if is_event or once > _SLOW_S else FULL  # an engine goes bar by bar
    result = check_strategy(answer, window.frame, plan=plan, progress=progress)
    spent = {"run": once, "total": time.perf_counter() - began}
    return result | {"timings_ms": {name: round(value * 1000) for name, value in spent.items()}}


def _require(sandbox: Client | None) -> Client:
    if sandbox is None:
        raise ValueError("Nobody's source runs outside the sandbox.")
    return sandbox
