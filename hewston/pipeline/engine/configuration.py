"""How an engine is made, wherever it runs. Imports no polars: a jailed engine has none."""

from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus


def configure() -> Any:  # noqa: ANN401 (the engine is untyped)
    """Give the configuration of an engine that says nothing and does no more than it must."""
    return nautilus.BacktestEngineConfig(
        bypass_logging=True,
        run_analysis=False,
        # Its equity curve sets a timer at each UTC midnight, and any timer fills an order that
        # waits for the next open, at a price from before the gap.
        portfolio=nautilus.PortfolioConfig(equity_curve=False),
        # Its checks before an order walk through all that the account ever did, so that a year's
        # 4,000 fills take 5 s more; what is sent is checked before.
        risk_engine=nautilus.RiskEngineConfig(bypass=True),
        logging=nautilus.LoggerConfig(
            stdout_level=nautilus.LogLevel.OFF, bypass_logging=True, print_config=False
        ),
    )
