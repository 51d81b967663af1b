"""Longer bars from shorter ones: by session below a day, by exchange date from a day on."""

from hewston.pipeline.resampling.buckets import (
    check_interval,
    first_dates_after,
    list_edges,
    number_periods,
)
from hewston.pipeline.resampling.merging import merge_at, resample

__all__ = [
    "check_interval",
    "first_dates_after",
    "list_edges",
    "merge_at",
    "number_periods",
    "resample",
]
