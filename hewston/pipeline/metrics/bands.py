"""How far chance alone may have moved a figure: bands of a stationary bootstrap.

D. N. Politis and J. P. Romano, "The Stationary Bootstrap", Journal of the American Statistical
Association 89 (1994): a resample strings together blocks of daily returns, which start anywhere,
go on past the last day with the first, and whose lengths are geometric. So a resample keeps what
one day has to do with the next, and is stationary as the returns are taken to be.

The mean block is the cube root of the number of days: the rate that is best for a stationary
bootstrap (D. N. Politis and H. White, "Automatic Block-Length Selection for the Dependent
Bootstrap", Econometric Reviews 23, 2004), without the factor that they estimate from the
autocorrelations, which a few hundred returns do not tell from noise.

The seed is fixed. Every step is one of +, -, *, / or a square root on whole arrays, day by day,
which IEEE 754 rounds in one way on every processor.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hewston.pipeline.metrics.moments import deviation, mean
from hewston.pipeline.metrics.sample import TOO_LARGE, RunSample, UndefinedError

type Floats = npt.NDArray[np.float64]

LEVEL = 0.95
LEAST_DAILY_RETURNS = 60
RESAMPLES = 2000
_SEED = 19940101
_ROUNDING = 1e-10  # of a sum of squares: what is left of it by rounding is less
BANDS = ("total_return", "sharpe")  # keys of metrics that have one
FORMULA = (
    f"the middle 95 % of the figure over {RESAMPLES:,} stationary bootstrap resamples of the daily "
    "returns (Politis and Romano 1994), in blocks of a mean length of the cube root of their "
    f"number; needs at least {LEAST_DAILY_RETURNS} daily returns"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Band:
    """Where a figure's resamples lie: ``level`` of them between ``low`` and ``high``.

    Both are None where there is a ``reason``.
    """

    low: float | None = None
    high: float | None = None
    level: float = LEVEL
    reason: str | None = None


def compute_bands(sample: RunSample) -> dict[str, Band]:
    """Give the band of each metric in ``BANDS``, from the daily returns."""
    try:
        sample.require(LEAST_DAILY_RETURNS, "daily return")
        returns = sample.daily_returns()
        growth, total, squares = _resample(returns)
    except UndefinedError as problem:
        return {key: Band(reason=str(problem)) for key in BANDS}
    return {
        "total_return": _middle(growth - 1.0),
        "sharpe": _judge_sharpe(returns, total, squares, sample.periods_per_year),
    }


def _judge_sharpe(
    returns: Sequence[float], total: Floats, squares: Floats, periods_per_year: int
) -> Band:
    """Give the band of mean over sample deviation, a year, where every resample varies."""
    n = len(returns)
    off_squared = squares - total * total / n
    try:
        deviation(returns)
    except UndefinedError as problem:
        return Band(reason=str(problem))
    if (off_squared <= _ROUNDING * squares).any():
        return Band(reason="equity changed on too few days: some resamples do not vary")
    average = mean(returns) + total / n
    return _middle(average / np.sqrt(off_squared / (n - 1)) * math.sqrt(periods_per_year))


def _resample(returns: Sequence[float]) -> tuple[Floats, Floats, Floats]:
    """Resample: growth, and the sum and sum of squares of what differs from the mean return.

    Raises UndefinedError for a return that left nothing.
    """
    if min(returns) <= -1:
        raise UndefinedError("equity fell to 0 or below")
    n = len(returns)
    values = np.array(returns)
    centred = values - mean(returns)
    ends = n ** (-1 / 3)  # the chance that a block ends before a day
    source = np.random.Generator(np.random.PCG64(_SEED))
    growth, total, squares = np.ones(RESAMPLES), np.zeros(RESAMPLES), np.zeros(RESAMPLES)
    day = (source.random(RESAMPLES) * n).astype(np.int64)
    with np.errstate(over="ignore"):  # found by _middle
        for _ in range(n):
            growth *= 1.0 + values[day]
            off = centred[day]
            total += off
            squares += off * off
            # One number says whether a new block starts and, as a share of ``ends``, where.
            chance = source.random(RESAMPLES)
            day = np.where(chance < ends, (chance / ends * n).astype(np.int64), day + 1)
            day[day >= n] = 0
    return growth, total, squares


def _middle(values: Floats) -> Band:
    """Cut the same share off both ends, interpolated as for the value at risk."""
    if not np.isfinite(values).all():
        return Band(reason=TOO_LARGE)
    ordered = np.sort(values)
    ends = []
    for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        below, rest = divmod(share * (len(ordered) - 1), 1)
        low, high = ordered[int(below)], ordered[min(int(below) + 1, len(ordered) - 1)]
        ends.append(float(low + (high - low) * rest) + 0.0)  # never -0.0
    return Band(low=ends[0], high=ends[1])
