"""Buys above an average; a stop and a target rest from the fill on, and one cancels the other."""

from collections import deque

from nautilus_trader.core.nautilus_pyo3 import OrderSide, Price, Quantity, Strategy

PARAMS = {
    "length": {
        "type": "int",
        "default": 50,
        "min": 2,
        "max": 5000,
        "unit": "bars",
        "help": "How many closes are averaged.",
    },
    "distance": {
        "type": "float",
        "default": 0.01,
        "above": 0,
        "max": 0.5,
        "help": "How far the stop and the target are from the entry, as a fraction of it.",
    },
}


class AboveAverage(Strategy):
    """A class for the engine: it is called for each bar and each fill, and sends orders itself."""

    def on_start(self):
        """Ask for bars; self.params and self.context are there already."""
        self.closes = deque(maxlen=self.params["length"])
        self.subscribe_bars(self.context["bar_type"])

    def on_bar(self, bar):
        """Act when a bar has closed."""
        self.closes.append(float(bar.close))
        average = sum(self.closes) / len(self.closes)
        is_warm = len(self.closes) == self.closes.maxlen
        name = self.context["instrument_id"]
        if is_warm and float(bar.close) > average and self.portfolio.is_flat(name):
            size = Quantity(self.context["size"], self.context["size_precision"])
            self.submit_order(
                self.order_factory.market(name, OrderSide.BUY, size, tags=["above the average"])
            )

    def on_order_filled(self, event):
        """Send the exits once the entry is filled; after one of them, cancel the other."""
        name, make = self.context["instrument_id"], self.order_factory
        if not event.is_buy:
            self.cancel_all_orders(name)
            return
        entry, distance = float(event.last_px), self.params["distance"]
        stop, target = (self.to_tick(entry * (1 + way * distance)) for way in (-1, 1))
        quantity = event.last_qty
        self.submit_order(make.stop_market(name, OrderSide.SELL, quantity, stop, tags=["stop"]))
        self.submit_order(make.limit(name, OrderSide.SELL, quantity, target, tags=["target"]))

    def to_tick(self, value):
        """Give the price of the nearest tick."""
        instrument = self.context["instrument"]
        tick = instrument["tick_size"]
        return Price(round(value / tick) * tick, instrument["price_precision"])
