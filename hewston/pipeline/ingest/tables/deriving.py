"""Table files to a dataset draft."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import bars as derivation
from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline import store
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.copying import copy
from hewston.pipeline.ingest.drafts import (
    DatasetDraft,
    Derivation,
    LeftOut,
    Progress,
    RawFile,
    within,
)
from hewston.pipeline.ingest.files import SUFFIXES as DBN_SUFFIXES
from hewston.pipeline.ingest.files import Given
from hewston.pipeline.ingest.kinds import TABLE_NAME
from hewston.pipeline.ingest.tables.market import Market, choose_market, describe_instrument
from hewston.pipeline.ingest.tables.reading import Table, read_planned, read_table, with_sessions
from hewston.pipeline.quality.report import Disagreement, report
from hewston.pipeline.sources.tables.plan import Answers, Plan
from hewston.pipeline.sources.tables.source import open_source

PROVIDER = "table"
_COPYING, _READING = (0.0, 0.1), (0.1, 0.9)
_SUFFIX = re.compile(
    r"(\.(csv|tsv|txt|prn|xlsx|xlsm|parquet|pq))?(\.(gz|zip|zst|bz2|xz))?$", re.IGNORECASE
)
_ROWS_A_STEP = 10_000_000  # what a share of progress is measured by where a file is not that long


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """What a person says beside the answers about the table itself."""

    answers: Mapping[str, object]
    overrides: Mapping[str, object]
    calendar: str | None = None
    venue: str | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "TableOptions":
        """Part the options of an ingest; ``table`` holds the answers, but for the symbol."""
        symbol = {"symbol": given["symbol"]} if given.get("symbol") else {}
        return cls(
            answers={**(given.get("table") or {}), **symbol},
            overrides=dict(given.get("overrides") or {}),
            calendar=given.get("calendar"),
            venue=given.get("venue"),
        )


def are_tables(given: Sequence[Given]) -> bool:
    """Tell by their names whether files are tables: some are, and none is DBN."""
    names = [file.path.name.lower() for file in given]
    return any(map(TABLE_NAME.search, names)) and not any(
        name.endswith(DBN_SUFFIXES) for name in names
    )


def derive_tables(
    given: Sequence[Given],
    *,
    staging: Path,
    options: TableOptions,
    progress: Progress,
) -> Derivation:
    """Read tables of one symbol, all in the same way, into one dataset.

    Several files are parts of one history; rows that they share must be equal. Each is copied to
    ``staging/raw`` first. Raises InputError for what cannot be read, and where something must be
    asked.
    """
    raw_folder = staging / "raw"
    raw_folder.mkdir(parents=True, exist_ok=True)
    wanted = [file for file in given if file.alone or TABLE_NAME.search(file.path.name)]
    left_out = [
        LeftOut(file=file.name, reason="its name is not that of a table")
        for file in given
        if file not in wanted
    ]
    if not wanted:
        raise InputError("There is no table in it: no name ends in .csv, .txt, .xlsx or the like.")
    copied = _copy_all(wanted, raw_folder, within(progress, *_COPYING))
    left_out += copied.left_out
    tables = []
    for number, (file, raw) in enumerate(copied.files):
        tell = _teller(file.name, number, len(copied.files), within(progress, *_READING))
        scratch = staging / f"table-{number}"
        scratch.mkdir()
        tables.append(
            read_table(
                raw_folder / f"{raw.sha256}{raw.suffix}",
                name=file.name,
                answers=options.answers,
                scratch=scratch,
                asset_class=_asset_class(options.overrides),
                calendar=options.calendar,
                told=tell,
            )
        )
        shutil.rmtree(scratch, ignore_errors=True)
        left_out += _bad_rows(tables[-1], file.name)
    raw_files = tuple(raw for _, raw in copied.files)
    draft = _draft(tables, raw_files, staging=staging / "drafts", options=options)
    return Derivation(drafts=(draft,), left_out=tuple(left_out))


def rederive_table(
    manifest: Mapping[str, Any], given: Sequence[Given], *, staging: Path, progress: Progress
) -> DatasetDraft:
    """Derive a dataset of tables again by its manifest's plans, which leave nothing to find."""
    options = manifest["options"]
    tables = []
    for number, (file, stored) in enumerate(zip(given, options["reading"], strict=True)):
        plan = Plan.from_json(stored)
        scratch = staging / f"table-{number}"
        scratch.mkdir(parents=True)
        asks = Answers(
            member=plan.member,
            sheet=plan.sheet,
            encoding=plan.encoding,
            delimiter=plan.delimiter,
        )
        tables.append(
            read_planned(
                open_source(file.path, name=file.name, scratch=scratch, answers=asks),
                plan,
                name=file.name,
                asked={},
                most_bad=options["most_bad_rows"],
                asset_class=options["asset_class"],
                calendar=options["calendar"],
                venue_code=options["venue"],
                told=_teller(file.name, number, len(given), progress),
            )
        )
        shutil.rmtree(scratch, ignore_errors=True)
    raw_files = tuple(
        RawFile(**{name: file[name] for name in ("name", "sha256", "suffix", "size_bytes")})
        for file in manifest["raw_files"]
    )
    return _draft(
        tables,
        raw_files,
        staging=staging / "drafts",
        options=TableOptions(
            answers=options["answers"],
            overrides=options["overrides"],
            calendar=options["calendar"],
            venue=options["venue"],
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Copied:
    files: Sequence[tuple[Given, RawFile]]
    left_out: Sequence[LeftOut]


def _copy_all(given: Sequence[Given], folder: Path, progress: Progress) -> _Copied:
    """Copy the files by content, since they may change while they are read; each content once."""
    files: dict[str, tuple[Given, RawFile]] = {}
    left_out = []
    for number, file in enumerate(given):
        if not file.path.is_file():
            raise InputError(
                f"{file.name} is no file. Name the table itself.", file=file.name, field="files"
            )
        progress({"file": file.name, "day": None, "records": 0, "share": number / len(given)})
        raw = _copy(file, folder)
        if raw.sha256 in files:
            reason = f"it is the same file as {files[raw.sha256][0].name}"
            left_out.append(LeftOut(file=file.name, reason=reason))
        else:
            files[raw.sha256] = (file, raw)
    return _Copied(files=list(files.values()), left_out=left_out)


def _copy(file: Given, folder: Path) -> RawFile:
    target = folder / "copying"
    sha256 = copy(file, target, told=lambda _bytes: None)
    found = _SUFFIX.search(file.path.name)
    suffix = (found[0] if found and found[0] else ".table").lower()
    raw = RawFile(name=file.name, sha256=sha256, suffix=suffix, size_bytes=target.stat().st_size)
    target.rename(folder / f"{sha256}{suffix}")
    return raw


def _teller(name: str, number: int, files: int, progress: Progress) -> Any:  # noqa: ANN401 (a closure)
    def tell(rows: int) -> None:
        share = (number + min(1.0, rows / _ROWS_A_STEP)) / files
        progress({"file": name, "day": None, "records": rows, "share": share})

    return tell


def _asset_class(overrides: Mapping[str, object]) -> str | None:
    said = overrides.get("asset_class")
    return None if said is None else str(said)


def _bad_rows(table: Table, name: str) -> list[LeftOut]:
    listed = [
        LeftOut(file=f"{name}, line {row.line:,}", reason=row.reason) for row in table.reading.bad
    ]
    more = table.reading.bad_count - len(listed)
    if more:
        listed.append(LeftOut(file=name, reason=f"{more:,} more rows could not be read"))
    return listed


def _draft(
    tables: Sequence[Table],
    raw_files: tuple[RawFile, ...],
    *,
    staging: Path,
    options: TableOptions,
) -> DatasetDraft:
    """Put the bars of all files together, write them and describe the dataset."""
    table = tables[0]
    bars, market = _together(tables, raw_files, options)
    folder = staging / "00000"
    folder.mkdir(parents=True)
    path = folder / "bars.parquet"
    derivation.write_bars(bars, path)
    dates = exchange_calendar.exchange_date(bars["ts_open"], market.calendar, market.tz)
    first, last = dates[0], dates[-1]
    overrides = {**options.overrides, "asset_class": market.asset_class}
    symbol = str(table.plan.symbol)
    quality = report(
        bars,
        sessions=exchange_calendar.schedule(market.calendar, first, last),
        dates=dates,
        tallies={},
        disagreement=Disagreement(),
        multiplier_known=True,
        asset_class=market.asset_class,
        interval=table.interval,
        extra=_findings(tables),
    )
    return DatasetDraft(
        symbol=symbol,
        instrument=describe_instrument(bars, market, overrides),
        is_defined=bool(options.overrides),
        interval=table.interval,
        from_date=first,
        to_date=last,
        whole_year=False,
        products=("OHLCV",),
        provider=PROVIDER,
        venue_code=options.venue or table.venue_code,
        calendar=market.calendar,
        calendar_version=exchange_calendar.calendar_version(),
        tz=market.tz,
        raw_files=raw_files,
        bars=path,
        quality=quality,
        bars_sha256=store.sha256_file(path),
        rows=len(bars),
        options={
            "symbol": symbol,
            "answers": dict(options.answers),
            "reading": [one.plan.as_json() for one in tables],
            "most_bad_rows": max(one.reading.bad_count for one in tables),
            "asset_class": market.asset_class,
            "overrides": dict(options.overrides),
            "calendar": market.calendar,
            "venue": options.venue or table.venue_code,
        },
    )


def _together(
    tables: Sequence[Table], raw_files: Sequence[RawFile], options: TableOptions
) -> tuple[pl.DataFrame, Market]:
    """Join the bars of files of one history; what two of them share must be equal."""
    first = tables[0]
    if len(tables) == 1:
        return first.bars, first.market
    for table, raw in zip(tables[1:], raw_files[1:], strict=True):
        for what, mine, theirs in (
            ("symbol", first.plan.symbol, table.plan.symbol),
            ("interval", first.interval, table.interval),
        ):
            if mine != theirs:
                raise InputError(
                    f"{raw_files[0].name} has the {what} {mine} and {raw.name} has {theirs}; files "
                    "that are brought in together are parts of one dataset. Bring them in one "
                    "by one.",
                    file=raw.name,
                    field=what,
                )
    frames = [
        table.made.frame.with_columns(file=pl.lit(number), line=table.made.lines)
        for number, table in enumerate(tables)
    ]
    joined = pl.concat(frames).sort("ts_open", maintain_order=True)
    figures = [name for name in joined.columns if name not in {"file", "line"}]
    distinct = joined.unique(figures, keep="first", maintain_order=True)
    twice = distinct.filter(pl.col("ts_open").is_duplicated())
    if twice.height:
        one, other = twice.row(0, named=True), twice.row(1, named=True)
        raise InputError(
            f"Line {one['line']:,} of {raw_files[one['file']].name} and line {other['line']:,} of "
            f"{raw_files[other['file']].name} are both of {one['ts_open']:%Y-%m-%d %H:%M} UTC "
            "and say different things. Leave one of the files out.",
            file=raw_files[other["file"]].name,
            lines=[one["line"], other["line"]],
        )
    frame = distinct.drop("file", "line")
    market = choose_market(
        frame["ts_open"],
        interval=first.interval,
        tz=first.made.tz,
        asset_class=_asset_class(options.overrides),
        calendar=options.calendar,
        layout=first.plan.layout,
    )
    return with_sessions(frame, first.interval, market), market


def _findings(tables: Sequence[Table]) -> list[dict[str, object]]:
    """Add up what was found in each file."""
    together: dict[str, dict[str, Any]] = {}
    for table in tables:
        for finding in table.made.findings:
            key = str(finding["key"])
            if key in together:
                _add(together[key], finding)
            else:
                together[key] = dict(finding)
    return list(together.values())


def _add(known: dict[str, Any], finding: Mapping[str, Any]) -> None:
    known["count"] += finding["count"]
    severities = ("info", "warning", "error")
    known["severity"] = max(known["severity"], finding["severity"], key=severities.index)
    known["rows"] = [*known.get("rows", []), *finding.get("rows", [])][:1000]
    if finding["count"]:
        known["sentence"] = f"{known['sentence']} {finding['sentence']}"
