"""What a person should know before believing a run: one registry of checks, and their findings."""

from hewston.pipeline.diagnostics.checks import CHECKS, Check, diagnose
from hewston.pipeline.diagnostics.finding import Evidence, Finding
from hewston.pipeline.diagnostics.result import RunResult

__all__ = ["CHECKS", "Check", "Evidence", "Finding", "RunResult", "diagnose"]
