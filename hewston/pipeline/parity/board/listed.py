"""A pair's list of trades, put on the bars of its run."""

import dataclasses
from pathlib import Path

import polars as pl

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline import schemas
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import is_daily
from hewston.pipeline.parity.board.zones import choose_zone
from hewston.pipeline.parity.dates import are_midnights, check_interval, place_dates
from hewston.pipeline.parity.readers import Upload, place, read_upload
from hewston.pipeline.spec import RunSpec


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """LISTED_TRADES in UTC, the zone that they were read in (None where they need none), notes."""

    trades: pl.DataFrame
    zone: str | None
    notes: tuple[str, ...]


def read_list(path: Path) -> Upload:
    """Read a list of trades. Raises InputError for what cannot be read, and for what is none."""
    upload = read_upload(path, filename=path.name)
    if upload.trades is None:
        raise InputError(f"{path.name} holds no trades: it is {upload.layout}.", file=path.name)
    return dataclasses.replace(upload, name=path.name)


def place_list(upload: Upload, *, frame: pl.DataFrame, spec: RunSpec, zone: str | None) -> Placed:
    """Put a list on bars.

    ``frame`` is BARS of the run's interval, ``zone`` that of the list's times; None where it is to
    be found. Raises InputError for a list of another chart's interval, and where the zone must be
    said.
    """
    trades = pl.DataFrame(schema=schemas.LISTED_TRADES) if upload.trades is None else upload.trades
    if is_daily(spec.interval) and upload.needs_zone and are_midnights(trades):
        upload = dataclasses.replace(upload, clock="date")  # as older lists write dates
    dates_only = upload.clock == "date"
    check_interval(
        trades,
        interval=spec.interval,
        dates_only=dates_only,
        name=upload.name,
        timeframe=upload.timeframe,
    )
    notes: tuple[str, ...] = ()
    if zone is None and upload.needs_zone:
        if is_daily(spec.interval):
            zone = exchange_calendar.zone(spec.calendar)
            notes = (f"Its times of day are read as those of {zone}, the zone of its exchange.",)
        else:
            zone = choose_zone(upload, frame.select(list(schemas.CANDLES)), name=upload.name)
    bridge = place(upload, zone)
    if bridge.trades is not None:
        trades = bridge.trades
    if is_daily(spec.interval):
        placed = place_dates(
            trades,
            frame["ts_open"],
            interval=spec.interval,
            calendar=spec.calendar,
            tz=spec.tz,
            dates_only=dates_only,
        )
        trades, notes = placed.trades, (*notes, *placed.notes)
    return Placed(
        trades=trades,
        zone=bridge.zone if upload.needs_zone else None,
        notes=(*upload.warnings, *notes),
    )
