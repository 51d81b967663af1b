"""How evenly a year is played to many viewers at once, how fast it answers, what a viewer costs."""

import asyncio
import contextlib
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator

import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from benchmarks.pages import prepare, run_python, serve
from benchmarks.rows import Row

VIEWERS = 100
STUCK = 50
INTERVAL_MS = 10.0  # p95 of the difference from a thirtieth of a second
FIRST_MS = 300.0
SEEK_MS = 100.0
SESSION_KB = 100.0
_SECONDS = 15.0
_SETTLE_SECONDS = 2.0
_SEEKS = 40
_SPEED = 60
_THIRTIETH_MS = 1000 / 30
_ACK_EVERY = 10
_FRAME = '{"t":"frame"'
# What the machine itself is late at the same time: a loop that does nothing 30 times a second.
_BARE_LOOP = """
import asyncio, sys
async def beat(seconds):
    clock, start, arrivals = asyncio.get_running_loop().time, asyncio.get_running_loop().time(), []
    for number in range(1, int(seconds * 30)):
        await asyncio.sleep(start + number / 30 - clock())
        arrivals.append(clock())
    print([abs((b - a) * 1000 - 1000 / 30) for a, b in zip(arrivals, arrivals[1:])])
asyncio.run(beat(float(sys.argv[1])))
"""


class _Site:
    """Where the run is served, and as whom to ask."""

    def __init__(self, port: int, cookie: str, run: str) -> None:
        self.page = urllib.request.Request(
            f"http://127.0.0.1:{port}/runs/{run}/playback/", headers={"Cookie": cookie}
        )
        self._address = f"ws://127.0.0.1:{port}/backtests/{run}/ws?speed={_SPEED}"
        self._origin = Origin(f"http://127.0.0.1:{port}")
        self._cookie = cookie

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[ClientConnection]:
        """Open the socket as a page does, and hear the greeting and the first frame."""
        async with connect(
            self._address,
            origin=self._origin,
            additional_headers={"Cookie": self._cookie},
            compression=None,
            proxy=None,
        ) as socket:
            while not str(await socket.recv()).startswith(_FRAME):
                pass
            yield socket


def measure() -> list[Row]:
    """Play the sample year's run."""
    with tempfile.TemporaryDirectory() as root:
        prepare(root)
        catalogue = json.loads(run_python(root, "-m", "benchmarks.catalogue", "1"))
        run = next(page.split("/")[2] for page in catalogue["pages"] if page.endswith("/logs/"))
        with serve(root) as (port, process):
            site = _Site(port, catalogue["cookie"], run)
            urllib.request.urlopen(site.page).close()  # noqa: S310 (as a person does first)
            return asyncio.run(_measure(site, process))


async def _measure(site: _Site, process: psutil.Process) -> list[Row]:
    start = time.perf_counter()
    async with site.watch():
        first = (time.perf_counter() - start) * 1000
    kilobytes = await _weigh(site, process)
    alone, seeks, bare = await _play(site, _SECONDS)
    async with _stuck(site):
        beside, _, bare_beside = await _play(site, _SECONDS)
    return [
        Row(
            name="first frame after connecting, a year that was not in memory",
            target=f"<= {FIRST_MS:g} ms",
            measured=f"{first:.0f} ms",
            met=first <= FIRST_MS,
        ),
        _interval_row(f"{VIEWERS} viewers", alone, bare),
        _interval_row(f"the same beside {STUCK} that do not read", beside, bare_beside),
        Row(
            name=f"seek to its frame, beside {VIEWERS} viewers, the slowest of {_SEEKS}",
            target=f"<= {SEEK_MS:g} ms",
            measured=f"{max(seeks):.0f} ms, median {statistics.median(seeks):.0f} ms",
            met=max(seeks) <= SEEK_MS,
        ),
        Row(
            name="memory of a viewer beside the film",
            target=f"<= {SESSION_KB:g} KB",
            measured=f"{kilobytes:.0f} KB",
            met=kilobytes <= SESSION_KB,
        ),
    ]


