"""How fast a chart gets what it shows of ten years of minutes."""

import datetime as dt
import gzip
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.rows import Row
from hewston.pipeline import artifacts, calendar, schemas, store
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.playback import StoredBars, levels, pages

ANSWER_MS = 100.0
ROWS = 2_500_000
_EDGES = ("pre_open", "open", "close", "post_close")
_FIRST = dt.date(2014, 1, 1)
_KEPT = 0.995  # of all minutes; the others are gaps
_PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)


def measure() -> list[Row]:
    """Ask for every interval, session and place of two datasets: one never closes, one does."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            row
            for name, code in (("24/7", "24/7"), ("XNYS with its extended hours", "XNYS"))
            for row in _measure(Path(folder) / code[:2], name, code)
        ]


def _measure(root: Path, name: str, code: str) -> list[Row]:
    stored, rows = _store(root, code)
    start = time.perf_counter()
    levels.make_levels(stored, stored.intervals)
    made = time.perf_counter() - start
    cold: dict[str, float] = {}
    warm: dict[str, float] = {}
    for interval in stored.intervals:
        for session in SESSION_FILTERS:
            count = pages.count_pages(stored, interval, session)
            for number in sorted({round(place * (count - 1)) for place in _PLACES}):
                where = f"{interval} {session} {number}"
                levels.forget()
                cold[where] = _time(stored, interval, session, number)
                warm[where] = _time(stored, interval, session, number)
    return [
        *(
            Row(
                name=f"any range of {rows / 1e6:.1f} M bars, {name}, {how}, the slowest",
                target=f"<= {ANSWER_MS:g} ms",
                measured=_describe(times),
                met=max(times.values()) <= ANSWER_MS,
            )
            for how, times in (("first time", cold), ("then", warm))
        ),
        Row(
            name="  its levels, made once when it came in",
            target="-",
            measured=f"{made:.1f} s",
            met=True,
        ),
    ]


def _answer(stored: StoredBars, interval: str, session: str, number: int) -> None:
    """Make both answers as the server does."""
    gzip.compress(pages.encode_outline(stored, interval, session), 1)
    gzip.compress(pages.encode_page(stored, interval, session, number), 1)


def _time(stored: StoredBars, interval: str, session: str, number: int) -> float:
    start = time.perf_counter()
    _answer(stored, interval, session, number)
    return (time.perf_counter() - start) * 1000


def _describe(times: dict[str, float]) -> str:
    slowest = max(times, key=times.__getitem__)
    middle = statistics.median(times.values())
    return f"{times[slowest]:.0f} ms ({slowest}), median {middle:.0f}"


def _store(root: Path, code: str) -> tuple[StoredBars, int]:
    """Store a random walk of minutes as a revision's folder holds it."""
    days = calendar.schedule(code, _FIRST, _FIRST.replace(year=_FIRST.year + 11))
    minutes = days.select(
        pl.datetime_ranges(
            "pre_open", "post_close", interval="1m", closed="left", time_unit="ns"
        ).alias("ts_open")
    ).explode("ts_open")["ts_open"]
    chance = np.random.default_rng(1)
    ts = minutes.filter(pl.Series(chance.random(len(minutes)) < _KEPT)).head(ROWS)
    rows = len(ts)
    days = days.filter(pl.col("open") <= ts[-1])
    close = np.round(300 + np.cumsum(chance.integers(-3, 4, rows)) * 0.01, 2)
    opened = np.concatenate((close[:1], close[:-1]))
    volume = chance.integers(1, 1000, rows).astype(float)
    bars = pl.DataFrame(
        {
            "ts_open": ts,
            "open": opened,
            "high": np.maximum(opened, close) + 0.02,
            "low": np.minimum(opened, close) - 0.02,
            "close": close,
            "volume": volume,
            "trade_count": pl.Series(chance.integers(1, 90, rows), dtype=pl.UInt32),
            "vwap": close,
            "buy_volume": volume / 2,
            "sell_volume": volume / 2,
            "bid_mean": close - 0.01,
            "ask_mean": close + 0.01,
            "spread_mean": np.full(rows, 0.02),
            "bid_open": opened - 0.01,
            "ask_open": opened + 0.01,
            "bid_close": close - 0.01,
            "ask_close": close + 0.01,
            "session": calendar.label(ts, days),
        }
    ).match_to_schema(pl.Schema(schemas.BARS))
    folder = root / "dataset"
    folder.mkdir(parents=True)
    artifacts.write_frame(bars, folder / "bars.parquet")
    sessions = [
        {"date": str(day["date"]), **{edge: day[edge].isoformat() for edge in _EDGES}}
        for day in days.to_dicts()
    ]
    store.write_json(folder / "quality.json", {"sessions": sessions})
    return (
        StoredBars(
            root=root,
            folder=folder,
            bars_sha256=store.sha256_file(folder / "bars.parquet"),
            interval="1m",
            calendar=code,
            tz=calendar.zone(code),
        ),
        rows,
    )
