"""How deep and how long equity was below its highest, and what was earned for it."""

import itertools
import math

from hewston.pipeline.metrics.metric import LEAST_DAILY_RETURNS, Metric
from hewston.pipeline.metrics.moments import deviation, mean
from hewston.pipeline.metrics.returns import cagr, net_profit
from hewston.pipeline.metrics.sample import RunSample, UndefinedError


def max_drawdown(sample: RunSample) -> float:
    """Deepest fall below the highest equity so far; empyrical's and quantstats' is negative."""
    return sample.max_drawdown


def max_drawdown_money(sample: RunSample) -> float:
    """Deepest fall below the highest equity so far, in money."""
    return sample.max_drawdown_money


def max_drawdown_days(sample: RunSample) -> float:
    """Days that the deepest drawdown lasted; 0 without any."""
    return sample.max_drawdown_days


def longest_drawdown_days(sample: RunSample) -> float:
    """Days that the longest drawdown lasted; quantstats counts whole days of daily equity."""
    return sample.longest_drawdown_days


def time_under_water(sample: RunSample) -> float:
    """Share of bars with equity below its highest so far."""
    return sample.bars_under_water / sample.bars


def ulcer_index(sample: RunSample) -> float:
    """Root mean square of daily drawdowns, as P. Martin defined it (1987).

    quantstats divides their squares by one less than their number.
    """
    highest = itertools.accumulate([sample.starting_cash, *sample.daily_equity], max)
    pairs = zip(itertools.islice(highest, 1, None), sample.daily_equity, strict=True)
    return math.sqrt(mean([((peak - level) / peak) ** 2 for peak, level in pairs]))


def calmar(sample: RunSample) -> float:
    """Growth a year over the deepest fall; the libraries' differ as their growth does."""
    deviation(sample.daily_returns())  # refuses returns that do not vary
    growth = cagr(sample)
    if sample.max_drawdown <= 0:
        raise UndefinedError("no drawdown")
    return growth / sample.max_drawdown


def recovery_factor(sample: RunSample) -> float:
    """Net profit over the deepest fall, both in money.

    quantstats divides the sum of daily returns by the deepest fall as a fraction.
    """
    if sample.max_drawdown_money <= 0:
        raise UndefinedError("no drawdown")
    return net_profit(sample) / sample.max_drawdown_money


METRICS = (
    Metric(
        key="max_drawdown",
        label="Max drawdown",
        group="risk",
        formula="greatest fall of equity at a bar's close below the highest so far (the starting "
        "cash included) / that highest",
        unit="fraction",
        better="lower",
        sample="bar",
        compute=max_drawdown,
    ),
    Metric(
        key="max_drawdown_money",
        label="Max drawdown, money",
        group="risk",
        formula="greatest fall of equity at a bar's close below the highest so far (the "
        "starting cash included)",
        unit="money",
        better="lower",
        sample="bar",
        compute=max_drawdown_money,
    ),
    Metric(
        key="max_drawdown_days",
        label="Max drawdown, days",
        group="risk",
        formula="days from the last bar on the highest equity before the deepest drawdown to "
        "the bar that reaches it again, or to the last bar",
        unit="days",
        better="lower",
        sample="bar",
        compute=max_drawdown_days,
    ),
    Metric(
        key="longest_drawdown_days",
        label="Longest drawdown",
        group="risk",
        formula="greatest number of days from a bar on the highest equity to the bar that "
        "reaches it again, or to the last bar",
        unit="days",
        better="lower",
        sample="bar",
        compute=longest_drawdown_days,
    ),
    Metric(
        key="time_under_water",
        label="Time under water",
        group="risk",
        formula="bars with a drawdown / bars",
        unit="fraction",
        better="lower",
        sample="bar",
        least=1,
        compute=time_under_water,
    ),
    Metric(
        key="ulcer_index",
        label="Ulcer index",
        group="risk",
        formula="square root of the mean of squared drawdowns of equity at the end of each "
        "exchange date",
        unit="fraction",
        better="lower",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=ulcer_index,
    ),
    Metric(
        key="calmar",
        label="Calmar",
        group="risk",
        formula="growth a year (CAGR) / max drawdown",
        unit="ratio",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        annualised="by days that passed",
        compute=calmar,
    ),
    Metric(
        key="recovery_factor",
        label="Recovery factor",
        group="risk",
        formula="net profit / max drawdown, both in money",
        unit="ratio",
        better="higher",
        sample="bar",
        compute=recovery_factor,
    ),
)
