"""What was earned, and beside what the instrument did."""

import math

from hewston.pipeline.metrics.metric import LEAST_DAILY_RETURNS, Metric
from hewston.pipeline.metrics.moments import deviation, mean
from hewston.pipeline.metrics.sample import RunSample, UndefinedError

_DAYS_PER_YEAR = 365.2425
_LEAST_DAYS = 30


def net_profit(sample: RunSample) -> float:
    """Final equity less starting cash, open positions at the last close."""
    return sample.final_equity - sample.starting_cash


def final_equity(sample: RunSample) -> float:
    """Equity at the close of the last bar."""
    return sample.final_equity


def total_return(sample: RunSample) -> float:
    """Final equity over starting cash, less 1."""
    return (sample.final_equity - sample.starting_cash) / sample.starting_cash


def cagr(sample: RunSample) -> float:
    """Growth a year, compounded over the days that passed.

    empyrical (``annual_return``) and quantstats count 252 returns as a year instead of the
    days that passed, so their figures differ wherever a year is not whole.
    """
    sample.require(_LEAST_DAYS, "day")  # for calmar, which asks for enough returns only
    if sample.final_equity <= 0:
        raise UndefinedError("equity ended at 0 or below")
    growth = sample.final_equity / sample.starting_cash
    return float(growth ** (_DAYS_PER_YEAR / sample.days)) - 1.0


def buy_and_hold_return(sample: RunSample) -> float:
    """The first close to the last, without costs."""
    if sample.first_close <= 0:
        raise UndefinedError("the first close is 0 or below")
    return (sample.last_close - sample.first_close) / sample.first_close


def alpha(sample: RunSample) -> float:
    """Jensen's alpha, a year: the mean that beta does not explain; as in quantstats.

    empyrical compounds the daily remainder over the year instead of multiplying it.
    """
    explained = beta(sample) * mean(sample.benchmark_returns())
    return (mean(sample.daily_returns()) - explained) * sample.periods_per_year


def beta(sample: RunSample) -> float:
    """Covariance with the instrument over its variance; as in empyrical and quantstats."""
    returns, benchmark = sample.daily_returns(), sample.benchmark_returns()
    variance = deviation(benchmark, "the instrument's daily returns do not vary") ** 2
    centre, benchmark_centre = mean(returns), mean(benchmark)
    pairs = zip(returns, benchmark, strict=True)
    products = math.fsum((own - centre) * (other - benchmark_centre) for own, other in pairs)
    return products / (len(returns) - 1) / variance


METRICS = (
    Metric(
        key="net_profit",
        label="Net profit",
        group="return",
        formula="final equity - starting cash, open positions at the last close",
        unit="money",
        better="higher",
        sample="bar",
        compute=net_profit,
    ),
    Metric(
        key="final_equity",
        label="Final equity",
        group="return",
        formula="cash + position * close * multiplier at the last bar",
        unit="money",
        better="higher",
        sample="bar",
        compute=final_equity,
    ),
    Metric(
        key="total_return",
        label="Total return",
        group="return",
        formula="final equity / starting cash - 1",
        unit="fraction",
        better="higher",
        sample="bar",
        compute=total_return,
    ),
    Metric(
        key="cagr",
        label="Growth a year (CAGR)",
        group="return",
        formula="(final equity / starting cash) ^ (365.2425 / days from the first bar to the "
        "last) - 1",
        unit="fraction",
        better="higher",
        sample="day",
        least=_LEAST_DAYS,
        annualised="by days that passed",
        compute=cagr,
    ),
    Metric(
        key="buy_and_hold_return",
        label="Buy and hold",
        group="return",
        formula="last close / first close - 1, without costs",
        unit="fraction",
        better="none",
        sample="bar",
        compute=buy_and_hold_return,
    ),
    Metric(
        key="alpha",
        label="Alpha",
        group="return",
        formula="(mean daily return - beta * the instrument's mean daily return) * daily returns "
        "a year",
        unit="fraction",
        better="higher",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        annualised="by daily returns a year",
        compute=alpha,
    ),
    Metric(
        key="beta",
        label="Beta",
        group="return",
        formula="covariance of daily returns with the instrument's / variance of the "
        "instrument's; its first return is over the first bar's close",
        unit="ratio",
        better="none",
        sample="daily return",
        least=LEAST_DAILY_RETURNS,
        compute=beta,
    ),
)
