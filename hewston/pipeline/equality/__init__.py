"""Whether a dataset's bars are those that somebody else made of the same market."""

from hewston.pipeline.equality.compare import VERDICTS, Comparison, compare
from hewston.pipeline.equality.proof import DIFFERENCES_FILE, REPORT_FILE, Proof, Subject, prove

__all__ = [
    "DIFFERENCES_FILE",
    "REPORT_FILE",
    "VERDICTS",
    "Comparison",
    "Proof",
    "Subject",
    "compare",
    "prove",
]
