"""What lies in the inbox, as forms show it."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from apps.datasets.actions import list_inbox

_MOST_FILES = 5000  # of a folder that are counted


def describe_inbox(chosen: Sequence[str]) -> Iterator[dict[str, object]]:
    """Say of what lies in the inbox: name, size, and how many files a folder has."""
    for path in list_inbox():
        files = list(itertools.islice(_list_files(path), _MOST_FILES))
        yield {
            "name": path.name,
            "is_folder": path.is_dir(),
            "files": len(files),
            "size_bytes": sum(files),
            "is_chosen": path.name in chosen,
        }


def _list_files(path: Path) -> Iterator[int]:
    """Give the size of a file, or of each in a folder."""
    for one in path.rglob("*") if path.is_dir() else [path]:
        with contextlib.suppress(FileNotFoundError):  # it went away meanwhile
            if one.is_file():
                yield one.stat().st_size