def _interval_row(who: str, errors: list[float], bare: list[float]) -> Row:
    cuts = statistics.quantiles(errors, n=100)
    return Row(
        name=f"interval off 1/30 s, p95, {who}",
        target=f"<= {INTERVAL_MS:g} ms",
        measured=f"{cuts[94]:.1f} ms, median {cuts[49]:.1f}, p99 {cuts[98]:.1f}",
        peer=f"a loop alone {statistics.quantiles(bare, n=100)[94]:.1f} ms",
        met=cuts[94] <= INTERVAL_MS,
    )


async def _join(
    site: _Site, stack: contextlib.AsyncExitStack, count: int
) -> list[ClientConnection]:
    return [await stack.enter_async_context(site.watch()) for _ in range(count)]


async def _weigh(site: _Site, process: psutil.Process) -> float:
    """Say how many KB a viewer takes who has been playing for a while."""
    before = process.memory_info().rss
    async with contextlib.AsyncExitStack() as stack:
        viewers = await _join(site, stack, VIEWERS)
        await asyncio.gather(*(_watch(viewer, _SETTLE_SECONDS) for viewer in viewers))
        return float(process.memory_info().rss - before) / 1e3 / VIEWERS


async def _play(site: _Site, seconds: float) -> tuple[list[float], list[float], list[float]]:
    """Give every viewer's errors of the interval, how long seeks took, and a bare loop's errors.

    All are in ms, and of the same time.
    """
    async with contextlib.AsyncExitStack() as stack:
        seeker, *viewers = await _join(site, stack, VIEWERS + 1)
        seeking = asyncio.create_task(_seek(seeker, seconds))
        bare = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _BARE_LOOP, str(seconds), stdout=subprocess.PIPE
        )
        arrivals = await asyncio.gather(*(_watch(viewer, seconds) for viewer in viewers))
        seeks = await seeking
        told, _ = await bare.communicate()
    errors = [
        abs((later - earlier) * 1000 - _THIRTIETH_MS)
        for times in arrivals
        for earlier, later in itertools.pairwise(times)
    ]
    return errors, seeks, json.loads(told)


async def _watch(viewer: ClientConnection, seconds: float) -> list[float]:
    """Play, and acknowledge as a page does; gives when frames came, once all are playing."""
    await viewer.send('{"t":"ctrl","cmd":"play"}')
    clock = time.perf_counter
    begin = clock() + 1
    arrivals: list[float] = []
    seq = 1
    while clock() < begin + seconds:
        if not str(await viewer.recv()).startswith(_FRAME):
            continue
        if (now := clock()) > begin:
            arrivals.append(now)
        seq += 1
        if seq % _ACK_EVERY == 0:
            await viewer.send(f'{{"t":"ack","seq":{seq}}}')
    return arrivals


async def _seek(viewer: ClientConnection, seconds: float) -> list[float]:
    """Seek here and there while paused; ms from each seek to its frame."""
    taken = []
    for number in range(2, _SEEKS + 2):
        await asyncio.sleep(seconds / _SEEKS)
        start = time.perf_counter()
        await viewer.send(f'{{"t":"ctrl","cmd":"seek","pos":{number * 7919 % 90_000}}}')
        while not str(await viewer.recv()).startswith(_FRAME):
            pass
        taken.append((time.perf_counter() - start) * 1000)
        await viewer.send(f'{{"t":"ack","seq":{number}}}')
    return taken


@contextlib.asynccontextmanager
async def _stuck(site: _Site) -> AsyncIterator[None]:
    """Viewers who play and read nothing."""
    async with contextlib.AsyncExitStack() as stack:
        for viewer in await _join(site, stack, STUCK):
            await viewer.send('{"t":"ctrl","cmd":"play"}')
            viewer.transport.pause_reading()
        yield
