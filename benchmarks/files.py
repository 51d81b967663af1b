"""Bars from many symbol-day files: one core and all of them, and how the time grows."""

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.derive import decompress, write_records
from benchmarks.rows import Row
from hewston.pipeline import calendar
from hewston.pipeline.ingest import derive_dbn

COUNTS = (25, 50, 100)
LINEAR = 0.10  # of what the smallest count takes, times as many
SHARE = 0.75  # of what decompression alone, which shares nothing, gains by the same cores
_RECORDS = 200_000
_SYMBOLS = 5
_DAYS = [dt.date(2023, 1, 2) + dt.timedelta(days=n) for n in range(28)]
_REPEATS = 3
_PROJECT = Path(__file__).resolve().parent.parent


def measure() -> list[Row]:
    """Make the files and derive some or all of them, each time in a process of its own."""
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        one = _best("derive", folder, COUNTS[-1], cores=1)
        alone = _best("decompress", folder, COUNTS[-1], cores=1)
        together = _best("decompress", folder, COUNTS[-1], cores=cores)
        grown = {count: _best("derive", folder, count, cores=cores) for count in COUNTS}
    gain, most = one / grown[COUNTS[-1]], alone / together
    each = {count: seconds / count for count, seconds in grown.items()}
    growth = each[COUNTS[-1]] / each[COUNTS[0]] - 1
    took = ", ".join(f"{count}: {seconds:.2f} s" for count, seconds in grown.items())
    return [
        Row(
            name=f"derive {COUNTS[-1]} symbol-day files, {cores} cores against one",
            target=f">= {SHARE:.0%} of zstd's gain",
            measured=f"{gain:.2f}x, {one:.2f} s -> {grown[COUNTS[-1]]:.2f} s",
            peer=f"zstd alone {most:.2f}x",
            met=gain >= SHARE * most,
        ),
        Row(
            name=f"derive {', '.join(map(str, COUNTS))} symbol-day files, {cores} cores",
            target=f"linear + {LINEAR:.0%} at most",
            measured=f"{growth:+.1%} a file; {took}",
            peer=f"zstd alone {together:.2f} s",
            met=growth <= LINEAR,
        ),
    ]


def _best(what: str, folder: str, count: int, *, cores: int) -> float:
    """Measure in fresh processes, without their imports: the fastest of some, in seconds."""
    words = [sys.executable, "-m", "benchmarks.files", what, folder, str(count), str(cores)]
    answers = [
        subprocess.run(words, cwd=_PROJECT, check=True, capture_output=True, text=True).stdout
        for _ in range(_REPEATS)
    ]
    return min(float(json.loads(answer)) for answer in answers)


def _write(folder: Path) -> None:
    for number in range(COUNTS[-1]):
        day, own = _DAYS[number // _SYMBOLS], number % _SYMBOLS
        path = folder / f"{number:03}-{day}.B{own}.trades.dbn.zst"
        write_records(
            path, "trades", _RECORDS, days=[day], symbol=f"B{own}", instrument_id=7001 + own
        )


def _child(what: str, folder: Path, count: int, cores: int) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    files = sorted(folder.glob("*.dbn.zst"))[:count]
    # Loads what lists sessions, once for a process like every import.
    calendar.schedule("XNYS", _DAYS[0], _DAYS[0])
    print(json.dumps(_time(lambda: _do(what, files, folder, cores))))


def _do(what: str, files: list[Path], folder: Path, cores: int) -> None:
    if what == "decompress":
        with ThreadPoolExecutor(cores) as threads:
            list(threads.map(decompress, files))
    else:
        with tempfile.TemporaryDirectory(dir=folder) as staging:
            derive_dbn(files, staging=Path(staging))


def _time(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
