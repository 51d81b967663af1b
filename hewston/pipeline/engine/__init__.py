"""Stage 4: the fills. Only this package imports nautilus_trader, whose Rust engine it drives."""

from hewston.pipeline.engine.follower import BUYING_POWER, RUINED
from hewston.pipeline.engine.session import EngineResult, run_engine

__all__ = ["BUYING_POWER", "RUINED", "EngineResult", "run_engine"]
