"""Times of an upload as those of UTC, by the zone that somebody said."""

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers.upload import Bridge, Upload
from hewston.pipeline.schemas import UTC_NS
from hewston.pipeline.sources.tables.zones import Zone, localize, read_zone


def place(upload: Upload, zone: str | None = None) -> Bridge:
    """Give an upload with times in UTC.

    ``zone`` is an IANA name, UTC or a fixed offset such as +08:00; it is needed where the file
    says none, and left out of account where it does. Dates alone have no zone: they are given as
    midnights of UTC, and ``parity.dates`` finds their bars. An hour that comes twice when clocks
    are set back is the first, unless the trade's entry shows that it must be the second.

    Raises InputError with the field ``zone`` where it is missing, not known, or has no such time.
    """
    if upload.needs_zone and not (zone and zone.strip()):
        raise InputError(
            f"The times of {upload.name} name no zone. Say in which zone the chart was, such as "
            "America/New_York, UTC or +08:00.",
            field="zone",
        )
    chosen = Zone(name="UTC", iana="UTC")
    if upload.needs_zone and zone:
        chosen = _read(zone)
    return Bridge(
        name=upload.name,
        symbol=upload.symbol,
        timeframe=upload.timeframe,
        candles=_place_bars(upload.candles, chosen),
        series=_place_bars(upload.series, chosen),
        trades=place_trades(upload.trades, chosen) if upload.trades is not None else None,
        decimals=upload.decimals,
        properties=upload.properties,
        source_code=upload.source_code,
        notes=upload.notes,
        zone=chosen.name,
        dates_only=upload.clock == "date",
    )


def _read(zone: str) -> Zone:
    try:
        return read_zone(zone)
    except InputError as problem:
        raise InputError(
            f"{zone[:60]!r} is no zone that is known. Use a name such as America/New_York, UTC, or "
            "an offset such as +08:00.",
            field="zone",
        ) from problem


def _place_bars(frame: pl.DataFrame | None, zone: Zone) -> pl.DataFrame | None:
    if frame is None or frame.schema["ts_open"] == UTC_NS:
        return frame
    placed = localize(frame["ts_open"], zone)
    _refuse_skipped(frame["ts_open"], placed.skipped, zone)
    return frame.with_columns(placed.utc.alias("ts_open")).sort("ts_open")


def place_trades(trades: pl.DataFrame, zone: Zone) -> pl.DataFrame:
    """Give LISTED_TRADES whose times are a zone's with times in UTC."""
    if trades.schema["entry_ts"] == UTC_NS:
        return trades
    first = {name: _first(trades[name], zone) for name in ("entry_ts", "exit_ts")}
    last = trades["exit_ts"].dt.replace_time_zone(
        zone.iana, ambiguous="latest", non_existent="null"
    )
    last = last.dt.convert_time_zone("UTC").cast(UTC_NS)
    is_back = (first["exit_ts"] < first["entry_ts"]) & (last >= first["entry_ts"])
    ends = last.zip_with(is_back.fill_null(value=False), first["exit_ts"])
    return trades.with_columns(first["entry_ts"].alias("entry_ts"), ends.alias("exit_ts"))


def _first(times: pl.Series, zone: Zone) -> pl.Series:
    placed = times.dt.replace_time_zone(zone.iana, ambiguous="earliest", non_existent="null")
    _refuse_skipped(times, placed.is_null() & times.is_not_null(), zone)
    return placed.dt.convert_time_zone("UTC").cast(UTC_NS)


def _refuse_skipped(times: pl.Series, skipped: pl.Series, zone: Zone) -> None:
    if skipped.any():
        when = times.filter(skipped)[0]
        raise InputError(
            f"The time {when:%Y-%m-%d %H:%M} was not there in {zone.name}, where clocks went "
            "forward. The chart was in another zone.",
            field="zone",
        )
