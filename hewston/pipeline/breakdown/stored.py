"""What a run's page needs of its bars, made once and small: a cache that may be deleted."""

import dataclasses
import functools
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from hewston.pipeline.artifacts import MANIFEST_FILE, frame_file, read_frame, write_frame
from hewston.pipeline.breakdown.curve import thin_curve
from hewston.pipeline.breakdown.days import summarise_days
from hewston.pipeline.breakdown.drawdowns import Drawdown, find_drawdowns
from hewston.pipeline.breakdown.rolling import roll
from hewston.pipeline.breakdown.trades import place_trades
from hewston.pipeline.errors import InputError
from hewston.pipeline.playback import read_schedule
from hewston.pipeline.schemas import UTC_NS, Schema
from hewston.pipeline.store import (
    Stamp,
    Store,
    publish,
    read_json,
    sha256_file,
    stamp_file,
    write_json,
)

FORMAT = 2  # part of every name: raise it when the same run gives another breakdown

_DIGESTS = "digests.json"  # of the frames beside it: what was changed since is made again
_BREAKDOWN = ("days", "curve", "drawdowns", "about")

_DRAWDOWNS: Schema = {
    "start_bar": pl.UInt32,
    "trough_bar": pl.UInt32,
    "recovery_bar": pl.UInt32,
    "start": UTC_NS,
    "trough": UTC_NS,
    "recovery": UTC_NS,
    "depth": pl.Float64,
    "bars": pl.UInt32,
    "days": pl.Float64,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A finished run's folder, and what its breakdown is made with."""

    root: Path  # the data root
    folder: Path
    dataset: Path  # folder of the dataset's revision
    bars_sha256: str
    starting_cash: float
    calendar: str
    tz: str

    @property
    def place(self) -> Path:
        """Folder of what was made of its equity, if it was; another equity has another name.

        Raises InputError where the run's manifest is not there.
        """
        return self._place("equity")

    @property
    def places(self) -> Path:
        """Likewise of its trades at its equity's bars."""
        return self._place("trades", "equity")

    def _place(self, *frames: str) -> Path:
        hashes = read_json(self.folder / MANIFEST_FILE)["output_hashes"]
        name = "-".join([self.folder.name, frames[0], *(hashes[frame][:16] for frame in frames)])
        return Store(self.root).breakdowns(self.bars_sha256, FORMAT) / name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Breakdown:
    """A run over time: DAYS with ``sharpe`` and ``volatility`` of ``roll``, CURVE, drawdowns."""

    days: pl.DataFrame
    curve: pl.DataFrame
    drawdowns: tuple[Drawdown, ...]
    bars: int


def read_breakdown(stored: StoredRun) -> Breakdown:
    """Read a run's breakdown; makes it where it is absent, or was changed."""
    place = stored.place
    _ensure(stored, place, _BREAKDOWN, _make_breakdown)
    return _read(place, stored.calendar)


def read_places(stored: StoredRun) -> pl.DataFrame:
    """Read where a run's trades are: PLACES, in the order of its trades; makes it likewise."""
    place = stored.places
    _ensure(stored, place, ["places"], _make_places)
    return pl.read_parquet(place / frame_file("places"))


def read_trades(stored: StoredRun) -> pl.DataFrame:
    """Read a run's trades, each with its place: PLACED_TRADES."""
    return read_frame(stored.folder, "trades").hstack(read_places(stored))


def make_breakdown(*, stored: StoredRun, **_told: object) -> None:
    """Make all of it, if it is not there, in a child that has no progress to tell."""
    read_breakdown(stored)
    read_places(stored)


def _ensure(
    stored: StoredRun, place: Path, frames: Sequence[str], make: Callable[[StoredRun], None]
) -> None:
    """Have frames in place that are as they were made."""
    was_there = place.exists()
    if not _is_whole(place, frames):
        if was_there:  # else another process may have put it there meanwhile
            shutil.rmtree(place, ignore_errors=True)
        make(stored)


def _is_whole(place: Path, frames: Sequence[str]) -> bool:
    try:
        digests = read_json(place / _DIGESTS)
        files = [place / frame_file(name) for name in frames]
        return all(_hash(path, stamp_file(path)) == digests[path.name] for path in files)
    except (InputError, OSError, LookupError, TypeError):
        return False


@functools.lru_cache(maxsize=256)
def _hash(path: Path, stamp: Stamp) -> str:
    del stamp  # a file that took its place is hashed anew
    return sha256_file(path)


def _make_breakdown(stored: StoredRun) -> None:
    equity = read_frame(stored.folder, "equity")
    drawdowns = find_drawdowns(equity)
    marks = [bar for one in drawdowns for bar in (one.start_bar, one.trough_bar, one.recovery_bar)]
    marked = [bar for bar in marks if bar is not None]
    days = summarise_days(
        equity, starting_cash=stored.starting_cash, calendar=stored.calendar, tz=stored.tz
    )
    frames = {
        "days": days,
        "curve": thin_curve(equity, starting_cash=stored.starting_cash, also=marked),
        "drawdowns": pl.DataFrame([dataclasses.asdict(one) for one in drawdowns], _DRAWDOWNS),
        "about": pl.DataFrame({"bars": [equity.height]}),
    }
    _keep(stored, frames, stored.place)


def _make_places(stored: StoredRun) -> None:
    trades = read_frame(stored.folder, "trades")
    starts = pl.read_parquet(stored.folder / frame_file("equity"), columns=["ts_open"]).to_series()
    schedule = read_schedule(stored.dataset / "quality.json")
    places = place_trades(trades, starts, schedule, calendar=stored.calendar, tz=stored.tz)
    _keep(stored, {"places": places}, stored.places)


def _keep(stored: StoredRun, frames: Mapping[str, pl.DataFrame], place: Path) -> None:
    """Put frames in place; several may do so at once, and one of them wins."""
    name = f"breakdown-{place.name}-{os.getpid()}-{threading.get_ident()}"
    with Store(stored.root).staging(name) as folder:
        staged = folder / "made"
        staged.mkdir()
        for frame, made in frames.items():
            write_frame(made, staged / frame_file(frame))
        files = sorted(staged.iterdir())
        write_json(staged / _DIGESTS, {path.name: sha256_file(path) for path in files})
        publish(staged, place)


@functools.lru_cache(maxsize=16)
def _read(place: Path, calendar: str) -> Breakdown:
    days, curve, drawdowns, about = (
        pl.read_parquet(place / frame_file(name)) for name in _BREAKDOWN
    )
    return Breakdown(
        days=days.hstack(roll(days["return"], calendar=calendar)),
        curve=curve,
        drawdowns=tuple(Drawdown(**row) for row in drawdowns.to_dicts()),
        bars=about["bars"][0],
    )


def forget() -> None:
    """Forget what was read, as if the process had just begun."""
    _read.cache_clear()
    _hash.cache_clear()
