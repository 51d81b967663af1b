"""The engine of a jailed process, which is never let go."""

from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.configuration import configure

# An engine that is dropped waits for its logger's thread, which no fork has.
_KEPT: list[object] = []


def make_engine() -> Any:  # noqa: ANN401 (the engine is untyped)
    """Make an engine that is kept for good."""
    engine = nautilus.BacktestEngine(configure())
    _KEPT.append(engine)
    return engine
