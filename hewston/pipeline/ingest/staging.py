"""The files that are read, copied by content before, since they may change while they are read."""

import errno
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.drafts import LeftOut, Progress, RawFile
from hewston.pipeline.ingest.files import DEFINITION, Given, Source
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.header import read_header
from hewston.pipeline.sources.dbn.records import DTYPES, read_chunks

_BLOCK_BYTES = 1 << 18
_BLOCKS_A_REPORT = 32  # 8 MB: many times a second
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def stage(
    wanted: Sequence[Given], folder: Path, *, progress: Progress
) -> tuple[list[Source], list[LeftOut]]:
    """Copy the files to ``folder/<sha256><suffix>``.

    Returns the copies ordered by first receive time, then content, and what is there twice.

    Raises InputError for a file that cannot be read, or that became another one meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copier = _Copier(wanted, progress)
    sources: dict[str, Source] = {}
    left_out = []
    for given in wanted:
        copied = folder / "copied"
        sha256 = copier.copy(given, copied)
        if sha256 in sources:
            copied.unlink()
            reason = f"it is the same file as {sources[sha256].name}"
            left_out.append(LeftOut(file=given.name, reason=reason))
            continue
        source = _described(copied, given, sha256)
        final = folder / f"{sha256}{source.raw.suffix}"
        copied.rename(final)
        sources[sha256] = replace(source, path=final)
    return sorted(sources.values(), key=lambda s: (s.first_ts, s.raw.sha256)), left_out


class _Copier:
    """Copies files one after the other and reports progress over all of them."""

    def __init__(self, wanted: Sequence[Given], progress: Progress) -> None:
        self._progress = progress
        self._total_bytes = max(1, sum(_size(given) for given in wanted))
        self._copied_bytes = 0

    def copy(self, given: Given, target: Path) -> str:
        """Copy a file and return the SHA-256 of exactly the bytes that were copied."""
        digest = hashlib.sha256()
        try:
            with target.open("wb") as writer:
                for number, block in enumerate(_blocks(given.path)):
                    digest.update(block)
                    writer.write(block)
                    self._copied_bytes += len(block)
                    if number % _BLOCKS_A_REPORT == 0:
                        self._report(given)
        except OSError as problem:
            if problem.errno in _DISK_FULL:  # nothing that another file would mend
                raise
            raise InputError(
                f"{given.name} cannot be copied: {problem.strerror or problem}.", file=given.name
            ) from problem
        return digest.hexdigest()

    def _report(self, given: Given) -> None:
        share = min(1.0, self._copied_bytes / self._total_bytes)
        self._progress({"file": given.name, "day": None, "records": 0, "share": share})


def _blocks(path: Path) -> Iterator[memoryview]:
    """Read a file in blocks that share one buffer, which stays in the processor's cache."""
    block = memoryview(bytearray(_BLOCK_BYTES))
    with path.open("rb", buffering=0) as reader:
        while size := reader.readinto(block):
            yield block[:size]


def _size(given: Given) -> int:
    try:
        return given.path.stat().st_size
    except OSError:
        return 0  # copying will say why


def _described(path: Path, given: Given, sha256: str) -> Source:
    name = given.name
    with open_bytes(path, name=name) as stream:
        header = read_header(stream)
        first_ts = 0
        if header.schema in DTYPES:
            chunk = next(read_chunks(stream, header, chunk_records=1), None)
            first_ts = 0 if chunk is None else int(chunk.rows["ts_recv"][0])
        elif header.schema != DEFINITION:
            raise InputError(
                f"{name} became another file while it was read. Try again when it is written.",
                file=name,
            )
        return Source(
            path=path,
            folder=given.path.parent,
            name=name,
            dataset=header.dataset,
            schema=header.schema,
            start=header.start,
            end=header.end,
            first_ts=first_ts,
            raw=RawFile(
                name=name, sha256=sha256, suffix=stream.suffix, size_bytes=path.stat().st_size
            ),
        )
