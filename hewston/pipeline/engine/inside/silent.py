"""The engine, without a word."""

from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus

# Kept for good: an engine that is dropped waits for its logger's thread, which no fork has.
KEPT: list[object] = []


def make_engine() -> Any:  # noqa: ANN401 (the engine is untyped)
    """Make an engine that is silent."""
    engine = nautilus.BacktestEngine(
        nautilus.BacktestEngineConfig(
            bypass_logging=True,
            run_analysis=False,
            # Its equity curve sets a timer at each UTC midnight, and any timer fills an order
            # that waits for the next open, at a price from before the gap.
            portfolio=nautilus.PortfolioConfig(equity_curve=False),
            risk_engine=nautilus.RiskEngineConfig(bypass=True),
            logging=nautilus.LoggerConfig(
                stdout_level=nautilus.LogLevel.OFF, bypass_logging=True, print_config=False
            ),
        )
    )
    KEPT.append(engine)
    return engine
