"""Mean and deviation by exact sums (math.fsum): the order of the values changes nothing."""

import math
from collections.abc import Sequence

from hewston.pipeline.metrics.sample import UndefinedError

# Rounding alone spreads daily returns by about 1e-16: below this nothing else is left.
NO_DEVIATION = 1e-14


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of one value or more."""
    return math.fsum(values) / len(values)


def deviation(returns: Sequence[float], reason: str = "daily returns do not vary") -> float:
    """Sample deviation (n - 1) of two returns or more; raises UndefinedError without any."""
    centre = mean(returns)
    squares = math.fsum((change - centre) ** 2 for change in returns)
    spread = math.sqrt(squares / (len(returns) - 1))
    if spread <= NO_DEVIATION:
        raise UndefinedError(reason)
    return spread
