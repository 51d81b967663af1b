"""Stage 3: strangers' strategies, which can compute and nothing else."""

from hewston.pipeline.sandbox.format import ForgedAnswerError
from hewston.pipeline.sandbox.strategy import SandboxedStrategy

__all__ = ["ForgedAnswerError", "SandboxedStrategy"]
