"""The one strategy of ours that the engine runs, and what it records."""

from hewston.pipeline.engine.follower.orders import Orders
from hewston.pipeline.engine.follower.strategy import Follower

__all__ = ["Follower", "Orders"]
