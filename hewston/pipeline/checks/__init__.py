"""Whether a strategy may be believed: does it look ahead, and how long does it warm up."""

from hewston.pipeline.checks.answers import Answer, Columns
from hewston.pipeline.checks.asking import answer_by
from hewston.pipeline.checks.check import check_strategy
from hewston.pipeline.checks.plan import FULL, LIGHT, Plan

__all__ = ["FULL", "LIGHT", "Answer", "Columns", "Plan", "answer_by", "check_strategy"]
