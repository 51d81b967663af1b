"""All metrics of one run, and the reason for each that has no value."""

import dataclasses
import datetime as dt
import math

import numpy as np
import polars as pl

from hewston.pipeline.metrics.metric import Metric
from hewston.pipeline.metrics.registry import METRICS
from hewston.pipeline.metrics.sample import TOO_LARGE, RunSample, UndefinedError, draw_sample


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricReport:
    """``values`` has every key of the registry; ``reasons`` those whose value is None.

    ``drawdown`` tells of the deepest drawdown: ``start``, ``trough`` and ``recovery`` as
    ISO times in UTC, ``duration_days`` and ``duration_bars`` from start to recovery, or to the
    last bar while ``recovery`` is None. All are None without a drawdown.
    """

    values: dict[str, float | int | None]
    reasons: dict[str, str]
    drawdown: dict[str, str | float | int | None]

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values, without NaN or infinity."""
        return dataclasses.asdict(self)


def compute_metrics(
    *,
    equity: pl.DataFrame,
    trades: pl.DataFrame,
    fills: pl.DataFrame,
    orders: pl.DataFrame,
    starting_cash: float,
    multiplier: float,
    tz: str,
    calendar: str,
) -> MetricReport:
    """Compute every metric of the registry from EQUITY, TRADES_RT, FILLS and ORDERS.

    ``equity`` has at least one row. ``calendar`` and ``tz`` decide which bars belong to one
    exchange date; the calendar 24/7 has 365 daily returns a year, any other 252.
    """
    sample = draw_sample(
        equity=equity,
        trades=trades,
        fills=fills,
        orders=orders,
        starting_cash=starting_cash,
        multiplier=multiplier,
        tz=tz,
        calendar=calendar,
    )
    values: dict[str, float | int | None] = {}
    reasons: dict[str, str] = {}
    for metric in METRICS.values():
        try:
            values[metric.key] = _compute(metric, sample)
        except UndefinedError as problem:
            values[metric.key] = None
            reasons[metric.key] = str(problem)
    return MetricReport(values=values, reasons=reasons, drawdown=_describe_drawdown(equity))


def _compute(metric: Metric, sample: RunSample) -> float | int:
    if metric.sample:
        sample.require(metric.least, metric.sample)
    try:
        value = metric.compute(sample)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise UndefinedError(TOO_LARGE)
    return value + 0  # never -0.0


def _describe_drawdown(equity: pl.DataFrame) -> dict[str, str | float | int | None]:
    """Place the deepest drawdown, the first of equal ones.

    It starts at the last bar on the highest equity before the trough: the first bar, where
    the starting cash was never reached again.
    """
    depth = equity["drawdown"].to_numpy()
    trough = int(np.argmax(depth))
    if depth[trough] <= 0:
        return dict.fromkeys(("start", "trough", "recovery", "duration_days", "duration_bars"))
    at_peak = np.flatnonzero(depth == 0)
    before, after = at_peak[at_peak < trough], at_peak[at_peak > trough]
    start = int(before[-1]) if before.size else 0
    end = int(after[0]) if after.size else equity.height - 1
    times: list[dt.datetime] = [equity["ts_open"][row] for row in (start, trough, end)]
    return {
        "start": _as_iso(times[0]),
        "trough": _as_iso(times[1]),
        "recovery": _as_iso(times[2]) if after.size else None,
        "duration_days": (times[2] - times[0]) / dt.timedelta(days=1),
        "duration_bars": end - start,
    }


def _as_iso(time: dt.datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
