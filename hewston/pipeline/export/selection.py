"""Which bars of a revision are wanted, and at what length."""

import dataclasses
import datetime as dt
from pathlib import Path

import polars as pl

from hewston.pipeline.calendar import exchange_date
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.playback import read_schedule
from hewston.pipeline.resampling import resample
from hewston.pipeline.spec import canonical_json, sha256_text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Selection:
    """Bars of one revision.

    ``folder`` is the revision's, ``stored`` the interval of its bars. ``first`` and ``last`` are
    exchange dates, both inclusive, None where it is open; ``session`` is a name of
    SESSION_FILTERS. ``start`` and ``count`` cut the bars that are left, by row.
    """

    folder: Path
    stored: str
    calendar: str
    tz: str
    interval: str
    session: str
    first: dt.date | None = None
    last: dt.date | None = None
    start: int = 0
    count: int | None = None

    @property
    def files(self) -> list[Path]:
        """What is read."""
        return [self.folder / "bars.parquet", self.folder / "quality.json"]

    @property
    def digest(self) -> str:
        """Name what is wanted: a folder is named by its bars."""
        said = {name: str(value) for name, value in dataclasses.asdict(self).items()}
        return sha256_text(canonical_json(said | {"folder": self.folder.name}))


def read_bars(selection: Selection) -> pl.DataFrame:
    """Read the bars of a session between two exchange dates, and merge them to an interval.

    Returns BARS; ``start`` and ``count`` are left to the caller, who may want to know how many
    there are.
    """
    bars_file, quality_file = selection.files
    bars = pl.scan_parquet(bars_file).filter(
        pl.col("session").is_in(SESSION_FILTERS[selection.session])
    )
    if selection.first or selection.last:
        days = exchange_date(pl.col("ts_open"), selection.calendar, selection.tz)
        first, last = selection.first or dt.date.min, selection.last or dt.date.max
        bars = bars.filter(days.is_between(first, last))
    schedule = read_schedule(quality_file)
    return resample(
        bars.collect(),
        selection.interval,
        schedule=schedule,
        calendar=selection.calendar,
        tz=selection.tz,
        stored=selection.stored,
    )
