"""Whether a dataset's bars are those that somebody else made of the same market."""

from hewston.pipeline.equality.compare import (
    AMOUNTS,
    DIFFERENT,
    NOTHING_IN_COMMON,
    VERDICTS,
    Comparison,
    compare,
)
from hewston.pipeline.equality.proof import DIFFERENCES_FILE, REPORT_FILE, Proof, Subject, prove

__all__ = [
    "AMOUNTS",
    "DIFFERENCES_FILE",
    "DIFFERENT",
    "NOTHING_IN_COMMON",
    "REPORT_FILE",
    "VERDICTS",
    "Comparison",
    "Proof",
    "Subject",
    "compare",
    "prove",
]
