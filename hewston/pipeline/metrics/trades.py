"""What closed trades made."""

import itertools
import math
import statistics
from collections.abc import Sequence

from hewston.pipeline.metrics.metric import Metric
from hewston.pipeline.metrics.moments import deviation, mean
from hewston.pipeline.metrics.sample import RunSample, UndefinedError

_LEAST_TRADES = 30
_ROUNDING = 1e-9  # of a profit: net profits nearer to each other are alike


def trades(sample: RunSample) -> int:
    """Closed trades."""
    return len(sample.net_pnl)


def long_trades(sample: RunSample) -> int:
    """Closed trades that were bought first."""
    return sum(side == "LONG" for side in sample.trade_sides)


def short_trades(sample: RunSample) -> int:
    """Closed trades that were sold first."""
    return sum(side == "SHORT" for side in sample.trade_sides)


def winning_trades(sample: RunSample) -> int:
    """Closed trades that made money."""
    return len(_gains(sample))


def losing_trades(sample: RunSample) -> int:
    """Closed trades that lost money."""
    return len(_losses(sample))


def hit_rate(sample: RunSample) -> float:
    """Share of winners; a trade that made exactly 0 is not one (quantstats leaves it out)."""
    return len(_gains(sample)) / len(sample.net_pnl)


def avg_win(sample: RunSample) -> float:
    """Mean profit of winners."""
    gains = _gains(sample)
    if not gains:
        raise UndefinedError("no winning trade")
    return mean(gains)


def avg_loss(sample: RunSample) -> float:
    """Mean result of losers, negative."""
    losses = _losses(sample)
    if not losses:
        raise UndefinedError("no losing trade")
    return mean(losses)


def payoff(sample: RunSample) -> float:
    """Average win over average loss; as in quantstats, on trades."""
    return avg_win(sample) / -avg_loss(sample)


def profit_factor(sample: RunSample) -> float:
    """What winners made over what losers lost; as in quantstats, on trades."""
    losses = _losses(sample)
    if not losses:
        raise UndefinedError("no losing trade")
    return math.fsum(_gains(sample)) / -math.fsum(losses)


def expectancy(sample: RunSample) -> float:
    """Mean result of a trade."""
    return mean(sample.net_pnl)


def avg_trade_return(sample: RunSample) -> float:
    """Mean return of a trade on what its entry was worth."""
    if not sample.trade_returns:
        raise UndefinedError("no closed trade whose entry had a value")
    return mean(sample.trade_returns)


def sqn(sample: RunSample) -> float:
    """Mean result of a trade over its standard error: V. Tharp's system quality number.

    It is Student's t of the mean. quantstats and empyrical have none; backtesting.py's is the
    same.
    """
    profits = sample.net_pnl
    reason = "net profits of trades do not vary"
    spread = deviation(profits, reason)
    if spread <= _ROUNDING * max(map(abs, profits)):
        raise UndefinedError(reason)
    return mean(profits) / spread * math.sqrt(len(profits))


def best_trade(sample: RunSample) -> float:
    """Highest net profit of one trade."""
    return max(sample.net_pnl)


def worst_trade(sample: RunSample) -> float:
    """Lowest net profit of one trade."""
    return min(sample.net_pnl)


def win_streak(sample: RunSample) -> int:
    """Most winners in a row, in order of exit."""
    return _longest_run([pnl > 0 for pnl in sample.net_pnl])


def loss_streak(sample: RunSample) -> int:
    """Most losers in a row, in order of exit."""
    return _longest_run([pnl < 0 for pnl in sample.net_pnl])


def bars_held_mean(sample: RunSample) -> float:
    """Mean bars held."""
    return mean(sample.bars_held)


def bars_held_median(sample: RunSample) -> float:
    """Median bars held."""
    return float(statistics.median(sample.bars_held))


def _gains(sample: RunSample) -> list[float]:
    return [pnl for pnl in sample.net_pnl if pnl > 0]


def _losses(sample: RunSample) -> list[float]:
    return [pnl for pnl in sample.net_pnl if pnl < 0]


def _longest_run(flags: Sequence[bool]) -> int:
    runs = (len(list(run)) for is_set, run in itertools.groupby(flags) if is_set)
    return max(runs, default=0)


