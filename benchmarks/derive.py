"""Bars from millions of records, beside the decompression of the same files alone."""

import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import databento_dbn
import numpy as np
from backports import zstd
from databento_dbn.metadata import MappingInterval

from benchmarks.rows import Row
from hewston.pipeline import calendar
from hewston.pipeline.ingest import derive_dbn
from hewston.pipeline.sources.dbn.records import DTYPES, TBBO_DTYPE, Rows

MILLIONS = (5, 20)  # of trades, and as many of TBBO
RATIO = 4.0
PEAK_MB = 800
SPREAD = 0.10
_REPEATS = 3
_PROJECT = Path(__file__).resolve().parent.parent
_PIECE = 1 << 20
_WRITTEN_AT_ONCE = 1_000_000
_NS = 10**9
_OPEN_S, _SESSION_S = 14 * 3600 + 1800, 390 * 60  # 09:30 New York in winter
_CENT = 10**7
_FIRST = dt.date(2023, 1, 1)
_WEEKDAYS_OF_YEAR = [
    day
    for day in (_FIRST + dt.timedelta(days=n) for n in range(365))
    if day.isoweekday() <= 5  # noqa: PLR2004  # Friday
]


@dataclass
class _Interval:
    start_date: dt.date
    end_date: dt.date
    symbol: str


@dataclass
class _Mapping:
    raw_symbol: str
    intervals: Sequence[MappingInterval]


def measure() -> list[Row]:
    """Make both sizes of files and derive each in a process of its own on one core."""
    floors, derivations, peaks = [], [], []
    for millions in MILLIONS:
        with tempfile.TemporaryDirectory() as folder:
            for schema in ("trades", "tbbo"):
                path = Path(folder) / f"{schema}.dbn.zst"
                write_records(path, schema, millions * 1_000_000, days=_WEEKDAYS_OF_YEAR)
            alone = [_run("decompress", folder) for _ in range(_REPEATS)]
            derived = [_run("derive", folder) for _ in range(_REPEATS)]
        floors.append(min(seconds for seconds, _ in alone))
        derivations.append(min(seconds for seconds, _ in derived))
        peaks.append(max(peak for _, peak in derived))
    ratio = derivations[0] / floors[0]
    growth = peaks[1] / peaks[0] - 1
    small, large = (f"{millions} M + {millions} M" for millions in MILLIONS)
    return [
        Row(
            name=f"derive bars from {small} records, one core, copies included",
            target=f"<= {RATIO:g}x decompression",
            measured=f"{ratio:.2f}x, {derivations[0]:.2f} s",
            peer=f"zstd alone {floors[0]:.2f} s",
            met=ratio <= RATIO,
        ),
        Row(
            name=f"derive bars from {small} records, peak memory",
            target=f"<= {PEAK_MB} MB",
            measured=f"{peaks[0]:.0f} MB",
            met=peaks[0] <= PEAK_MB,
        ),
        Row(
            name=f"derive bars from {large} records, peak memory",
            target=f"the same +- {SPREAD:.0%}",
            measured=f"{peaks[1]:.0f} MB ({growth:+.1%}), {derivations[1]:.2f} s",
            peer=f"zstd alone {floors[1]:.2f} s",
            met=abs(growth) <= SPREAD,
        ),
    ]


def _run(what: str, folder: str) -> tuple[float, float]:
    """Measure in a fresh process: seconds without its imports, and peak memory in MB."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.derive", what, folder],
        cwd=_PROJECT,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"POLARS_MAX_THREADS": "1"},
    )
    seconds, peak = json.loads(answer.stdout)
    return float(seconds), float(peak)


def _child(what: str, folder: Path) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    files = sorted(folder.glob("*.dbn.zst"))
    # Loads what lists sessions, once for a process like every import.
    calendar.schedule("XNYS", _FIRST, _FIRST)
    start = time.perf_counter()
    if what == "decompress":
        for path in files:
            decompress(path)
    else:
        with tempfile.TemporaryDirectory(dir=folder) as staging:
            derive_dbn(files, staging=Path(staging))
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def decompress(path: Path) -> None:
    """Decompress a file and throw away what it holds."""
    decompressor = zstd.ZstdDecompressor()
    with path.open("rb") as source:
        while not decompressor.eof:
            block = source.read(_PIECE) if decompressor.needs_input else b""
            decompressor.decompress(block, _PIECE)


def write_records(
    path: Path,
    schema: str,
    count: int,
    *,
    days: Sequence[dt.date],
    symbol: str = "BENCH",
    instrument_id: int = 7001,
) -> None:
    """Write a file of records, spread over some days, a quarter sharing their time."""
    numbers = [(day - dt.date(1970, 1, 1)).days for day in days]
    first, end = days[0], days[-1] + dt.timedelta(days=1)
    random = np.random.default_rng([len(schema), instrument_id, numbers[0]])
    metadata = databento_dbn.Metadata(
        dataset="XNAS.ITCH",
        start=numbers[0] * 86_400 * _NS,
        end=(numbers[-1] + 1) * 86_400 * _NS,
        stype_in=databento_dbn.SType.from_str("raw_symbol"),
        stype_out=databento_dbn.SType.from_str("instrument_id"),
        schema=databento_dbn.Schema.from_str(schema),
        symbols=[symbol],
        mappings=[_Mapping(symbol, [_Interval(first, end, str(instrument_id))])],
        version=3,
    )
    with zstd.open(path, "wb", level=3) as target:
        target.write(metadata.encode())
        for start in range(0, count, _WRITTEN_AT_ONCE):
            numbered = np.arange(start, min(start + _WRITTEN_AT_ONCE, count))
            rows = _records(random, DTYPES[schema], (numbered + random.random()) / count, numbers)
            rows["instrument_id"] = instrument_id
            target.write(rows.tobytes())


def _records(
    random: np.random.Generator,
    dtype: np.dtype[np.void],
    share: np.typing.NDArray[np.float64],
    days: list[int],
) -> Rows:
    """Make records at these shares of the year: a random walk by cents, whole and odd lots."""
    count = len(share)
    place = share * len(days)
    day = np.minimum(place.astype(np.int64), len(days) - 1)
    within = ((place - day) * _SESSION_S * _NS).astype(np.int64)
    times = np.array(days)[day] * 86_400 * _NS + _OPEN_S * _NS + within
    own = np.where(random.random(count) < 1 / 4, 0, np.arange(count))
    times = times[np.maximum.accumulate(own)]
    rows = np.zeros(count, dtype)
    rows["length"], rows["rtype"] = dtype.itemsize // 4, int(dtype == TBBO_DTYPE)
    rows["publisher_id"] = 2
    rows["ts_recv"], rows["ts_event"] = times, times - random.integers(100_000, 200_000, count)
    rows["price"] = (15_000 + random.integers(-1, 2, count).cumsum() % 5_000) * _CENT
    rows["size"] = random.choice([1, 5, 37, 50, 100, 100, 100, 200], count)
    rows["action"], rows["side"] = ord("T"), random.choice([ord(c) for c in "AAAABBBBN"], count)
    rows["flags"], rows["ts_in_delta"] = 130, random.integers(150_000, 170_000, count)
    rows["sequence"] = random.integers(1, 60, count).cumsum()
    if dtype == TBBO_DTYPE:
        rows["bid_px"] = rows["price"] - random.integers(0, 3, count) * _CENT
        rows["ask_px"] = rows["price"] + random.integers(0, 3, count) * _CENT
        for name in ("bid_sz", "ask_sz", "bid_ct", "ask_ct"):
            rows[name] = random.integers(1, 900, count)
    return rows


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]))
