"""What a job may use, and what it gives back."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Where a job is ended.

    Memory is what it may add to that of its zygote. Of the log 64 KiB are kept; ``log_bytes`` is
    where a job that prints on and on is ended.
    """

    wall_s: float = 60.0
    cpu_s: float = 60.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 64 << 20
    log_bytes: int = 16 << 20


USUAL = Limits()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a job gave back: bytes that a stranger wrote, and what it printed, as plain text.

    The log has neither control characters nor more than 64 KiB; it may hold HTML, which a page
    escapes. ``peak_bytes`` includes what the job shares with its zygote.
    """

    output: bytes
    log: str
    wall_s: float
    cpu_s: float
    peak_bytes: int
