"""How fast Pine is compared with Python: 100,000 bars of 50 series, and the page of it."""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.pages import serve, sign_in, time_page
from benchmarks.rows import Row
from benchmarks.runs import run_command
from hewston.pipeline.parity.comparing import compare_to_folder
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.sources import ArtifactSource
from hewston.pipeline.store import Store

BARS, SERIES = 100_000, 50
COMPARE_SECONDS, PAGE_MS = 2.0, 300.0
_STEP_S, _FIRST_S = 60, 1_700_000_040
_TRIES = 3


def measure() -> list[Row]:
    """Write exports, keep them, compare each with the first, and ask for the page of the worst."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), Path(name) / "root"
        root.mkdir()
        kept = {}
        for kind in ("equal", "within the tolerance", "all diverging"):
            answer, _ = run_command(
                *(str(root), "parity", "import", str(_write(folder / f"{kind}.csv", kind)))
            )
            kept[kind] = str(answer["artifact_id"])
        places = {kind: Store(root).bridge_folder(one) for kind, one in kept.items()}
        for kind in kept:
            seconds = _compare(places["equal"], places[kind])
            rows.append(
                Row(
                    name=f"compare and store {BARS:,} bars x {SERIES} series, {kind}",
                    target=f"<= {COMPARE_SECONDS:g} s",
                    measured=f"{seconds:.2f} s",
                    met=seconds <= COMPARE_SECONDS,
                )
            )
        answer, _ = run_command(
            *(str(root), "parity", "compare", "--artifact", kept["equal"]),
            *("--python-artifact", kept["all diverging"]),
        )
        taken = _time_page(str(root), f"/parity/comparisons/{answer['comparison_id']}/")
    return [
        *rows,
        Row(
            name="page of the diverging comparison, median",
            target=f"<= {PAGE_MS:g} ms",
            measured=f"{taken:.0f} ms",
            met=taken <= PAGE_MS,
        ),
    ]


def _write(path: Path, kind: str) -> Path:
    """Write chart data; of one kind the series are the same every time."""
    dice = np.random.default_rng(7)
    close = np.round(100 + np.cumsum(dice.normal(0, 0.05, BARS)), 2)
    opened = np.concatenate((close[:1], close[:-1]))
    columns = {
        "time": _FIRST_S + _STEP_S * np.arange(BARS),
        "open": opened,
        "high": np.maximum(opened, close) + 0.1,
        "low": np.minimum(opened, close) - 0.1,
        "close": close,
    }
    noise = np.random.default_rng(11)
    for number in range(SERIES):
        values = close + np.cumsum(dice.normal(0, 0.1, BARS))
        if kind == "all diverging":
            values = values + noise.normal(0, 1, BARS)
        elif kind == "within the tolerance":
            values = values * (1 + 1e-7 * noise.random(BARS))
        columns[f"series {number}"] = values
    columns["Volume"] = np.ones(BARS)
    pl.DataFrame(columns).write_csv(path, float_precision=9)
    return path


def _compare(pine: Path, python: Path) -> float:
    """Compare two artifacts, and give the seconds of the best of a few times."""
    taken = []
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            compare_to_folder(
                pine=(ArtifactSource(folder=pine),),
                python=(ArtifactSource(folder=python),),
                options=Options(),
                folder=Path(folder),
            )
            taken.append(time.perf_counter() - start)
    return min(taken)


def _time_page(root: str, path: str) -> float:
    """Give the median of milliseconds that a page takes."""
    cookie = sign_in(root)
    with serve(root) as (port, _):
        return statistics.median(time_page(port, path, cookie))
