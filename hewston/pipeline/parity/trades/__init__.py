"""Why two lists of trades differ: one layer, class and cause, from what they share and what not.

``lists`` holds both sides as arrays; ``shifts`` finds what all entries are apart, ``pairs`` puts
trades together; ``alignment``, ``signals``, ``fills``, ``size`` and ``fees`` each judge a layer.
"""

from hewston.pipeline.parity.trades.explanation import explain_trades
from hewston.pipeline.parity.trades.finding import Layer, TradeFinding

__all__ = ["Layer", "TradeFinding", "explain_trades"]
