"""Every metric by its key, in the order in which pages and reports show them.

Pages and the command line read this one registry. A value is null where the
sample is too small or the formula has no answer, and then there is a reason in words.
"""

from hewston.pipeline.metrics import costs, drawdowns, returns, risk, trades

METRICS = {
    metric.key: metric
    for metric in (
        *returns.METRICS,
        *drawdowns.METRICS,
        *risk.METRICS,
        *trades.METRICS,
        *costs.METRICS,
    )
}