METRICS = (
    Metric(
        key="trades",
        label="Trades",
        group="trades",
        formula="closed trades; a lot still open is not one",
        unit="count",
        better="none",
        sample="closed trade",
        compute=trades,
    ),
    Metric(
        key="long_trades",
        label="Long trades",
        group="trades",
        formula="closed trades that bought first",
        unit="count",
        better="none",
        sample="closed trade",
        compute=long_trades,
    ),
    Metric(
        key="short_trades",
        label="Short trades",
        group="trades",
        formula="closed trades that sold first",
        unit="count",
        better="none",
        sample="closed trade",
        compute=short_trades,
    ),
    Metric(
        key="winning_trades",
        label="Winning trades",
        group="trades",
        formula="closed trades with net profit above 0",
        unit="count",
        better="higher",
        sample="closed trade",
        compute=winning_trades,
    ),
    Metric(
        key="losing_trades",
        label="Losing trades",
        group="trades",
        formula="closed trades with net profit below 0; one of exactly 0 is neither",
        unit="count",
        better="lower",
        sample="closed trade",
        compute=losing_trades,
    ),
    Metric(
        key="hit_rate",
        label="Hit rate",
        group="trades",
        formula="closed trades with net profit above 0 / closed trades",
        unit="fraction",
        better="higher",
        sample="closed trade",
        least=1,
        compute=hit_rate,
    ),
    Metric(
        key="avg_win",
        label="Average win",
        group="trades",
        formula="mean net profit of trades above 0",
        unit="money",
        better="higher",
        sample="closed trade",
        least=1,
        compute=avg_win,
    ),
    Metric(
        key="avg_loss",
        label="Average loss",
        group="trades",
        formula="mean net profit of trades below 0, a negative amount",
        unit="money",
        better="higher",
        sample="closed trade",
        least=1,
        compute=avg_loss,
    ),
    Metric(
        key="payoff",
        label="Payoff",
        group="trades",
        formula="average win / |average loss|",
        unit="ratio",
        better="higher",
        sample="closed trade",
        least=1,
        compute=payoff,
    ),
    Metric(
        key="profit_factor",
        label="Profit factor",
        group="trades",
        formula="sum of net profits above 0 / |sum of net profits below 0|",
        unit="ratio",
        better="higher",
        sample="closed trade",
        least=1,
        compute=profit_factor,
    ),
    Metric(
        key="expectancy",
        label="Expectancy",
        group="trades",
        formula="mean net profit of closed trades",
        unit="money",
        better="higher",
        sample="closed trade",
        least=1,
        compute=expectancy,
    ),
    Metric(
        key="avg_trade_return",
        label="Average trade return",
        group="trades",
        formula="mean of net profit / value at entry, over closed trades",
        unit="fraction",
        better="higher",
        sample="closed trade",
        least=1,
        compute=avg_trade_return,
    ),
    Metric(
        key="sqn",
        label="System quality (SQN)",
        group="trades",
        formula="mean net profit / sample deviation of net profits * square root of closed trades",
        unit="ratio",
        better="higher",
        sample="closed trade",
        least=_LEAST_TRADES,
        compute=sqn,
    ),
    Metric(
        key="best_trade",
        label="Best trade",
        group="trades",
        formula="highest net profit of a closed trade",
        unit="money",
        better="higher",
        sample="closed trade",
        least=1,
        compute=best_trade,
    ),
    Metric(
        key="worst_trade",
        label="Worst trade",
        group="trades",
        formula="lowest net profit of a closed trade",
        unit="money",
        better="higher",
        sample="closed trade",
        least=1,
        compute=worst_trade,
    ),
    Metric(
        key="win_streak",
        label="Longest winning streak",
        group="trades",
        formula="most closed trades in a row, by exit, with net profit above 0",
        unit="count",
        better="higher",
        sample="closed trade",
        compute=win_streak,
    ),
    Metric(
        key="loss_streak",
        label="Longest losing streak",
        group="trades",
        formula="most closed trades in a row, by exit, with net profit below 0",
        unit="count",
        better="lower",
        sample="closed trade",
        compute=loss_streak,
    ),
    Metric(
        key="bars_held_mean",
        label="Bars held, mean",
        group="trades",
        formula="mean of exit bar - entry bar over closed trades",
        unit="bars",
        better="none",
        sample="closed trade",
        least=1,
        compute=bars_held_mean,
    ),
    Metric(
        key="bars_held_median",
        label="Bars held, median",
        group="trades",
        formula="median of exit bar - entry bar over closed trades",
        unit="bars",
        better="none",
        sample="closed trade",
        least=1,
        compute=bars_held_median,
    ),
)
