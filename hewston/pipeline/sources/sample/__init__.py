"""A made-up year of a made-up stock, written as real DBN files.

The files say XNAS.ITCH because DBN names no exchange that does not exist; no trade in them
ever happened.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from hewston.pipeline import calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.records import TBBO_DTYPE
from hewston.pipeline.sources.sample.files import INSTRUMENT_IDS, SYMBOL, VENDOR_DATASET, Writer
from hewston.pipeline.sources.sample.tape import Day, make_sessions

__all__ = ["CALENDAR", "SYMBOL", "VENDOR_DATASET", "YEARS", "write_sample"]

CALENDAR = "XNAS"
YEARS = range(1990, 2101)

_MINUTE_NS = 60_000_000_000
_LONG_SESSION_MINUTES = 360


def write_sample(
    folder: Path,
    *,
    year: int = 2023,
    progress: Callable[[Mapping[str, object]], None] = lambda _progress: None,
) -> list[Path]:
    """Write the sample year: a definition file, then one TRADES and one TBBO file a month.

    The folder is made when absent. The files together cover 1 January to 31 December (UTC);
    a record lies in the file of the UTC month in which it was received. About 1.1 million
    records of each schema; memory does not grow with the number of months. The same year gives
    the same bytes. ``progress`` is told {file, day, records, share} after each month; what it
    raises ends the writing.

    Raises InputError for a year outside ``YEARS``.
    """
    if year not in YEARS:
        raise InputError(
            f"The sample cannot be made for {year}. Give a year from {YEARS[0]} to {YEARS[-1]}.",
            field="year",
            allowed=f"{YEARS[0]} to {YEARS[-1]}",
        )
    folder.mkdir(parents=True, exist_ok=True)
    sessions = calendar.schedule(CALENDAR, dt.date(year, 1, 1), dt.date(year, 12, 31))
    renamed = sessions.filter(pl.col("date") >= dt.date(year, 6, 16))["date"][0]
    firsts = [dt.date(year, month, 1) for month in range(1, 13)] + [dt.date(year + 1, 1, 1)]
    writer = Writer(folder, renamed=renamed)
    paths = [writer.write_definitions(sessions, firsts[0], firsts[-1])]
    made = make_sessions(_days(sessions, renamed), year)
    left = np.empty(0, TBBO_DTYPE)
    written = 0
    for first, end in itertools.pairwise(firsts):
        number = sessions.filter(pl.col("date").dt.month() == first.month).height
        quotes = np.concatenate([left, *itertools.islice(made, number)])
        # In winter the evening's last prints are of the next UTC day, which may be next month's.
        boundary = np.datetime64(end, "ns").astype(np.uint64)
        quotes, left = np.split(quotes, [np.searchsorted(quotes["ts_recv"], boundary)])
        paths += writer.write_month(quotes, first, end)
        written += 2 * len(quotes)
        progress(
            {
                "file": paths[-1].name,
                "day": (end - dt.timedelta(days=1)).isoformat(),
                "records": written,
                "share": first.month / 12,
            }
        )
    return paths


def _days(sessions: pl.DataFrame, renamed: dt.date) -> list[Day]:
    """Describe the sessions to make; a long one in spring has the halt."""
    edges = sessions.select(pl.col(calendar.EDGES).cast(pl.Int64)).rows()
    halted = next(
        number
        for number, (_, opens, close, _) in enumerate(edges)
        if number >= len(edges) // 3 and close - opens >= _LONG_SESSION_MINUTES * _MINUTE_NS
    )
    return [
        Day(
            start=pre_open,
            opens=(opens - pre_open) // _MINUTE_NS,
            closes=(close - pre_open) // _MINUTE_NS,
            ends=(post_close - pre_open) // _MINUTE_NS,
            halted=number == halted,
            instrument_id=INSTRUMENT_IDS[date >= renamed],
        )
        for number, (date, (pre_open, opens, close, post_close)) in enumerate(
            zip(sessions["date"], edges, strict=True)
        )
    ]
