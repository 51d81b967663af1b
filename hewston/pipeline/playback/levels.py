"""A dataset's bars at every interval that pages offer, made once: a cache that may be deleted.

A level is a folder of its own, named by the bars' content, so it never changes: ``bars.parquet``
(what ``resample`` gives; not there for the dataset's own interval) and ``outline.json``, which
says at which time each page of each session filter begins.
"""

import functools
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline.calendar import start_of_date
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import CHART_INTERVALS, coarser, is_daily
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.playback.columns import read_schedule
from hewston.pipeline.playback.grid import Grid
from hewston.pipeline.resampling import resample
from hewston.pipeline.schemas import BARS
from hewston.pipeline.store import Stamp, Store, publish, read_json, stamp_file, write_json

FORMAT = 2  # part of every level's name: raise it when the same bars give another level
PAGE_ROWS = 2_000
_CHUNK_ROWS = 250_000  # merged at once, so that memory does not grow with the dataset
_ROW_GROUP_ROWS = 16_384  # a page is read from one or two of them


@dataclass(frozen=True, kw_only=True)
class StoredBars:
    """The stored bars of a dataset and what longer bars are made with.

    ``folder`` holds bars.parquet and quality.json; ``interval`` is that of the bars,
    ``calendar`` and ``tz`` are those of their exchange dates.
    """

    root: Path  # the data root
    folder: Path
    bars_sha256: str
    interval: str
    calendar: str
    tz: str

    @property
    def files(self) -> tuple[Path, Path]:
        """What must be there."""
        return self.folder / "bars.parquet", self.folder / "quality.json"

    @property
    def intervals(self) -> list[str]:
        """The intervals a chart may show: its own and the longer ones, shortest first."""
        return chart_intervals(self.interval)

    @property
    def schedule(self) -> pl.DataFrame:
        """The sessions of the dataset (schema SCHEDULE)."""
        return _read_schedule(self.files[1], stamp_file(self.files[1]))

    def place(self, interval: str) -> Path:
        """Folder of a level."""
        return Store(self.root).levels(self.bars_sha256, FORMAT) / interval

    def bars_file(self, interval: str, session: str = "all") -> Path:
        """File of a level's bars, which may not be made yet.

        A day has other bars with every session filter; below a day they are among all bars.
        """
        if interval == self.interval:
            return self.files[0]
        return self.place(interval) / _level_file(interval, session)

    def files_of(self, interval: str, session: str) -> tuple[Path, Path]:
        """What a chart of a level that is made is read from: its bars and its outline."""
        return self.bars_file(interval, session), self.place(interval) / "outline.json"


def chart_intervals(interval: str) -> list[str]:
    """List the intervals at which bars of one can be shown, itself first, shortest to longest."""
    return [name for name in coarser(interval) if name == interval or name in CHART_INTERVALS]


def scan_level(stored: StoredBars, interval: str, session: str = "all") -> pl.LazyFrame:
    """Scan bars (schema BARS) at an interval of ``stored.intervals``; makes the level if absent.

    They are those that ``resample`` makes of the stored bars of a session filter.
    """
    make_levels(stored, [interval])
    bars = pl.scan_parquet(stored.bars_file(interval, session)).select(list(BARS))
    return bars.filter(_is_shown(interval, session))


def read_outline(stored: StoredBars, interval: str) -> Mapping[str, Any]:
    """Read a level's outline; makes the level if absent.

    For each session filter: rows, starts (ns UTC of the first bar of each page), reached (bars
    that should have been before each page, by the grid of regular sessions), and the first bar's
    open and the last bar's time and close (null when there are none). For all: grid (the bars that
    regular sessions would have), present (those they have), empty (columns without any value).
    """
    make_levels(stored, [interval])
    path = stored.place(interval) / "outline.json"
    return _read_outline(path, stamp_file(path))


def make_levels(stored: StoredBars, intervals: Iterable[str]) -> None:
    """Make those levels that are not there; several may do it at once, and one of them wins.

    Raises InputError for an interval that the bars cannot be merged to.
    """
    for interval in intervals:
        if interval not in stored.intervals:
            raise InputError(
                f"Bars of {stored.interval} cannot be shown as bars of {interval}.",
                field="interval",
                allowed=stored.intervals,
            )
        if not has_level(stored, interval):
            _make_level(stored, interval)


def has_level(stored: StoredBars, interval: str) -> bool:
    """Tell whether a level is made: what it holds is then read in no time."""
    return (stored.place(interval) / "outline.json").exists()


def make_level(*, stored: StoredBars, interval: str, **_told: object) -> None:
    """Make one level, in a child that has no progress to tell."""
    make_levels(stored, [interval])


def make_all_levels(*, stored: StoredBars, **_told: object) -> None:
    """Make every level, in a child that has no progress to tell."""
    make_levels(stored, stored.intervals)


def forget() -> None:
    """Forget what was read, as if the process had just begun."""
    _read_outline.cache_clear()
    _read_schedule.cache_clear()


