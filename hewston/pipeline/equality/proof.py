"""The work of a proof: read what to compare with, compare, and write the report."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import calendar, store
from hewston.pipeline.calendar import exchange_date
from hewston.pipeline.equality.compare import compare, write_time
from hewston.pipeline.equality.files import Other, OtherBars, take
from hewston.pipeline.equality.ranges import Span, covered, cut_at_utc, requested
from hewston.pipeline.equality.tables import as_table, name_by_date, read_tables
from hewston.pipeline.equality.vendor import read_vendor
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter
from hewston.pipeline.ingest.drafts import Progress, within
from hewston.pipeline.ingest.files import SUFFIXES
from hewston.pipeline.intervals import INTERVAL_NS, is_daily
from hewston.pipeline.schemas import SESSION, UTC_NS
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.header import read_header
from hewston.pipeline.sources.dbn.records import DTYPES
from hewston.pipeline.spec import canonical_json, sha256_text

FORMAT = 1  # raise it when the same files give another report
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
    tz: str
    tick_size: float
    venue_code: str
    bars: Path
    raw: tuple[Path, ...]  # source files that are in the store


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What came of it. ``folder`` holds REPORT_FILE and DIFFERENCES_FILE.

    ``digest`` names what was compared with: the files' content, the options and the tick size.
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

    ``options`` may say ``symbol``, where the files call it otherwise, and ``table``, the answers
    about tables (``Answers``).

    Raises InputError for files that cannot be compared with.
    """
    del log  # all that is to say is in the report
    files, left_out = take(against, staging / "against", progress=within(progress, *_COPYING))
    meter = Meter(
        total_bytes=sum(file.size_bytes for file in files), progress=within(progress, *_READING)
    )
    theirs, is_table = _read_theirs(subject, files, options, staging, meter)
    progress({"file": files[-1].name, "day": None, "records": len(theirs.bars), "share": _READ})
    length = INTERVAL_NS[theirs.interval]
    ours = _read_ours(subject, theirs, length, is_table=is_table)
    is_merged = is_table and theirs.interval != subject.interval
    own = covered(ours, length) if is_merged else _span_of(subject, ours, length)
    spans = own, theirs.span
    shared = own.shared(theirs.span)
    inside = [shared.within(bars, length) for bars in (ours, theirs.bars)]
    if not is_table:
        inside = [_labelled(bars, subject, theirs) for bars in inside]
    comparison = compare(
        *inside,
        tick_size=subject.tick_size,
        calendar=subject.calendar,
        tz=None if is_table or not is_daily(theirs.interval) else "UTC",
    )
    described = tuple(_describe(file) for file in theirs.files)
    report = {
        **_name(subject),
        "files": list(described),
        "left_out": [dataclasses.asdict(one) for one in (*left_out, *theirs.left_out)],
        "options": dict(options),
        "interval": theirs.interval,
        "notes": [*theirs.notes, *_note(subject, theirs, is_table=is_table)],
        "covers": {
            "ours": _write(spans[0]),
            "theirs": _write(spans[1]),
            "both": _write(shared),
        },
        "outside": {
            "ours": len(ours) - len(inside[0]),
            "theirs": len(theirs.bars) - len(inside[1]),
        },
        **comparison.report,
    }
    if shared.is_empty:
        report["sentence"] = _say_apart(*(_write(span) for span in spans))
    folder = staging / "report"
    folder.mkdir()
    comparison.differences.rechunk().write_parquet(folder / DIFFERENCES_FILE, compression="zstd")
    store.write_json(folder / REPORT_FILE, report)
    return Proof(folder=folder, digest=_digest(subject, theirs.files, options), files=described)


def _read_theirs(
    subject: Subject,
    files: Sequence[Other],
    options: Mapping[str, Any],
    staging: Path,
    meter: Meter,
) -> tuple[OtherBars, bool]:
    """Read the files, all of one kind; tells whether they are tables."""
    tables = [file for file in files if not file.is_dbn]
    symbol = options.get("symbol") or subject.symbol
    if not tables:
        return read_vendor(files, symbol=symbol, venue_code=subject.venue_code, meter=meter), False
    if len(tables) < len(files):
        raise InputError(
            f"{tables[0].name} is no DBN file, and others are. Compare with files of one kind at a "
            "time.",
            file=tables[0].name,
        )
    found = read_tables(
        tables,
        answers={**options.get("table", {}), "symbol": symbol},
        calendar=subject.calendar,
        scratch=staging / "tables",
        meter=meter,
    )
    return found, True


def _read_ours(subject: Subject, theirs: OtherBars, length: int, *, is_table: bool) -> pl.DataFrame:
    """Read the dataset's bars, merged to the interval and by the clock of the others."""
    own = INTERVAL_NS[subject.interval]
    if own > length or length % own:
        raise InputError(
            f"The bars of {subject.dataset_id} are of {subject.interval} and those to compare with "
            f"of {theirs.interval}. Compare with bars of {subject.interval} or longer ones.",
            field="against",
        )
    ours = pl.read_parquet(subject.bars)
    if is_table and theirs.interval != subject.interval:
        return as_table(ours, theirs, calendar=subject.calendar)
    if is_table:
        daily = is_daily(theirs.interval)
        return name_by_date(ours, subject.tz, subject.calendar) if daily else ours
    if is_daily(subject.interval):  # its dates are those of its own zone
        dates = exchange_date(pl.col("ts_open"), subject.calendar, subject.tz)
        return ours.with_columns(ts_open=dates.cast(pl.Datetime("ns")).cast(UTC_NS))
    return ours if theirs.interval == "1m" else cut_at_utc(ours, length)


def _span_of(subject: Subject, ours: pl.DataFrame, length: int) -> Span:
    """Give what the dataset covers: what was requested of its vendor, else its bars."""
    headers = []
    for path in subject.raw:
        if not path.name.endswith(SUFFIXES):
            continue  # a table says nothing of what was requested
        with open_bytes(path, name=path.name) as stream:
            header = read_header(stream)
        if header.schema in DTYPES and subject.symbol in header.symbols:
            headers.append(header)
    return requested(headers) if headers else covered(ours, length)


def _labelled(bars: pl.DataFrame, subject: Subject, theirs: OtherBars) -> pl.DataFrame:
    """Give each bar its session; an hour or a day of UTC may mix some and has none."""
    if theirs.interval != "1m" or bars.is_empty():
        return bars.with_columns(session=pl.lit(None, SESSION))
    ts = bars["ts_open"]
    dates = exchange_date(ts, subject.calendar)
    sessions = calendar.schedule(subject.calendar, dates[0], dates[-1])
    return bars.with_columns(session=calendar.label(ts, sessions))


def _note(subject: Subject, theirs: OtherBars, *, is_table: bool) -> Iterator[str]:
    """Say how the dataset's own bars were merged."""
    if theirs.interval == subject.interval:
        return
    if not is_table:
        how = "by UTC, as the vendor does, whatever the sessions"
    elif is_daily(theirs.interval):
        how = "by exchange date, those of regular sessions alone"
    else:
        how = "by the clock, those of the sessions that the files have"
    yield f"The dataset's bars were merged to {theirs.interval} {how}."


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


def _digest(subject: Subject, files: Sequence[Other], options: Mapping[str, Any]) -> str:
    """Name what was compared with, and how near counts; the files' names do not matter."""
    said = {
        "format": FORMAT,
        "files": sorted(file.sha256 for file in files),
        "options": dict(options),
        "tick_size": subject.tick_size,
    }
    return sha256_text(canonical_json(said))
