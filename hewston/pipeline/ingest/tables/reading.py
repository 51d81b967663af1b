"""One table file to bars."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.tables.market import Market, choose_market, note_sessions
from hewston.pipeline.intervals import is_daily
from hewston.pipeline.schemas import BARS, SESSION
from hewston.pipeline.sources.tables.plan import Answers, Finding, Plan
from hewston.pipeline.sources.tables.rows import Reading, check_bad_rows, read_rows
from hewston.pipeline.sources.tables.source import Source, open_source
from hewston.pipeline.sources.tables.study import study
from hewston.pipeline.sources.tables.table_bars import TableBars, to_bars

Told = Callable[[int], None]  # rows read so far

# What a question is about, for the sentence that asks it.
_ASKED = {
    "tz": "the zone of its times",
    "stamp": "whether a time is a bar's start or its end",
    "date_order": "whether the day or the month comes first",
    "decimal": "the decimal mark",
    "interval": "the length of its bars",
    "symbol": "its symbol",
    "member": "which file in it",
    "sheet": "which sheet",
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that was read.

    ``bars``: schema BARS, of ``interval``. ``reading`` lists the rows that could not be read.
    """

    bars: pl.DataFrame
    interval: str
    market: Market
    plan: Plan
    reading: Reading
    made: TableBars
    venue_code: str


def read_table(
    path: Path,
    *,
    name: str,
    answers: Mapping[str, object],
    scratch: Path,
    asset_class: str | None = None,
    calendar: str | None = None,
    told: Told = lambda _rows: None,
) -> Table:
    """Read a file of bars: CSV, TSV, text, Excel or Parquet, also in gz or zip.

    ``answers`` are those of ``Answers``: what a person says of it. ``scratch`` is a folder for what
    is unpacked. Raises InputError where something must be asked (``details["questions"]``), for
    more bad rows than may be, and for rows that contradict each other.
    """
    said = Answers.read(answers)
    source = open_source(path, name=name, scratch=scratch, answers=said)
    found = study(source, said, file_name=name)
    return read_planned(
        source,
        found.plan,
        name=name,
        symbols=found.symbols,
        asked=found.findings,
        most_bad=said.max_bad_rows,
        asset_class=asset_class,
        calendar=calendar,
        venue_code=found.venue_code,
        told=told,
    )


def read_planned(
    source: Source,
    plan: Plan,
    *,
    name: str,
    symbols: tuple[str, ...] = (),
    asked: Mapping[str, Finding],
    most_bad: int | None,
    asset_class: str | None,
    calendar: str | None,
    venue_code: str,
    told: Told,
) -> Table:
    """Read all rows by a plan, and refuse what cannot become a dataset."""
    reading = read_all(source, plan, told)
    check_bad_rows(reading, name=name, most=most_bad)
    if reading.rows.is_empty():
        kind = "bars that can be read" if reading.bad_count else "bars"
        raise InputError(f"{name} has no rows of {kind}.", file=name)
    made = to_bars(reading, plan, name=name, symbols=symbols)
    if any(finding.is_open for finding in asked.values()):  # else a guess may be what is refused
        refuse_open({**asked, "interval": made.interval}, name=name)
    for refusal in made.refusals:
        raise refusal
    refuse_open({"interval": made.interval}, name=name)
    check_bad_rows(reading, name=name, most=most_bad)
    interval = str(made.interval.value)
    if made.frame.is_empty():
        raise InputError(f"{name} has no rows of bars.", file=name)
    market = choose_market(
        made.frame["ts_open"],
        interval=interval,
        tz=made.tz,
        asset_class=asset_class,
        calendar=calendar,
        layout=plan.layout,
    )
    bars = with_sessions(made.frame, interval, market)
    made.findings += note_sessions(bars, market)
    return Table(
        bars=bars,
        interval=interval,
        market=market,
        plan=plan,
        reading=reading,
        made=made,
        venue_code=venue_code,
    )


def read_all(source: Source, plan: Plan, told: Told) -> Reading:
    """Read every block of a source, telling how many rows came so far."""

    def counted() -> object:
        rows = 0
        for block in source.blocks(first_line=plan.first_line, width=plan.width):
            told(rows)
            rows += block.height
            yield block

    return read_rows(counted(), plan)  # type: ignore[arg-type]  # a generator of cells


def with_sessions(frame: pl.DataFrame, interval: str, market: Market) -> pl.DataFrame:
    """Add the session of each bar; those of days and longer are regular."""
    if is_daily(interval):
        session = pl.repeat("regular", frame.height, dtype=SESSION, eager=True)
    else:
        dates = exchange_calendar.exchange_date(frame["ts_open"], market.calendar)
        sessions = exchange_calendar.schedule(market.calendar, dates.min(), dates.max())  # type: ignore[arg-type]  # dates of bars
        session = exchange_calendar.label(frame["ts_open"], sessions).cast(SESSION)
    return frame.with_columns(session.alias("session")).match_to_schema(pl.Schema(BARS))


def refuse_open(findings: Mapping[str, Finding], *, name: str) -> None:
    """Raise InputError that asks all that must be asked, each with the best guess."""
    asked = {key: finding for key, finding in findings.items() if finding.is_open}
    if not asked:
        return
    parts = [f"{_ASKED[key]} ({key}: {finding.reason})" for key, finding in asked.items()]
    raise InputError(
        f"{name} does not say {'; nor '.join(parts)}. Say {' and '.join(asked)}, such as "
        + ", ".join(f"{key}={finding.value}" for key, finding in asked.items())
        + ".",
        code="VALIDATION",
        file=name,
        field=next(iter(asked)),
        questions=[{"option": key, **finding.as_json()} for key, finding in asked.items()],
    )