def _make_level(stored: StoredBars, interval: str) -> None:
    name = f"level-{stored.bars_sha256[:12]}-{interval}-{os.getpid()}-{threading.get_ident()}"
    with Store(stored.root).staging(name) as folder:
        staged = folder / interval
        staged.mkdir()
        files = {session: stored.bars_file(interval, session) for session in SESSION_FILTERS}
        if interval != stored.interval:
            files = {session: staged / file.name for session, file in files.items()}
            for session, file in files.items():
                if not file.exists():
                    _write_level(stored, interval, session, file)
        write_json(staged / "outline.json", _outline(files, interval, stored.schedule))
        publish(staged, stored.place(interval))


def _level_file(interval: str, session: str) -> str:
    return f"bars-{session}.parquet" if is_daily(interval) else "bars.parquet"


def _is_shown(interval: str, session: str) -> pl.Expr:
    """Tell which bars of a level's file a session filter shows: those of days are all meant."""
    if is_daily(interval):
        return pl.lit(value=True)
    return pl.col("session").is_in(SESSION_FILTERS[session])


def _write_level(stored: StoredBars, interval: str, session: str, file: Path) -> None:
    bars = pl.scan_parquet(stored.bars_file(stored.interval)).select(list(BARS))
    if is_daily(interval):
        bars = bars.filter(_is_shown(stored.interval, session))
    _merge(bars, stored, interval).write_parquet(
        file, compression="zstd", row_group_size=_ROW_GROUP_ROWS, statistics=True
    )


def _merge(bars: pl.LazyFrame, stored: StoredBars, interval: str) -> pl.DataFrame:
    """Merge bars, some sessions after the others: no longer bar spans two of the parts."""
    schedule = stored.schedule
    times = bars.select("ts_open").collect().to_series()
    edges = [0]
    for row in times.search_sorted(_cuts(stored, interval)).to_list():
        if row < len(times) and row - edges[-1] >= _CHUNK_ROWS:
            edges.append(row)
    starts = times.gather(edges) if len(times) else times
    return pl.concat(
        resample(
            bars.filter(_is_between(starts, number)).collect(),
            interval,
            schedule=schedule,
            calendar=stored.calendar,
            tz=stored.tz,
            stored=stored.interval,
        )
        for number in range(max(1, len(starts)))
    ).rechunk()


def _is_between(starts: pl.Series, number: int) -> pl.Expr:
    """Tell what is in a part: by times, by which most of the file is not read at all."""
    is_after = pl.lit(value=True) if number == 0 else pl.col("ts_open") >= starts[number]
    is_last = number + 1 >= len(starts)
    return is_after if is_last else is_after & (pl.col("ts_open") < starts[number + 1])


def _cuts(stored: StoredBars, interval: str) -> pl.Series:
    """Give times, in order, at which a bar of the interval always starts anew."""
    schedule = stored.schedule
    if not is_daily(interval):
        return schedule["pre_open"]
    period = pl.col("date").dt.truncate(interval)
    dates = schedule.filter(period.ne_missing(period.shift())).select(period).to_series()
    return start_of_date(dates, stored.calendar, stored.tz)


def _outline(files: Mapping[str, Path], interval: str, schedule: pl.DataFrame) -> dict[str, object]:
    """Describe the bars in a level's files, by session filter."""
    known = pl.scan_parquet(files["all"]).select(pl.col("volume", "spread_mean").count()).collect()
    grid = Grid(schedule, interval)
    outline: dict[str, object] = {}
    present = 0
    for session, file in files.items():
        bars = pl.scan_parquet(file).select("ts_open", "open", "close", "session").collect()
        position = grid.positions(bars["ts_open"], bars["session"])
        present = max(present, position.n_unique() - bool(position.null_count()))
        before = position.shift().fill_null(strategy="forward").fill_null(-1) + 1
        shown = bars.with_columns(before=before).filter(_is_shown(interval, session))
        outline[session] = _outline_session(shown)
    return outline | {
        "grid": grid.size,
        "present": present,
        "empty": [name for name in known.columns if not known[name][0]],
    }


def _outline_session(bars: pl.DataFrame) -> dict[str, object]:
    pages = bars.gather_every(PAGE_ROWS)
    last = bars.tail(1)
    return {
        "rows": bars.height,
        "starts": pages["ts_open"].cast(pl.Int64).to_list(),
        "reached": pages["before"].to_list(),
        "open": next(iter(pages["open"].to_list()), None),
        "close": next(iter(last["close"].to_list()), None),
        "last": next(iter(last["ts_open"].cast(pl.Int64).to_list()), None),
    }


@functools.lru_cache(maxsize=16)
def _read_outline(path: Path, stamp: Stamp) -> Mapping[str, Any]:
    del stamp  # a file that took its place is read anew
    return read_json(path)


@functools.lru_cache(maxsize=8)
def _read_schedule(quality_file: Path, stamp: Stamp) -> pl.DataFrame:
    del stamp
    return read_schedule(quality_file)
