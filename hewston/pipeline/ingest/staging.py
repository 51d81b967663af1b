"""The files that are read, copied by content before, since they may change while they are read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter, in_order
from hewston.pipeline.ingest.copying import copy
from hewston.pipeline.ingest.drafts import LeftOut, Progress, RawFile
from hewston.pipeline.ingest.files import DEFINITION, Given, Source
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.header import read_header
from hewston.pipeline.sources.dbn.records import DTYPES, read_chunks


def stage(
    wanted: Sequence[Given], folder: Path, *, progress: Progress, workers: int
) -> tuple[list[Source], list[LeftOut]]:
    """Copy the files to ``folder/<sha256><suffix>``, ``workers`` at once.

    Returns the copies ordered by first receive time, then content, and what is there twice.

    Raises InputError for a file that cannot be read, or that became another one meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    meter = Meter(total_bytes=sum(_size(given) for given in wanted), progress=progress)
    tasks = [(given, folder / f"copied-{number}") for number, given in enumerate(wanted)]
    sources: dict[str, Source] = {}
    left_out = []
    with in_order(
        lambda task: _copied(*task, meter), tasks, workers=workers, meter=meter
    ) as copies:
        for copy in copies:
            sha256 = copy.raw.sha256
            if sha256 in sources:
                copy.path.unlink()
                reason = f"it is the same file as {sources[sha256].name}"
                left_out.append(LeftOut(file=copy.name, reason=reason))
                continue
            final = folder / f"{sha256}{copy.raw.suffix}"
            copy.path.rename(final)
            sources[sha256] = replace(copy, path=final)
    return sorted(sources.values(), key=lambda s: (s.first_ts, s.raw.sha256)), left_out


def _copied(given: Given, target: Path, meter: Meter) -> Source:
    """Copy a file and describe exactly the bytes that were copied."""
    sha256 = copy(given, target, told=lambda copied: meter.tell(given.name, consumed=copied))
    return _described(target, given, sha256)


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
