"""The work of a proof: read what to compare with, compare, and write the report."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import calendar, store
from hewston.pipeline.equality.compare import compare, write_time
from hewston.pipeline.equality.files import Other, take
from hewston.pipeline.equality.ranges import Span, covered, cut_at_utc, requested
from hewston.pipeline.equality.vendor import VendorBars, read_vendor
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter
from hewston.pipeline.ingest.drafts import Progress, within
from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.schemas import SESSION, UTC_NS
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.header import read_header
from hewston.pipeline.sources.dbn.records import DTYPES
from hewston.pipeline.spec import canonical_json, sha256_text

REPORT_FILE, DIFFERENCES_FILE = "report.json", "differences.parquet"
_COPYING, _READING, _READ = (0.0, 0.3), (0.3, 0.8), 0.8


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The revision of a dataset that is to be proved."""

    dataset_id: str
    revision: int
    bars_sha256: str
    symbol: str
    interval: str
    calendar: str
    tick_size: float
    venue_code: str
    bars: Path
    raw: tuple[Path, ...]  # source files that are in the store


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What came of it. ``folder`` holds REPORT_FILE and DIFFERENCES_FILE.

    ``digest`` names what was compared with: the files' content and the options.
    """

    folder: Path
    digest: str
    files: tuple[Mapping[str, object], ...]


def prove(
    subject: Subject,
    *,
    against: Sequence[Path],
    options: Mapping[str, Any],
    staging: Path,
    progress: Progress,
    log: object = None,
) -> Proof:
    """Compare a dataset's bars with those of files and folders, and write the report.

    ``options`` may say ``symbol``, where the files call it otherwise.

    Raises InputError for files that cannot be compared with.
    """
    del log  # all that is to say is in the report
    files, left_out = take(against, staging / "against", progress=within(progress, *_COPYING))
    meter = Meter(
        total_bytes=sum(file.size_bytes for file in files), progress=within(progress, *_READING)
    )
    theirs = read_vendor(files, symbol=options.get("symbol") or subject.symbol, meter=meter)
    progress({"file": files[-1].name, "day": None, "records": len(theirs.bars), "share": _READ})
    length = INTERVAL_NS[theirs.interval]
    ours = _read_ours(subject, theirs, length)
    spans = _span_of(subject, ours, length), theirs.span
    inside = [
        _labelled(spans[0].shared(spans[1]).within(bars, length), subject, theirs)
        for bars in (ours, theirs.bars)
    ]
    comparison = compare(*inside, tick_size=subject.tick_size, calendar=subject.calendar)
    described = tuple(_describe(file) for file in theirs.files)
    report = {
        **_name(subject),
        "files": list(described),
        "left_out": [dataclasses.asdict(one) for one in (*left_out, *theirs.left_out)],
        "options": dict(options),
        "interval": theirs.interval,
        "notes": _note(subject, theirs),
        "covers": {
            "ours": _write(spans[0]),
            "theirs": _write(spans[1]),
            "both": _write(spans[0].shared(spans[1])),
        },
        "outside": {
            "ours": len(ours) - len(inside[0]),
            "theirs": len(theirs.bars) - len(inside[1]),
        },
        **comparison.report,
    }
    if spans[0].shared(spans[1]).is_empty:
        report["sentence"] = _say_apart(*(_write(span) for span in spans))
    folder = staging / "report"
    folder.mkdir()
    comparison.differences.rechunk().write_parquet(folder / DIFFERENCES_FILE, compression="zstd")
    store.write_json(folder / REPORT_FILE, report)
    return Proof(folder=folder, digest=_digest(theirs.files, options), files=described)


def _read_ours(subject: Subject, theirs: VendorBars, length: int) -> pl.DataFrame:
    """Read the dataset's bars, merged to the interval and by the clock of the others."""
    own = INTERVAL_NS[subject.interval]
    if own > length or length % own:
        raise InputError(
            f"The bars of {subject.dataset_id} are of {subject.interval} and those to compare with "
            f"of {theirs.interval}. Compare with bars of {subject.interval} or longer ones.",
            field="against",
        )
    ours = pl.read_parquet(subject.bars)
    return ours if theirs.interval == "1m" else cut_at_utc(ours, length)


def _span_of(subject: Subject, ours: pl.DataFrame, length: int) -> Span:
    """Give what the dataset covers: what was requested of its vendor, else its bars."""
    headers = []
    for path in subject.raw:
        with open_bytes(path, name=path.name) as stream:
            header = read_header(stream)
        if header.schema in DTYPES and subject.symbol in header.symbols:
            headers.append(header)
    return requested(headers) if headers else covered(ours, length)


def _labelled(bars: pl.DataFrame, subject: Subject, theirs: VendorBars) -> pl.DataFrame:
    """Give each bar its session; an hour or a day of UTC may mix some and has none."""
    if theirs.interval != "1m" or bars.is_empty():
        return bars.with_columns(session=pl.lit(None, SESSION))
    ts = bars["ts_open"]
    dates = calendar.exchange_date(ts, subject.calendar)
    sessions = calendar.schedule(subject.calendar, dates[0], dates[-1])
    return bars.with_columns(session=calendar.label(ts, sessions))


def _note(subject: Subject, theirs: VendorBars) -> list[str]:
    """Say what a reader should know of how the bars were compared."""
    notes = []
    if theirs.schema == "ohlcv-1s":
        notes.append("The file's bars are of a second and were merged to minutes, which is exact.")
    if theirs.interval != subject.interval:
        notes.append(
            f"The dataset's bars were merged to {theirs.interval} by UTC, as the vendor does, "
            "whatever the sessions."
        )
    if theirs.publishers > 1:
        notes.append(
            f"The file has bars of {theirs.publishers} publishers. Where a time has several, high, "
            "low and volume are compared; who of them traded first and last is not known."
        )
    if theirs.datasets != (subject.venue_code,):
        notes.append(
            f"The dataset is of {subject.venue_code}, the file of {', '.join(theirs.datasets)}."
        )
    return notes


def _name(subject: Subject) -> dict[str, object]:
    return {
        "dataset_id": subject.dataset_id,
        "revision": subject.revision,
        "bars_sha256": subject.bars_sha256,
        "symbol": subject.symbol,
        "tick_size": subject.tick_size,
    }


def _describe(file: Other) -> dict[str, object]:
    return {"name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes}


def _write(span: Span) -> dict[str, str]:
    """Write a span as UTC times, the end exclusive."""
    times = pl.Series([span.start, span.end]).cast(UTC_NS)
    return {"from": write_time(times[0]), "to": write_time(times[1])}


def _say_apart(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    return (
        f"No time is in both: the dataset covers {ours['from']} to {ours['to']}, and what it was "
        f"compared with {theirs['from']} to {theirs['to']}."
    )


def _digest(files: Sequence[Other], options: Mapping[str, Any]) -> str:
    """Name what was compared with; the files' names do not matter."""
    said = {"files": sorted(file.sha256 for file in files), "options": dict(options)}
    return sha256_text(canonical_json(said))
