"""How fast pages answer, and how much the web process holds."""

import contextlib
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.rows import Row
from hewston.supervisor import APPLICATION, WEB_MEMORY, WEB_SERVER

MEDIAN_MS = 30.0
P95_MS = 100.0
RUN_PAGE_MS = 60.0
RESIDENT_MB = 200.0
RUNS = 10_000
REQUESTS = 40  # for each page
NEVER_LOADED = ("nautilus", "databento", "pandas")
_RUN_PAGE = re.compile(r"/runs/[0-9a-f]{12}/")
_PROJECT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60
_REST_SECONDS = 5  # the allocator gives back what nobody uses


def measure() -> list[Row]:
    """Ask for every page of a year's dataset, its run, and a list of 10,000 runs."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        return measure_site(folder)


def prepare(root: str) -> None:
    """Make the sample year and a run of it."""
    dataset = json.loads(run_python(root, "manage.py", "ingest", "--sample", "--json"))[
        "dataset_id"
    ]
    options = ("--strategy", "sma_crossover", "--param", "fast=20", "--param", "slow=50")
    run_python(root, "manage.py", "backtest", dataset, *options, "--json")


def measure_site(root: str) -> list[Row]:
    """Measure on a data root with one dataset and one finished run."""
    catalogue = json.loads(run_python(root, "-m", "benchmarks.catalogue", str(RUNS)))
    with serve(root) as (port, process):
        times = {path: time_page(port, path, catalogue["cookie"]) for path in catalogue["pages"]}
        listed = {path: time_page(port, path, catalogue["cookie"]) for path in catalogue["api"]}
        bulk = [_ask(port, path, catalogue["cookie"]) for path in catalogue["bulk"]]
        time.sleep(_REST_SECONDS)
        resident = process.memory_info().rss / 1e6
        loaded = sorted(
            name
            for name in NEVER_LOADED
            if any(re.search(rf"/{name}", opened.path) for opened in process.memory_maps())
        )
    return [
        *_judge("any page", times),
        *_judge_run({path: taken for path, taken in times.items() if _RUN_PAGE.match(path)}),
        *_judge(f"list of {RUNS:,} runs through the API", listed),
        Row(
            name="a year's equity as JSON, its run's columns, a page of bars, first time and then",
            target="-",
            measured="; ".join(
                f"{first:.0f} ms, {then:.0f} ms, {size / 1e6:.1f} MB" for first, then, size in bulk
            ),
            met=True,
        ),
        Row(
            name="web process at rest, after every page",
            target=f"<= {RESIDENT_MB:g} MB, no {', '.join(NEVER_LOADED)}",
            measured=f"{resident:.0f} MB, loaded: {', '.join(loaded) or 'none of them'}",
            met=resident <= RESIDENT_MB and not loaded,
        ),
    ]


def _judge(what: str, times: dict[str, list[float]]) -> list[Row]:
    """Judge the slowest of some addresses by its median and its tail."""
    medians = {path: statistics.median(taken) for path, taken in times.items()}
    slowest = max(medians, key=medians.__getitem__)
    p95 = {path: statistics.quantiles(taken, n=20)[-1] for path, taken in times.items()}
    tail = max(p95, key=p95.__getitem__)
    return [
        Row(
            name=f"{what}, server time, median of the slowest ({_short(slowest)})",
            target=f"<= {MEDIAN_MS:g} ms",
            measured=f"{medians[slowest]:.1f} ms",
            met=medians[slowest] <= MEDIAN_MS,
        ),
        Row(
            name=f"{what}, server time, p95 of the slowest ({_short(tail)})",
            target=f"<= {P95_MS:g} ms",
            measured=f"{p95[tail]:.1f} ms",
            met=p95[tail] <= P95_MS,
        ),
    ]


def _judge_run(times: dict[str, list[float]]) -> list[Row]:
    """Judge the page of a finished run, each of its tabs by its median."""
    medians = {path: statistics.median(taken) for path, taken in times.items()}
    slowest = max(medians, key=medians.__getitem__)
    return [
        Row(
            name=f"page of a run, server time, its slowest tab ({_short(slowest)})",
            target=f"<= {RUN_PAGE_MS:g} ms",
            measured=f"{medians[slowest]:.1f} ms",
            met=medians[slowest] <= RUN_PAGE_MS,
        )
    ]


def _short(path: str) -> str:
    """Name a page without the id of its object."""
    return re.sub(r"^(/\w+/)[^/?]+(/)", r"\1…\2", path)


def run_python(root: str, *arguments: str) -> str:
    """Run Python with arguments on a data root; returns what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=_PROJECT,
        env=_environment(root),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _environment(root: str) -> dict[str, str]:
    return os.environ | {"HEWSTON_DATA_ROOT": root}


@contextlib.contextmanager
def serve(root: str) -> Iterator[tuple[int, psutil.Process]]:
    """Serve as `manage.py serve` does; needs the built and collected pages."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", *WEB_SERVER, "-b", "127.0.0.1", "-p", str(port), APPLICATION],
        cwd=_PROJECT,
        env=WEB_MEMORY | _environment(root),
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(10)


_SIGN_IN = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "hewston.settings"
import django
django.setup()
from django.test import Client
from apps.permissions.models import User
client = Client()
client.force_login(User.objects.get(), "django.contrib.auth.backends.ModelBackend")
print(client.cookies.output(header="", attrs=[]).strip())
"""


def sign_in(root: str) -> str:
    """Sign the owner of a data root in; gives the cookie."""
    return run_python(root, "-c", _SIGN_IN).strip()


def time_page(port: int, path: str, cookie: str) -> list[float]:
    """Ask for a page again and again over one connection; milliseconds of each answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    taken = []
    for number in range(REQUESTS + 1):
        start = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
        if number:  # the first one fills caches
            taken.append((time.perf_counter() - start) * 1000)
    connection.close()
    return taken


def _ask(port: int, path: str, cookie: str) -> tuple[float, float, int]:
    """Ask for bulk columns twice; milliseconds of both answers, and bytes on the wire."""
    taken, size = [], 0
    for _ in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        start = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        size = len(answer.read())
        taken.append((time.perf_counter() - start) * 1000)
        connection.close()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
    return taken[0], taken[1], size
