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
from hewston.pipeline.parity.readers import Upload, find_zones, place, read_upload
from hewston.pipeline.spec import RunSpec


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """LISTED_TRADES in UTC, the zone that they were read in (None where they need none), notes."""

    trades: pl.DataFrame
    zone: str | None
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Bars:
    """On what lists are put, and what was said of their times.

    ``frame`` is BARS of the interval of ``spec``; ``zone`` and ``date_order`` are None where each
    list's own is to be found.
    """

    frame: pl.DataFrame
    spec: RunSpec
    zone: str | None
    date_order: str | None

    @property
    def candles(self) -> pl.DataFrame:
        """Give them as CANDLES."""
        return self.frame.select(list(schemas.CANDLES))


def read_list(path: Path, bars: Bars) -> Upload:
    """Read a list of trades; its name becomes that of its file.

    Where it does not tell whether days or months come first, it is read in the order in which the
    most fills lie inside their bars; where that does not tell either, as it was said. Raises
    InputError for what cannot be read, is no list, or has an order that must be said.
    """
    try:
        return _read(path, None)
    except InputError as problem:
        if problem.details.get("field") != "date_order":
            raise
        fits = problem.details["allowed"]
        uploads = [_read(path, order) for order in fits] if isinstance(fits, list) else []
        inside = [_count_inside(upload, bars) for upload in uploads]
        best = [one for one, count in zip(uploads, inside, strict=True) if count == max(inside)]
        if len(best) == 1:
            return best[0]
        if bars.date_order is None:
            raise
        return _read(path, bars.date_order)


def _read(path: Path, date_order: str | None) -> Upload:
    upload = read_upload(path, filename=path.name, date_order=date_order)
    if upload.trades is None:
        raise InputError(f"{path.name} holds no trades: it is {upload.layout}.", file=path.name)
    return dataclasses.replace(upload, name=path.name)


def _count_inside(upload: Upload, bars: Bars) -> int:
    """Count the fills of a list that lie inside their bars, in the zone in which most do."""
    try:
        if bars.zone is None and upload.needs_zone and not is_daily(bars.spec.interval):
            offers = find_zones(upload, bars.candles)
        else:
            trades = place_list(upload, bars).trades
            placed = dataclasses.replace(upload, trades=trades, clock="utc")
            offers = find_zones(placed, bars.candles)
    except InputError:  # of a time that the zone's clock skipped: it is another order
        return 0
    return offers[0].inside if offers else 0


def place_list(upload: Upload, bars: Bars) -> Placed:
    """Put a list on bars.

    Raises InputError for a list of another chart's interval, and where the zone must be said.
    """
    spec, zone = bars.spec, bars.zone
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
            zone = choose_zone(upload, bars.candles, name=upload.name)
    bridge = place(upload, zone)
    if bridge.trades is not None:
        trades = bridge.trades
    if is_daily(spec.interval):
        placed = place_dates(
            trades,
            bars.frame["ts_open"],
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
