"""All metrics of one run, and the reason for each that has no value."""

import dataclasses
import math

import polars as pl

from hewston.pipeline.metrics.bands import Band, compute_bands
from hewston.pipeline.metrics.metric import Metric
from hewston.pipeline.metrics.registry import METRICS
from hewston.pipeline.metrics.sample import (
    TOO_LARGE,
    Kind,
    RunSample,
    UndefinedError,
    draw_sample,
)
from hewston.pipeline.metrics.spells import Story


@dataclasses.dataclass(frozen=True, kw_only=True)
class MetricReport:
    """``values`` has every key of the registry; ``reasons`` those whose value is None.

    ``drawdown`` tells of the deepest drawdown: ``start``, ``trough`` and ``recovery`` as
    ISO times in UTC, ``duration_days`` and ``duration_bars`` from start to recovery, or to the
    last bar while ``recovery`` is None. All are None without a drawdown.

    ``bands`` has every key of BANDS. ``samples`` says how many bars, daily returns, days, closed
    trades, fills and orders there were, ``periods_per_year`` how many daily returns a year has.
    """

    values: dict[str, float | int | None]
    reasons: dict[str, str]
    bands: dict[str, Band]
    drawdown: Story
    samples: dict[Kind, int]
    periods_per_year: int

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
    return MetricReport(
        values=values,
        reasons=reasons,
        bands=compute_bands(sample),
        drawdown=sample.drawdown,
        samples=sample.sizes(),
        periods_per_year=sample.periods_per_year,
    )


def _compute(metric: Metric, sample: RunSample) -> float | int:
    sample.require(metric.least, metric.sample)
    try:
        value = metric.compute(sample)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise UndefinedError(TOO_LARGE)
    return value + 0  # never -0.0
