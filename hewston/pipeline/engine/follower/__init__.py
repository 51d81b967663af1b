"""The one strategy of ours that the engine runs, what it records and what its fills cost."""

from hewston.pipeline.engine.follower.orders import Orders
from hewston.pipeline.engine.follower.strategy import BUYING_POWER, RUINED, Follower

__all__ = ["BUYING_POWER", "RUINED", "Follower", "Orders"]
