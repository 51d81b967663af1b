"""What the engine starts once in a process, and what it does for the first time only once."""

from typing import Any

import numpy as np
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.inside.market import Market
from hewston.pipeline.engine.inside.silent import make_engine
from hewston.pipeline.engine.inside.stage import play
from hewston.pipeline.engine.inside.traded import make_traded
from hewston.pipeline.sandbox.inside.exercise import use_frames
from hewston.pipeline.spec import Instrument, RunSpec

_MINUTE_NS = 60_000_000_000


def begin() -> None:
    """Have the engine start its logger, which is a thread, in a process that is not the zygote."""
    make_engine()


class _Example(nautilus.Strategy):  # type: ignore[misc]  # the engine is untyped
    """Uses what most strategies use."""

    def on_start(self) -> None:
        """Ask for bars."""
        self.subscribe_bars(self.context["bar_type"])

    def on_bar(self, bar: Any) -> None:  # noqa: ANN401
        """Go in and out, with a stop that rests."""
        name, make = self.context["instrument_id"], self.order_factory
        side = nautilus.OrderSide.BUY if self.portfolio.is_flat(name) else nautilus.OrderSide.SELL
        self.submit_order(make.market(name, side, nautilus.Quantity(1, 0)))
        self.submit_order(
            make.stop_market(name, nautilus.OrderSide.SELL, nautilus.Quantity(1, 0), bar.low)
        )


def warm_up() -> None:
    """Run a strategy over a few bars, and use what frames use."""
    use_frames()
    opens = np.arange(20, dtype=np.int64) * _MINUTE_NS
    waves = 100 + np.sin(np.arange(20.0))
    spec = RunSpec(
        bars_sha256="",
        instrument=Instrument(price_precision=2),
        calendar="",
        tz="UTC",
        symbol="",
        strategy_id="",
        strategy_sha256="",
        params={},
    )
    market = Market(
        spec=spec,
        opens_ns=opens,
        closes_ns=opens + _MINUTE_NS,
        prices=np.round(np.vstack((waves, waves + 1, waves - 1, waves)), 2),
        volume=np.ones(20),
        costs=np.zeros(20),
        first=5,
    )
    play(market, make_traded(_Example), {}, {})
