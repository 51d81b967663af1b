"""The first job of every zygote: it answers, so whoever asked knows that jobs run locked."""

import os
from typing import Any

NAME, ANSWER = "canary", b"locked"


def perform(request: dict[str, Any], files: list[int], out: int) -> None:
    """Answer. The lock was proven before this ran, or it would not run."""
    del request, files
    os.write(out, ANSWER)
