"""What the sandbox costs: until it is warm, a job, and a strategy on a year of minutes."""

import concurrent.futures
import inspect
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import psutil

from benchmarks.rows import Row
from hewston.pipeline import backtest
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.kind import EVENT
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.format import encode_frame, read_answer
from hewston.pipeline.sandbox.inside.answer import Declaration, Numbers, Reading
from hewston.pipeline.sandbox.inside.writing import write_answer
from hewston.pipeline.sandbox.kinds import FRAME
from hewston.pipeline.sandbox.strategy import SandboxedStrategy
from hewston.pipeline.sandbox.zygotes import Zygote
from hewston.pipeline.strategies import contract, sma_crossover
from hewston.pipeline.strategies.answers import Strategy
from tests.events.sources import FOLLOWS, FRAME_FOLLOWS
from tests.pipeline.frames import make_spec, random_bars

READY_S = 1.0
JOBS_A_S = 25.0
OVERHEAD_MS = 60.0
FORMAT_MS = 1.0
GONE_MS = 50.0
EVENT_S = 5.0
_ROWS, _COLUMNS = 98_280, 6
_REPEATS = 15
_CORES = 2
_JOBS = 100
_CHAIN = ("zygote", "supervisor", "job")
_WAVE = 25  # bars between trades of the event strategy
_SLEEPS = b"import time\ntime.sleep(60)\n"


def measure() -> list[Row]:
    """Start a zygote and have it do jobs."""
    start = time.perf_counter()
    with Zygote(FRAME, cores=_CORES) as zygote:
        ready_s = time.perf_counter() - start
        rows = [
            Row(
                name="a zygote with pandas, until its lock is proved",
                target=f"≤ {READY_S:g} s",
                measured=f"{ready_s:.2f} s",
                met=ready_s <= READY_S,
            ),
            _count_jobs(zygote),
            _run_strategy(zygote),
            _kill(zygote),
        ]
    return [*rows, _run_event_strategy(), *_read_and_write()]


def _count_jobs(zygote: Zygote) -> Row:
    strategy = SandboxedStrategy(b"def run_strategy(frame): ...\n", zygote.client())
    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(_CORES) as pool:
        for future in [pool.submit(strategy.describe) for _ in range(_JOBS)]:
            future.result()
    rate = _JOBS / (time.perf_counter() - start)
    return Row(
        name=f"trivial jobs, {_CORES} at once",
        target=f"≥ {JOBS_A_S:g} a second",
        measured=f"{rate:.0f} a second",
        met=rate >= JOBS_A_S,
    )


def _run_strategy(zygote: Zygote) -> Row:
    """Compare an SMA crossover in the sandbox with the same one in this process."""
    bars = random_bars(_ROWS)
    source = Path(inspect.getfile(sma_crossover)).read_bytes()
    inside = SandboxedStrategy(source, zygote.client())

    def run(strategy: Strategy) -> pl.DataFrame:
        return contract.compute_signals(strategy, bars, params={}, context={"seed": 0})

    if not run(inside).equals(run(sma_crossover)):
        raise AssertionError("The sandbox answers something else.")
    there_ms = _median_ms(lambda: run(inside), time.perf_counter)
    here_ms = _median_ms(lambda: run(sma_crossover), time.perf_counter)
    return Row(
        name=f"SMA crossover on {_ROWS:,} bars, more than in process",
        target=f"≤ {OVERHEAD_MS:g} ms",
        measured=f"{there_ms - here_ms:.0f} ms",
        peer=f"in process {here_ms:.0f} ms",
        met=there_ms - here_ms <= OVERHEAD_MS,
    )


def _read_and_write() -> list[Row]:
    bars = random_bars(_ROWS).select("ts_open", "open", "high", "low", "close", "volume")
    columns = {f"c{number}": Numbers(np.arange(float(_ROWS))) for number in range(_COLUMNS)}
    declared = Declaration(PARAMS=None, OPTIONS={}, docstring="", has_function=True)
    answer = b"".join(
        bytes(memoryview(part).cast("B"))
        for part in write_answer(dict(columns), declaration=declared, params={})
    )
    reading = Reading(flags=(), texts=())
    works: dict[str, Callable[[], object]] = {
        "write bars": lambda: b"".join(encode_frame(bars)),
        "read an answer": lambda: read_answer(answer, rows=_ROWS, reading=reading),
    }
    rows = []
    for name, work in works.items():
        took_ms = _median_ms(work, time.process_time)
        rows.append(
            Row(
                name=f"{name} of {_COLUMNS} columns of {_ROWS:,}, of a processor's time",
                target=f"≤ {FORMAT_MS:g} ms",
                measured=f"{took_ms:.2f} ms",
                met=took_ms <= FORMAT_MS,
            )
        )
    return rows


def _median_ms(work: Callable[[], object], clock: Callable[[], float]) -> float:
    took = []
    for _ in range(_REPEATS):
        start = clock()
        work()
        took.append(clock() - start)
    return statistics.median(took) * 1000


def _run_event_strategy() -> Row:
    """Run a year of minutes through an event strategy, beside a frame strategy of its trades."""
    bars = random_bars(_ROWS)
    spec = make_spec(params={"wave": _WAVE})
    with Zygote(EVENT) as event, Zygote(FRAME) as frame:
        taken_s = []
        for strategy in (
            EventStrategy(FOLLOWS.encode(), event.client()),
            SandboxedStrategy(FRAME_FOLLOWS.encode(), frame.client()),
        ):
            prepared = backtest.prepare(bars, spec)
            start = time.perf_counter()
            fills = backtest.follow(prepared, spec, strategy).fills.height
            taken_s.append(time.perf_counter() - start)
    return Row(
        name=f"an event strategy on {_ROWS:,} bars, {fills:,} fills",
        target=f"≤ {EVENT_S:g} s",
        measured=f"{taken_s[0]:.2f} s",
        peer=f"a frame strategy of the same trades {taken_s[1]:.2f} s",
        met=taken_s[0] <= EVENT_S,
    )


def _kill(zygote: Zygote) -> Row:
    """Kill a process of the chain while a job sleeps; the zygote last, since another comes then."""
    gone_ms = max(_gone_ms(zygote, victim) for victim in reversed(_CHAIN))
    return Row(
        name="a job is gone when a process of its chain is killed",
        target=f"≤ {GONE_MS:g} ms",
        measured=f"{gone_ms:.0f} ms at most",
        met=gone_ms <= GONE_MS,
    )


def _gone_ms(zygote: Zygote, victim: str) -> float:
    heard: list[str] = []

    def ask() -> None:
        try:
            SandboxedStrategy(_SLEEPS, zygote.client()).describe()
        except SandboxError as problem:
            heard.append(problem.code)

    asking = threading.Thread(target=ask)
    asking.start()
    chain: list[psutil.Process] = []
    before: list[psutil.Process] | None = None
    while len(chain) != len(_CHAIN) or chain != before:  # until it sleeps, and none ends any more
        before, chain = chain, psutil.Process(zygote.pid).children(recursive=True)
        time.sleep(0.3)
    start = time.perf_counter()
    os.kill(chain[_CHAIN.index(victim)].pid, signal.SIGKILL)
    while _runs(chain[-1]):
        pass
    took_ms = (time.perf_counter() - start) * 1000
    asking.join()
    if not heard:
        raise AssertionError(f"Nobody heard that the {victim} was killed.")
    return took_ms


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
