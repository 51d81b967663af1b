"""Literal bars, targets and specs for tests."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.spec import Instrument, RunSpec, SlippageFees

FREE = SlippageFees(k_spread=0, fees_bps=0)
START = dt.datetime(2023, 1, 3, 14, 30, tzinfo=dt.UTC)  # 09:30 in New York
MINUTE_NS = 60 * 10**9


def make_bars(
    opens: Sequence[float],
    closes: Sequence[float],
    *,
    spreads: Sequence[float | None] | float | None = None,
    minutes: Sequence[int] | None = None,
    sessions: Sequence[str] | str = "regular",
) -> pl.DataFrame:
    """One-minute bars; ``minutes`` counts from 09:30 New York, ``spreads`` in price units."""
    count = len(opens)
    start_ns = int(START.timestamp()) * 10**9
    starts = [start_ns + MINUTE_NS * m for m in (minutes or range(count))]
    spread = list(spreads) if isinstance(spreads, Sequence) else [spreads] * count
    frame = pl.DataFrame(
        {
            "ts_open": starts,
            "open": list(map(float, opens)),
            "high": list(map(float, np.maximum(opens, closes))),
            "low": list(map(float, np.minimum(opens, closes))),
            "close": list(map(float, closes)),
            "volume": [100.0] * count,
            "spread_mean": spread,
            "session": [sessions] * count if isinstance(sessions, str) else list(sessions),
        },
        schema_overrides={"spread_mean": pl.Float64},
    )
    absent = [
        pl.lit(None, kind).alias(name)
        for name, kind in schemas.BARS.items()
        if name not in frame.columns
    ]
    return frame.with_columns(absent).select(list(schemas.BARS)).cast(pl.Schema(schemas.BARS))


def make_targets(targets: Sequence[float], reasons: Sequence[str | None] = ()) -> pl.DataFrame:
    """Targets as the engine takes them: a row a bar."""
    frame = pl.DataFrame(
        {
            "target": list(map(float, targets)),
            "reason": list(reasons) or [None] * len(targets),
        },
        schema={"target": pl.Float64, "reason": pl.String},
    )
    return frame.with_columns(changed=pl.col("target") != pl.col("target").shift(1, fill_value=0.0))


def make_spec(**changes: object) -> RunSpec:
    """A spec of an equity in New York without costs, changed as said."""
    values: dict[str, object] = {
        "bars_sha256": "0" * 64,
        "instrument": Instrument(),
        "calendar": "XNYS",
        "tz": "America/New_York",
        "symbol": "TEST",
        "strategy_id": "sma_crossover",
        "strategy_sha256": "0" * 64,
        "params": {"fast": 2, "slow": 3},
        "slippage_fees": FREE,
    }
    return RunSpec(**(values | changes))  # type: ignore[arg-type]  # literal values of tests


def random_bars(count: int, *, seed: int = 0, share_kept: float = 1.0) -> pl.DataFrame:
    """A random walk in cents around 100 with a spread of 2 cents, with gaps between minutes."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-3, 4, size=(2, count))
    opens = 100 + np.cumsum(steps[0]) * 0.01
    closes = np.round(opens + steps[1] * 0.01, 2)
    kept = np.flatnonzero(rng.random(count) < share_kept)
    return make_bars(
        np.round(opens, 2)[kept].tolist(),
        closes[kept].tolist(),
        spreads=0.02,
        minutes=kept.tolist(),
    )
