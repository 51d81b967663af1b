"""The sandbox: when a zygote is ready, what a job costs, and how soon a killed one is gone."""

import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import psutil

from benchmarks.rows import Row
from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.format import encode_frame, read_answer
from hewston.pipeline.sandbox.inside.answer import Reading
from hewston.pipeline.sandbox.kinds import FRAME
from hewston.pipeline.sandbox.zygotes import Zygote

READY_S = 1.0
OVERHEAD_MS = 60.0
JOBS_A_SECOND = 25.0
GONE_MS = 50.0
_ROWS = 98_280
_JOBS = 100
_REPEATS = 7
_SOURCE = b"""
def run_strategy(frame):
    import time
    started = time.perf_counter()
    fast, slow = (frame["close"].rolling(n).mean() for n in (20, 50))
    frame["signal"] = (fast > slow).astype(float)
    print(time.perf_counter() - started)
    return frame
"""
_SLEEPS = b"""
import time
def run_strategy(frame):
    time.sleep(60)
"""


def measure() -> list[Row]:
    """Start a zygote, give it jobs, and kill some of its processes."""
    start = time.perf_counter()
    with Zygote(FRAME) as zygote:
        ready = time.perf_counter() - start
        client = zygote.client()
        rate = _rate(client)
        overhead = _overhead_ms(client)
        gone = max(_gone_ms(zygote, client, victim) for victim in ("job", "supervisor", "zygote"))
    return [
        Row(
            name="a zygote with pandas is ready and has proven its lock",
            target=f"<= {READY_S:g} s",
            measured=f"{ready:.2f} s (tier {zygote.tier})",
            met=ready <= READY_S,
        ),
        Row(
            name=f"{_JOBS} trivial jobs, one a processor",
            target=f">= {JOBS_A_SECOND:g} a second",
            measured=f"{rate:.0f} a second",
            met=rate >= JOBS_A_SECOND,
        ),
        Row(
            name=f"the sandbox's share of an SMA crossover on {_ROWS:,} bars",
            target=f"<= {OVERHEAD_MS:g} ms",
            measured=f"{overhead:.0f} ms",
            met=overhead <= OVERHEAD_MS,
        ),
        Row(
            name="a job is gone when any process of its chain is killed",
            target=f"<= {GONE_MS:g} ms",
            measured=f"{gone:.0f} ms at most",
            met=gone <= GONE_MS,
        ),
    ]


def _rate(client: Client) -> float:
    cores = len(os.sched_getaffinity(0))
    each = _JOBS // cores

    def work() -> None:
        for _ in range(each):
            client.run({"work": "canary"}, [])

    threads = [threading.Thread(target=work) for _ in range(cores)]
    return each * cores / _time(lambda: [*map(_start, threads), *map(_join, threads)])


def _start(thread: threading.Thread) -> None:
    thread.start()


def _join(thread: threading.Thread) -> None:
    thread.join()


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _overhead_ms(client: Client) -> float:
    """Measure encode, job and decode, without the strategy's own time."""
    bars = _bars()
    spent = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        answer = client.run(_request(), [encode_frame(bars), _SOURCE])
        read_answer(answer.output, rows=_ROWS, frame=bars.columns, reading=_reading())
        spent.append(time.perf_counter() - start - float(answer.log))
    return statistics.median(spent) * 1000


def _bars() -> pl.DataFrame:
    close = pl.Series("close", [100 + n % 97 / 10 for n in range(_ROWS)])
    start = pl.datetime(2024, 1, 1, time_zone="UTC")
    return pl.select(
        ts_open=pl.datetime_range(
            start, start + pl.duration(minutes=_ROWS - 1), interval="1m", time_unit="ns"
        ),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=close,
    )


def _reading() -> Reading:
    return Reading(flags=(), texts=())


def _request() -> Mapping[str, Any]:
    return {
        "work": "run",
        "params": {},
        "exact": True,
        "context": {"seed": 0},
        "times": [],
        "flags": [],
        "texts": [],
    }


def _gone_ms(zygote: Zygote, client: Client, victim: str) -> float:
    """Kill a process of the chain while a job sleeps; tells how long the job lives on."""
    ended: list[str] = []

    def ask() -> None:
        try:
            client.run(_request(), [encode_frame(_bars().head(10)), _SLEEPS])
        except SandboxError as problem:
            ended.append(problem.code)

    asking = threading.Thread(target=ask)
    asking.start()
    chain: list[psutil.Process] = []
    while len(chain) < 3:  # noqa: PLR2004 (zygote, supervisor, job)
        chain = psutil.Process(zygote.pid).children(recursive=True)
    time.sleep(0.3)  # it sleeps by then
    named = dict(zip(("zygote", "supervisor", "job"), chain, strict=True))
    start = time.perf_counter()
    os.kill(named[victim].pid, signal.SIGKILL)
    while _runs(named["job"]):
        pass
    gone = time.perf_counter() - start
    asking.join()
    if not ended:
        raise RuntimeError(f"Nobody heard that the {victim} was killed.")
    return gone * 1000


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
