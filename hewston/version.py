"""Which Hewston this is."""

import functools
import subprocess
from pathlib import Path

import hewston

_PROJECT = Path(__file__).resolve().parent.parent
_SHOWN = 12  # digits of a commit


@functools.cache
def find_commit() -> str | None:
    """Name the commit that was checked out when it was first asked; None outside a work tree.

    Once a process: what is checked out later is not what this process runs.
    """
    try:
        found = subprocess.run(  # noqa: S603 (fixed arguments)
            ["git", "-C", str(_PROJECT), "rev-parse", "HEAD"],  # noqa: S607 (from PATH)
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None


def describe_version() -> str:
    """Name the release and, where it is known, the commit: ``0.1.0 (0123456789ab)``."""
    commit = find_commit()
    return f"{hewston.__version__} ({commit[:_SHOWN]})" if commit else hewston.__version__
