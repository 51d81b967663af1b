"""What a run of the engine comes to."""

import dataclasses

import polars as pl


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineResult:
    """What the engine did: EXECUTIONS and ORDERS, and its own account to reconcile with.

    ``open_positions`` holds (signed quantity, average open price); ``ruined_bar`` is the bar at
    whose close equity was at or below 0, if any. ``targets`` are those that were followed, one a
    bar: those given, or what the conditions came to with what stops and limits closed.
    """

    executions: pl.DataFrame
    orders: pl.DataFrame
    balance_total: float
    open_positions: tuple[tuple[float, float], ...]
    ruined_bar: int | None
    targets: pl.Series
