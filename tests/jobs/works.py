"""What children do in tests: functions that need nothing of Django."""

import os
import time
from pathlib import Path
from typing import Any

from hewston.pipeline.errors import InputError


def add(left: int, right: int, *, progress: Any, log: Any) -> int:
    for share in (0.25, 0.5, 1.0):
        progress(share)
        time.sleep(0.05)
    log("Added.", left=left)
    return left + right


def refuse(*, progress: Any, log: Any) -> None:
    raise InputError("The row is bad.", field="row", record=3)


def fail(*, progress: Any, log: Any) -> None:
    raise ZeroDivisionError("by nothing")


def fill_the_disk(*, progress: Any, log: Any) -> None:
    raise OSError(28, "No space left on device")


def fill_the_disk_in_polars(*, progress: Any, log: Any) -> None:
    import polars as pl  # noqa: PLC0415 (only here)

    pl.DataFrame({"bar": [1.0]}).write_parquet("/dev/full")


def read_what_is_gone(*, progress: Any, log: Any) -> None:
    import polars as pl  # noqa: PLC0415 (only here)

    pl.read_parquet("/nowhere/bars.parquet")


def name_yourself_and_sleep(path: Path, *, progress: Any, log: Any) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(600)


def hold_the_interpreter(path: Path, *, progress: Any, log: Any) -> None:
    """Stay in one call of C that lets no other Python run."""
    path.write_text(str(os.getpid()))
    sum(iter(int, 1))


def kill_yourself(*, progress: Any, log: Any) -> None:
    os.kill(os.getpid(), 9)


def load_django(*, progress: Any, log: Any) -> list[str]:
    import sys  # noqa: PLC0415 (what is there when the work begins)

    return [name for name in ("django", "nautilus_trader") if name in sys.modules]
