"""Runs a command that is killed just before its Nth change of a file or folder.

python -m tests.datasets.dying_command N WORDS
"""

import os
import signal
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}


def die_at(number: int, root: Path) -> None:
    """Kill this process at a change below the folders of data."""
    left = number
    places = tuple(str(root / name) for name in ("datasets", "raw", "deleted", "cache"))

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in CHANGES and str(arguments[0]).startswith(places):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "hewston.settings"
    die_at(int(sys.argv[1]), Path(os.environ["HEWSTON_DATA_ROOT"]))
    execute_from_command_line(["manage.py", *sys.argv[2:]])
