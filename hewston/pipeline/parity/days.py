"""Pine's side put on the bars of days, weeks and months that Python's has."""

import dataclasses

import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS, is_daily
from hewston.pipeline.parity.dates import check_interval, place_dates
from hewston.pipeline.parity.side import Side

_NAMES = {length: name for name, length in INTERVAL_NS.items()}


def place_days(pine: Side, python: Side) -> tuple[Side, list[str]]:
    """Put the bars and trades of a chart of days on the bars of the same exchange dates.

    Sides of shorter bars, and those whose exchange is not known, stay as they are. Also gives in
    sentences what was odd. Raises InputError (field ``interval``) for a list of another chart.
    """
    interval = None if python.interval_ns is None else _NAMES.get(python.interval_ns)
    if interval is None or python.calendar is None:
        return pine, []
    if pine.trades is not None and pine.candles is None and pine.series is None:
        facts = pine.facts["artifacts"][0]
        check_interval(
            pine.trades,
            interval=interval,
            dates_only=pine.dates_only,
            name=facts["name"],
            timeframe=facts["interval"],
        )
    if not is_daily(interval) or not len(python.times):
        return pine, []
    starts = pl.Series("ts_open", python.times).cast(pl.Datetime("ns", "UTC"))
    notes: list[str] = []

    def put(
        frame: pl.DataFrame | None, begin: str, end: str | None, *, dates: bool
    ) -> pl.DataFrame | None:
        if frame is None or frame.is_empty():
            return frame
        ends = pl.lit(None, frame.schema[begin]) if end is None else pl.col(end)
        placed = place_dates(
            frame.select(entry_ts=begin, exit_ts=ends),
            starts,
            interval=interval,
            calendar=python.calendar or "",
            tz=python.tz,
            dates_only=dates,
        )
        notes.extend(note for note in placed.notes if note not in notes)
        found = {begin: placed.trades["entry_ts"]}
        if end is not None:
            found[end] = placed.trades["exit_ts"]
        return frame.with_columns(**found)

    return (
        dataclasses.replace(
            pine,
            candles=put(pine.candles, "ts_open", None, dates=False),
            series=put(pine.series, "ts_open", None, dates=False),
            trades=put(pine.trades, "entry_ts", "exit_ts", dates=pine.dates_only),
        ),
        notes,
    )
