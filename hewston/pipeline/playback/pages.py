"""A dataset's chart, page by page: what is on the screen is read, however much there is."""

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import DAY, INTERVALS
from hewston.pipeline.playback.columns import BAR_COLUMNS, bar_columns, encode_columns, seconds
from hewston.pipeline.playback.grid import Grid
from hewston.pipeline.playback.levels import PAGE_ROWS, StoredBars, read_outline, scan_level
from hewston.pipeline.schemas import UTC_NS


def encode_outline(stored: StoredBars, interval: str, session: str) -> bytes:
    """Encode what a chart has to know of all bars before it reads some of them.

    Columns: starts (s since 1970, UTC, of the first bar of each page). ``about``: rows, page_rows,
    open of the first bar and close of the last (null without bars), last (s, its time), and of
    the regular sessions: missing bars, and sizes: for each interval how many bars they would have,
    also of weeks and months; empty: columns without any value.
    """
    level = read_outline(stored, interval)
    outline = level[session]
    about = {
        "rows": outline["rows"],
        "page_rows": PAGE_ROWS,
        "open": outline["open"],
        "close": outline["close"],
        "last": None if outline["last"] is None else outline["last"] / 1e9,
        "missing": level["grid"] - level["present"],
        "empty": [name.removesuffix("_mean") for name in level["empty"]],
        "sizes": {name: _count(stored.schedule, name) for name in stored.intervals},
    }
    return encode_columns({"starts": seconds(_times(outline["starts"]))}, about=about)


def count_pages(stored: StoredBars, interval: str, session: str) -> int:
    """Count the pages of a session filter's bars; none when there are no bars."""
    return len(read_outline(stored, interval)[session]["starts"])


def encode_page(stored: StoredBars, interval: str, session: str, number: int) -> bytes:
    """Encode page ``number``, counted from 0, of the bars of a session filter.

    Columns: time (s since 1970, UTC), open, high, low, close, volume, spread (price units),
    session (0 pre, 1 regular, 2 post, 3 closed); and of the gaps in regular sessions: gap_row (the
    page's row after the gap), gap_from, gap_to (s, exclusive), gap_missing (bars).

    Raises InputError when there is no such page.
    """
    outline = read_outline(stored, interval)[session]
    starts = outline["starts"]
    if not 0 <= number < len(starts):
        raise InputError(f"There is no page {number} of {len(starts)}.", field="page")
    is_last = number == len(starts) - 1
    ts = pl.col("ts_open")
    bars = scan_level(stored, interval, session).filter(
        ts >= _times(starts[number : number + 1])[0],
        pl.lit(value=True) if is_last else ts < _times(starts[number + 1 : number + 2])[0],
    )
    frame = bars.select(BAR_COLUMNS).collect()
    gaps = Grid(stored.schedule, interval).gaps(
        frame["ts_open"], frame["session"], reached=outline["reached"][number], end=is_last
    )
    marks = {
        "gap_row": gaps["row"],
        "gap_from": seconds(gaps["from"]),
        "gap_to": seconds(gaps["to"]),
        "gap_missing": gaps["missing"],
    }
    return encode_columns(bar_columns(frame) | marks)


def _count(schedule: pl.DataFrame, interval: str) -> int:
    """Count the bars of an interval that sessions would have."""
    if INTERVALS[interval] > DAY:
        return schedule["date"].dt.truncate(interval).n_unique()
    return Grid(schedule, interval).size


def _times(nanoseconds: list[int]) -> pl.Series:
    return pl.Series(nanoseconds, dtype=UTC_NS)
