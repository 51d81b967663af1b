"""Bars of 15 minutes, without chance, as datasets: ten years of them, and days of evenings."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from apps.datasets.models import Dataset, Revision
from apps.permissions.models import User
from hewston.pipeline import artifacts, calendar, schemas, store
from hewston.pipeline.spec import Instrument

LONG_ID = "LONG-20140102-20231229-15m"
FIRST, LAST = dt.date(2014, 1, 2), dt.date(2023, 12, 29)
EVENINGS_ID = "EVEN-20231030-20231110-15m"
LOST = dt.date(2018, 6, 20)  # a session without bars
EDGES = ("pre_open", "open", "close", "post_close")


def make_long_bars(days: pl.DataFrame) -> pl.DataFrame:
    """Regular bars; the third of each session is missing, and no quote is known."""
    minutes = days.filter(pl.col("date") != LOST).select(
        pl.datetime_ranges("open", "close", interval="15m", closed="left", time_unit="ns").alias(
            "ts_open"
        )
    )
    ts = minutes.with_columns(
        pl.concat_list(pl.col("ts_open").list.head(2), pl.col("ts_open").list.slice(3))
    ).explode("ts_open")["ts_open"]
    close = np.round(100 + 30 * np.sin(np.arange(len(ts)) / 9000), 2)
    volume = np.full(len(ts), 1000.0)
    known = {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": volume}
    return pl.DataFrame({"ts_open": ts, **known, "session": calendar.label(ts, days)}).select(
        pl.col(name) if name in {"ts_open", "session", *known} else pl.lit(None, kind).alias(name)
        for name, kind in schemas.BARS.items()
    )


def add_long_dataset(root: Path, owner: User) -> Dataset:
    """Add ten years of New York sessions."""
    return _add_dataset(root, owner, LONG_ID, code="XNYS", first=FIRST, last=LAST)


def add_evenings_dataset(root: Path, owner: User) -> Dataset:
    """Add two weeks of foreign exchange, whose days begin at 17:00 in New York."""
    first, last = dt.date(2023, 10, 30), dt.date(2023, 11, 10)
    return _add_dataset(root, owner, EVENINGS_ID, code="FX", first=first, last=last)


def _add_dataset(
    root: Path, owner: User, dataset_id: str, *, code: str, first: dt.date, last: dt.date
) -> Dataset:
    """Store the bars and their rows; the levels are made by whoever looks."""
    days = calendar.schedule(code, first, last)
    bars = make_long_bars(days)
    draft = root / "draft"
    draft.mkdir()
    artifacts.write_frame(bars, draft / "bars.parquet")
    sha256 = store.sha256_file(draft / "bars.parquet")
    sessions = [
        {
            "date": str(day["date"]),
            **{edge: day[edge].isoformat() for edge in EDGES},
            "bars": 0 if day["date"] == LOST else 25,
            "regular_bars": 0 if day["date"] == LOST else 25,
            "expected": 26,
            "missing": 26 if day["date"] == LOST else 1,
        }
        for day in days.to_dicts()
    ]
    quality = {
        "rows": bars.height,
        "sessions": sessions,
        "sessions_expected": days.height,
        "sessions_present": days.height - 1,
        "missing_session_minutes": {"count": days.height, "longest": 26, "gaps": 0, "list": []},
        "findings": [],
    }
    store.write_json(draft / "quality.json", quality)
    hashes = {"bars_parquet_sha256": sha256}
    store.write_json(draft / "manifest.json", {"dataset_id": dataset_id, "output_hashes": hashes})
    store.publish(draft, store.Store(root).dataset_folder(dataset_id, sha256))
    dataset = Dataset.objects.create(
        dataset_id=dataset_id,
        owner=owner,
        symbol=dataset_id.partition("-")[0],
        instrument=Instrument().as_json(),
        interval="15m",
        from_date=first,
        to_date=last,
        products=["OHLCV"],
        provider="table",
        venue_code="long.csv",
        calendar=code,
        tz="America/New_York",
    )
    Revision.objects.create(
        dataset=dataset,
        number=1,
        bars_sha256=sha256,
        rows=bars.height,
        size_bytes=1_000_000,
        first_ts=bars["ts_open"][0],
        last_ts=bars["ts_open"][-1],
        calendar_version="exchange_calendars 4.13",
        raw_files=[],
    )
    return dataset
