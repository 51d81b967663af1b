"""What a run's equity and trades amount to: one registry, and the values by its formulas."""

from hewston.pipeline.metrics.explanation import (
    describe_least,
    describe_size,
    explain,
    find_reason,
)
from hewston.pipeline.metrics.metric import Metric
from hewston.pipeline.metrics.registry import METRICS
from hewston.pipeline.metrics.report import MetricReport, compute_metrics

__all__ = [
    "METRICS",
    "Metric",
    "MetricReport",
    "compute_metrics",
    "describe_least",
    "describe_size",
    "explain",
    "find_reason",
]
