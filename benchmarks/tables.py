"""A table of a million bars: its preview and its import, beside what reads CSV and no more."""

import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.rows import Row
from hewston.pipeline import calendar
from hewston.pipeline.ingest import request
from hewston.pipeline.ingest.tables import preview_table

ROWS = 1_000_000
PREVIEW_S, IMPORT_S, PEAK_MB = 1.0, 5.0, 600
ANSWERS = {"tz": "UTC", "stamp": "open"}
_REPEATS = 3
_FIRST = dt.datetime(2021, 1, 4, tzinfo=dt.UTC)
_PROJECT = Path(__file__).resolve().parent.parent
_DTYPES = dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64)


def measure() -> list[Row]:
    """Make the table and read it in processes of their own, without their imports."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "BTCUSD.csv"
        _write(path)
        size_mb = path.stat().st_size / 1e6
        found = {
            what: min(_run(what, path) for _ in range(_REPEATS))
            for what in ("preview", "import", "polars", "pandas")
        }
    peers = f"polars {found['polars'][0]:.2f} s, pandas {found['pandas'][0]:.2f} s"
    (preview, preview_mb), (imported, peak_mb) = found["preview"], found["import"]
    table = f"CSV of {ROWS / 1e6:g} M rows ({size_mb:.0f} MB)"
    return [
        Row(
            name=f"{table}: preview",
            target=f"<= {PREVIEW_S:g} s",
            measured=f"{preview:.2f} s, {preview_mb:.0f} MB",
            met=preview <= PREVIEW_S,
        ),
        Row(
            name=f"{table}: import, copy and quality included",
            target=f"<= {IMPORT_S:g} s",
            measured=f"{imported:.2f} s",
            peer=peers,
            met=imported <= IMPORT_S,
        ),
        Row(
            name=f"{table}: import, peak memory",
            target=f"<= {PEAK_MB} MB",
            measured=f"{peak_mb:.0f} MB",
            peer=f"polars {found['polars'][1]:.0f} MB, pandas {found['pandas'][1]:.0f} MB",
            met=peak_mb <= PEAK_MB,
        ),
    ]


def _run(what: str, path: Path) -> tuple[float, float]:
    """Give the seconds that it took in a fresh process, and that process's peak memory in MB."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.tables", what, str(path)],
        cwd=_PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, peak = json.loads(answer.stdout)
    return float(seconds), float(peak)


def _write(path: Path) -> None:
    """Write minutes of a market that never closes: a random walk by cents."""
    random = np.random.default_rng(1)
    close = 30_000 + random.integers(-50, 51, ROWS).cumsum() / 100
    opened = np.concatenate(([30_000.0], close[:-1]))
    pl.DataFrame(
        {
            "time": pl.datetime_range(
                _FIRST, _FIRST + dt.timedelta(minutes=ROWS - 1), "1m", eager=True
            ).dt.strftime("%Y-%m-%d %H:%M:%S"),
            "open": opened.round(2),
            "high": (np.maximum(opened, close) + 0.5).round(2),
            "low": (np.minimum(opened, close) - 0.5).round(2),
            "close": close.round(2),
            "volume": (random.integers(1, 10**6, ROWS) / 1000).round(3),
        }
    ).write_csv(path)


def _preview(path: Path, folder: Path) -> None:
    preview_table(path, name=path.name, answers=ANSWERS, scratch=folder)


def _import(path: Path, folder: Path) -> None:
    request.derive([path], staging=folder, options={"table": ANSWERS})


def _polars(path: Path, _folder: Path) -> None:
    pl.read_csv(path, schema_overrides=_DTYPES)


def _pandas(path: Path, _folder: Path) -> None:
    import pandas as pd  # noqa: PLC0415  # in its own measurement alone

    pd.read_csv(path)


_WORK: Mapping[str, Callable[[Path, Path], None]] = {
    "preview": _preview,
    "import": _import,
    "polars": _polars,
    "pandas": _pandas,
}


def _child(what: str, path: Path) -> None:
    if what == "pandas":
        import pandas  # noqa: F401, ICN001, PLC0415  # not measured, as every import
    if what in {"preview", "import"}:
        calendar.schedule(calendar.ALWAYS_OPEN, _FIRST.date(), _FIRST.date())
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        start = time.perf_counter()
        _WORK[what](path, Path(folder))
        seconds = time.perf_counter() - start
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]))
