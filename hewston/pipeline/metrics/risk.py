"""How unevenly it was earned."""

import math

from hewston.pipeline.metrics.metric import LEAST_DAILY_RETURNS, Metric
from hewston.pipeline.metrics.moments import NO_DEVIATION, deviation, mean
from hewston.pipeline.metrics.sample import RunSample, UndefinedError

_TAIL = 20  # one in twenty: the worst 5 %


def volatility(sample: RunSample) -> float:
    """Sample deviation of daily returns, a year; as in empyrical and quantstats."""
    return deviation(sample.daily_returns()) * math.sqrt(sample.periods_per_year)


def sharpe(sample: RunSample) -> float:
    """Mean over sample deviation, a year, risk-free 0; as in empyrical and quantstats."""
    returns = sample.daily_returns()
    return mean(returns) / deviation(returns) * math.sqrt(sample.periods_per_year)


def sortino(sample: RunSample) -> float:
    """Mean over downside deviation about 0 over all days; as in empyrical and quantstats."""
    returns = sample.daily_returns()
    deviation(returns)  # refuses returns that do not vary
    downside = math.sqrt(mean([min(change, 0.0) ** 2 for change in returns]))
    if downside <= NO_DEVIATION:
        raise UndefinedError("no losing day")
    return mean(returns) / downside * math.sqrt(sample.periods_per_year)


def omega(sample: RunSample) -> float:
    """What gaining days gained over what losing days lost; as in empyrical and quantstats."""
    returns = sample.daily_returns()
    lost = math.fsum(change for change in returns if change < 0)
    if -lost <= NO_DEVIATION:
        raise UndefinedError("no losing day")
    return math.fsum(change for change in returns if change > 0) / -lost


def skew(sample: RunSample) -> float:
    """Adjusted Fisher-Pearson skewness of daily returns; as in pandas and quantstats."""
    returns = sample.daily_returns()
    spread, centre, n = deviation(returns), mean(returns), len(returns)
    cubes = math.fsum(((change - centre) / spread) ** 3 for change in returns)
    return n / ((n - 1) * (n - 2)) * cubes


def kurtosis(sample: RunSample) -> float:
    """Adjusted excess kurtosis, 0 for a normal distribution; as in pandas and quantstats."""
    returns = sample.daily_returns()
    spread, centre, n = deviation(returns), mean(returns), len(returns)
    fourths = math.fsum(((change - centre) / spread) ** 4 for change in returns)
    rest = (n - 2) * (n - 3)
    return n * (n + 1) / ((n - 1) * rest) * fourths - 3 * (n - 1) ** 2 / rest


def best_day(sample: RunSample) -> float:
    """Highest daily return; as in quantstats."""
    return max(sample.daily_returns())


def worst_day(sample: RunSample) -> float:
    """Lowest daily return; as in quantstats."""
    return min(sample.daily_returns())


def winning_days(sample: RunSample) -> float:
    """Share of days with a gain; quantstats leaves out days without a change."""
    returns = sample.daily_returns()
    return sum(change > 0 for change in returns) / len(returns)


def var_95(sample: RunSample) -> float:
    """The 5th percentile of daily returns, interpolated; as in empyrical.

    It is a return, so a loss is negative. quantstats assumes a normal distribution instead.
    """
    returns = sorted(sample.daily_returns())
    below, rest = divmod(len(returns) - 1, _TAIL)
    above = min(below + 1, len(returns) - 1)
    return returns[below] + (returns[above] - returns[below]) * (rest / _TAIL)


def cvar_95(sample: RunSample) -> float:
    """The mean of daily returns at or below the 5th percentile; as in empyrical.

    quantstats takes the mean below the percentile of a normal distribution instead.
    """
    returns = sorted(sample.daily_returns())
    return mean(returns[: (len(returns) - 1) // _TAIL + 1])


def exposure(sample: RunSample) -> float:
    """Share of bars that closed with a position."""
    return sample.bars_in_position / sample.bars


METRICS = (
    Metric(
        key="volatility",
        label="Volatility",
        group="risk",
        formula="sample deviation of daily returns * square root of daily returns a year",
        unit="fraction",
        better="lower",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        annualised="by their square root",
        compute=volatility,
    ),
    Metric(
        key="sharpe",
        label="Sharpe",
        group="risk",
        formula="mean daily return / sample deviation of daily returns * square root of daily "
        "returns a year; risk-free rate 0",
        unit="ratio",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        annualised="by their square root",
        compute=sharpe,
    ),
    Metric(
        key="sortino",
        label="Sortino",
        group="risk",
        formula="mean daily return / square root of the mean over all days of min(return, 0)^2 * "
        "square root of daily returns a year; risk-free rate 0",
        unit="ratio",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        annualised="by their square root",
        compute=sortino,
    ),
    Metric(
        key="omega",
        label="Omega",
        group="risk",
        formula="sum of daily returns above 0 / |sum of daily returns below 0|",
        unit="ratio",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=omega,
    ),
    Metric(
        key="skew",
        label="Skew",
        group="risk",
        formula="adjusted Fisher-Pearson skewness of daily returns",
        unit="ratio",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=skew,
    ),
    Metric(
        key="kurtosis",
        label="Kurtosis",
        group="risk",
        formula="adjusted excess kurtosis of daily returns: 0 for a normal distribution",
        unit="ratio",
        better="lower",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=kurtosis,
    ),
    Metric(
        key="best_day",
        label="Best day",
        group="risk",
        formula="highest daily return",
        unit="fraction",
        better="higher",
        sample="daily return",
        least=1,
        compute=best_day,
    ),
    Metric(
        key="worst_day",
        label="Worst day",
        group="risk",
        formula="lowest daily return",
        unit="fraction",
        better="higher",
        sample="daily return",
        least=1,
        compute=worst_day,
    ),
    Metric(
        key="winning_days",
        label="Winning days",
        group="risk",
        formula="daily returns above 0 / daily returns",
        unit="fraction",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=winning_days,
    ),
    Metric(
        key="var_95",
        label="Value at risk 95 %",
        group="risk",
        formula="5th percentile of daily returns, interpolated; a loss is negative",
        unit="fraction",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=var_95,
    ),
    Metric(
        key="cvar_95",
        label="Expected shortfall 95 %",
        group="risk",
        formula="mean of daily returns at or below the 5th percentile; a loss is negative",
        unit="fraction",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=cvar_95,
    ),
    Metric(
        key="exposure",
        label="Exposure",
        group="risk",
        formula="bars with a position at their close / bars",
        unit="fraction",
        better="none",
        sample="bar",
        least=1,
        compute=exposure,
    ),
)
