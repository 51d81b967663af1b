"""Event strategies that tests run, and the frame strategies that ask for the same."""

HEAD = """
from nautilus_trader.core.nautilus_pyo3 import OrderSide, Price, Quantity, Strategy
"""

# Follows a list of positions as a frame strategy's column ``position`` is followed.
FOLLOWS = (
    HEAD
    + """
PARAMS = {"wave": {"type": "int", "default": 7, "min": 2, "max": 100}}


class Follows(Strategy):
    '''Long, flat and short in turn.'''

    def on_start(self):
        self.seen = 0
        self.subscribe_bars(self.context["bar_type"])

    def on_bar(self, bar):
        self.seen += 1
        wanted = self.seen // self.params["wave"] % 3 - 1
        held = int(self.portfolio.net_position(self.context["instrument_id"]))
        if wanted != held:
            side = OrderSide.BUY if wanted > held else OrderSide.SELL
            self.submit_order(
                self.order_factory.market(
                    self.context["instrument_id"], side, Quantity(abs(wanted - held), 0)
                )
            )
"""
)

FRAME_FOLLOWS = """
import numpy as np

PARAMS = {"wave": {"type": "int", "default": 7, "min": 2, "max": 100}}


def run_strategy(frame, params):
    seen = np.arange(1, len(frame) + 1)
    return frame[[]].assign(position=seen // params["wave"] % 3 - 1.0)
"""

# Buys now and then; a stop and a limit rest from the entry bar on, and one cancels the other.
BRACKETS = (
    HEAD
    + """
class Brackets(Strategy):
    def on_start(self):
        self.seen = 0
        self.subscribe_bars(self.context["bar_type"])

    def on_bar(self, bar):
        self.seen += 1
        if self.seen % 20 == 0 and self.portfolio.is_flat(self.context["instrument_id"]):
            self.submit_order(
                self.order_factory.market(
                    self.context["instrument_id"], OrderSide.BUY, Quantity(1, 0), tags=["entry"]
                )
            )

    def on_order_filled(self, event):
        name, make = self.context["instrument_id"], self.order_factory
        if event.is_buy:
            price, one = float(event.last_px), Quantity(1, 0)
            self.submit_order(
                make.stop_market(name, OrderSide.SELL, one, Price(price - 0.02, 6), tags=["stop"])
            )
            self.submit_order(
                make.limit(name, OrderSide.SELL, one, Price(price + 0.03, 6), tags=["target"])
            )
        else:
            self.cancel_all_orders(name)
"""
)

FRAME_BRACKETS = """
import numpy as np

OPTIONS = {"bracket_from": "entry_bar"}


def run_strategy(frame):
    seen = np.arange(1, len(frame) + 1)
    asked = np.where(seen % 20 == 0, 1.0, np.where(seen % 20 == 19, 0.0, np.nan))
    return frame[[]].assign(position=asked, stop_offset=0.02, target_offset=0.03)
"""
