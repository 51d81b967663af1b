"""What trading cost."""

import math

from hewston.pipeline.metrics.metric import Metric
from hewston.pipeline.metrics.sample import RunSample, UndefinedError


def turnover(sample: RunSample) -> float:
    """Value traded over mean equity, both sides counted."""
    if sample.mean_equity <= 0:
        raise UndefinedError("mean equity is 0 or below")
    return math.fsum(sample.traded_value) / sample.mean_equity


def fees_paid(sample: RunSample) -> float:
    """All fees, those of open trades too."""
    return math.fsum(sample.fees)


def slippage_paid(sample: RunSample) -> float:
    """All slippage, that of open trades too."""
    return math.fsum(sample.slippage)


def slippage_share(sample: RunSample) -> float:
    """Slippage of closed trades over their gross profits and losses."""
    gross = math.fsum(abs(pnl) for pnl in sample.gross_pnl)
    if gross == 0:
        raise UndefinedError("gross profits and losses are 0")
    return math.fsum(sample.trade_slippage) / gross


def rejected_orders(sample: RunSample) -> int:
    """Orders that were refused."""
    return sample.rejected_orders


METRICS = (
    Metric(
        key="turnover",
        label="Turnover",
        group="costs",
        formula="sum over fills of |quantity * price * multiplier| / mean equity over bars",
        unit="ratio",
        better="none",
        sample="fill",
        compute=turnover,
    ),
    Metric(
        key="fees_paid",
        label="Fees paid",
        group="costs",
        formula="sum of fees over fills",
        unit="money",
        better="lower",
        sample="fill",
        compute=fees_paid,
    ),
    Metric(
        key="slippage_paid",
        label="Slippage paid",
        group="costs",
        formula="sum of slippage over fills",
        unit="money",
        better="lower",
        sample="fill",
        compute=slippage_paid,
    ),
    Metric(
        key="slippage_share",
        label="Slippage share",
        group="costs",
        formula="sum of slippage / sum of |gross profit|, over closed trades",
        unit="fraction",
        better="lower",
        sample="closed trade",
        least=1,
        compute=slippage_share,
    ),
    Metric(
        key="rejected_orders",
        label="Rejected orders",
        group="costs",
        formula="orders refused, for lack of buying power",
        unit="count",
        better="lower",
        sample="order",
        compute=rejected_orders,
    ),
)
