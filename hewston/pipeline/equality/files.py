"""The files that a dataset is compared with, copied before, since they may change meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hewston.pipeline.equality.ranges import Span
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter
from hewston.pipeline.ingest.copying import copy
from hewston.pipeline.ingest.drafts import LeftOut, Progress
from hewston.pipeline.ingest.files import SUFFIXES, Given, list_given
from hewston.pipeline.sources.dbn.bytestream import is_zstd

_MOST_FILES = 2000


@dataclass(frozen=True, kw_only=True)
class Other:
    """A file of bars by its name at the source and its content."""

    path: Path
    name: str
    sha256: str
    size_bytes: int
    is_dbn: bool
    alone: bool  # named by itself, not found in a folder


@dataclass(frozen=True, kw_only=True)
class OtherBars:
    """Somebody else's bars, sorted, in the schema BARS; ``notes`` say how they were read.

    ``span`` is what was requested of a vendor, or what the bars of a table cover.
    """

    bars: pl.DataFrame
    interval: str
    span: Span
    notes: tuple[str, ...]
    files: tuple[Other, ...]  # those that hold bars
    left_out: tuple[LeftOut, ...]


def take(
    paths: Sequence[Path], folder: Path, *, progress: Progress
) -> tuple[list[Other], list[LeftOut]]:
    """Copy files, and those in folders at all levels, to ``folder``; the same content once.

    Returns them in order of name, and what is left out.

    Raises InputError for what cannot be read, and when nothing is left.
    """
    given = list_given(paths)
    if len(given) > _MOST_FILES:
        raise InputError(
            f"These are {len(given):,} files; compare at most {_MOST_FILES:,} at once."
        )
    folder.mkdir(parents=True, exist_ok=True)
    regular = [one for one in given if one.path.is_file()]
    left_out = [
        LeftOut(file=one.name, reason="it is no regular file")
        for one in given
        if one not in regular
    ]
    meter = Meter(total_bytes=sum(one.path.stat().st_size for one in regular), progress=progress)
    taken: dict[str, Other] = {}
    for number, one in enumerate(sorted(regular, key=lambda given: given.name)):
        other = _take(one, folder / f"{number:05}", meter)
        if other.sha256 in taken:
            reason = f"it is the same file as {taken[other.sha256].name}"
            left_out.append(LeftOut(file=one.name, reason=reason))
        else:
            taken[other.sha256] = other
    if not taken:
        found = "; ".join(f"{one.file}: {one.reason}" for one in left_out[:5])
        raise InputError("There is no file to compare with" + (f" ({found})." if found else "."))
    return list(taken.values()), left_out


def _take(given: Given, target: Path, meter: Meter) -> Other:
    sha256 = copy(given, target, told=lambda copied: meter.tell(given.name, consumed=copied))
    with target.open("rb") as source:
        first = source.read(4)
    size = target.stat().st_size
    if not size:
        raise InputError(f"{given.name} is empty: it has 0 bytes.", file=given.name, byte=0)
    return Other(
        path=target,
        name=given.name,
        sha256=sha256,
        size_bytes=size,
        is_dbn=first[:3] == b"DBN" or is_zstd(first) or given.name.endswith(SUFFIXES),
        alone=given.alone,
    )
