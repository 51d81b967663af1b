"""Somebody else's bars out of tables, and a dataset's bars as such a table has them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from hewston.pipeline.calendar import exchange_date, zone
from hewston.pipeline.equality.files import Other, OtherBars
from hewston.pipeline.equality.ranges import covered
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter
from hewston.pipeline.ingest.tables import Table, read_table
from hewston.pipeline.intervals import DAY, INTERVAL_NS, INTERVALS, is_daily
from hewston.pipeline.resampling import merge_at
from hewston.pipeline.schemas import UTC_NS

_BYTES_A_ROW = 50  # about: progress is told in bytes


def read_tables(
    files: Sequence[Other],
    *,
    answers: Mapping[str, object],
    calendar: str,
    scratch: Path,
    meter: Meter,
) -> OtherBars:
    """Read tables of one symbol and interval, all in the same way.

    Rows that several share must be equal. Bars of days are named by the midnight of their date in
    the calendar's zone.

    Raises InputError as ``read_table`` does, for two intervals, and for two different bars of a
    time.
    """
    tables = [
        _read(file, answers, calendar, scratch / str(n), meter) for n, file in enumerate(files)
    ]
    first = tables[0]
    for file, table in zip(files, tables, strict=True):
        if table.interval != first.interval:
            raise InputError(
                f"{files[0].name} has bars of {first.interval} and {file.name} of "
                f"{table.interval}. Compare with bars of one length at a time.",
                file=file.name,
            )
    bars = (
        pl.concat([_named_by_date(table, calendar) for table in tables])
        .unique(maintain_order=True)
        .sort("ts_open")
    )
    twice = bars.filter(pl.col("ts_open").is_duplicated())
    if len(twice):
        raise InputError(
            f"Two of the files have different bars for {twice['ts_open'][0]:%Y-%m-%d %H:%M} UTC. "
            "Give only the file that is right.",
            field="against",
        )
    return OtherBars(
        bars=bars,
        interval=first.interval,
        span=covered(bars, INTERVAL_NS[first.interval]),
        notes=(),
        files=tuple(files),
        left_out=(),
    )


def _read(
    file: Other, answers: Mapping[str, object], calendar: str, scratch: Path, meter: Meter
) -> Table:
    scratch.mkdir(parents=True)
    table = read_table(
        file.path,
        name=file.name,
        answers=answers,
        scratch=scratch,
        calendar=calendar,
        told=lambda rows: meter.tell(
            file.name, consumed=min(rows * _BYTES_A_ROW, file.size_bytes), records=rows
        ),
    )
    meter.tell(file.name, consumed=file.size_bytes, records=len(table.bars))
    return table


def _named_by_date(table: Table, calendar: str) -> pl.DataFrame:
    if not is_daily(table.interval):
        return table.bars
    return name_by_date(table.bars, table.made.tz or zone(calendar), calendar)


def name_by_date(bars: pl.DataFrame, tz: str, calendar: str) -> pl.DataFrame:
    """Name bars of days by the midnight, in the calendar's zone, of their exchange date.

    ``tz`` is the zone of their dates, as in ``exchange_date``: a day stamped with the evening on
    which its session began is that of the session's end.
    """
    return bars.with_columns(
        ts_open=_midnight(exchange_date(pl.col("ts_open"), calendar, tz), calendar)
    )


def as_table(bars: pl.DataFrame, theirs: OtherBars, *, calendar: str) -> pl.DataFrame:
    """Merge a dataset's shorter bars to those of a table: by the clock of the calendar's zone.

    Below a day, bars of the sessions that the table has are cut at the minute past the hour at
    which its own begin. A day has the bars of regular sessions.

    Raises InputError for bars longer than a day.
    """
    if INTERVALS[theirs.interval] > DAY:
        raise InputError(
            f"The files have bars of {theirs.interval}. Compare with bars of a day or shorter.",
            field="against",
        )
    if is_daily(theirs.interval):
        regular = bars.filter(pl.col("session") == "regular")
        dates = exchange_date(pl.col("ts_open"), calendar)
        return merge_at(regular, regular.select(_midnight(dates, calendar)).to_series())
    kept = bars.filter(pl.col("session").is_in(theirs.bars["session"].unique().implode()))
    length, tz = INTERVAL_NS[theirs.interval], zone(calendar)
    phase = theirs.bars.select(_wall(tz)).to_series()[0] % length
    start = ((_wall(tz) - phase) // length * length + phase).cast(pl.Datetime("ns"))
    return merge_at(kept, kept.select(_in_utc(start, tz)).to_series())


def _wall(tz: str) -> pl.Expr:
    """Give the nanoseconds that the clock of a zone shows."""
    local = pl.col("ts_open").dt.convert_time_zone(tz)
    return local.dt.replace_time_zone(None).to_physical()


def _midnight(dates: pl.Expr, calendar: str) -> pl.Expr:
    return _in_utc(dates.cast(pl.Datetime("ns")), zone(calendar))


def _in_utc(wall: pl.Expr, tz: str) -> pl.Expr:
    """Give the UTC time of what a clock shows: of an hour that comes twice the first."""
    zoned = wall.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").cast(UTC_NS)
