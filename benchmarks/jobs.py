"""From POST /backtests to DONE with a warm worker, many at once, and how soon a cancel ends."""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.pages import run_python
from benchmarks.rows import Row

DONE_SECONDS = 2.0
QUEUED, WORKERS, OVER_IDEAL = 20, 2, 1.2
ARTIFACT_MB = 5.0
CANCEL_SECONDS = 2.0
_REPEATS = 5
_POLL_SECONDS = 0.02
_PROJECT = Path(__file__).resolve().parent.parent


def measure() -> list[Row]:
    """Serve the sample year with its workers; ask for runs of it as a program does."""
    with tempfile.TemporaryDirectory() as root:
        said = json.loads(run_python(root, "manage.py", "ingest", "--sample", "--json"))
        made = json.loads(run_python(root, "manage.py", "token", "bench", "--scope=run", "--json"))
        with _serve(root) as port:
            client = _Client(port, str(made["token"]))
            body = {"dataset_id": said["dataset_id"], "strategy_id": "sma_crossover"}
            _finish(client, body | {"seed": 0})
            done = [_finish(client, body | {"seed": seed}) for seed in range(1, _REPEATS + 1)]
            queued = _finish_all(client, [body | {"seed": 1000 + n} for n in range(QUEUED)])
            sizes = [_measure_folder(folder) for folder in (Path(root) / "runs").iterdir()]
            logs = Path(root) / "logs"
            cancelled = [_cancel(client, body | {"seed": 100 + n}, logs) for n in range(_REPEATS)]
    ideal = QUEUED / WORKERS * statistics.median(done)
    return [
        Row(
            name=f"{QUEUED} runs asked for at once, {WORKERS} workers, until all are done",
            target=f"<= {OVER_IDEAL:g} x the ideal",
            measured=f"{queued / ideal:.2f} x, {queued:.1f} s",
            peer=f"ideal: {QUEUED} / {WORKERS} x {statistics.median(done):.2f} s",
            met=queued <= OVER_IDEAL * ideal,
        ),
        Row(
            name="artifacts of a run, a year of minutes",
            target=f"<= {ARTIFACT_MB:g} MB",
            measured=f"{max(sizes) / 1e6:.2f} MB",
            met=max(sizes) <= ARTIFACT_MB * 1e6,
        ),
        Row(
            name="POST /backtests to DONE, a year of minutes, warm worker",
            target=f"<= {DONE_SECONDS:g} s",
            measured=f"{statistics.median(done):.2f} s, slowest {max(done):.2f} s",
            met=statistics.median(done) <= DONE_SECONDS,
        ),
        Row(
            name="cancel of a run under way, until its worker is free",
            target=f"<= {CANCEL_SECONDS:g} s",
            measured=f"{max(cancelled):.2f} s",
            met=max(cancelled) <= CANCEL_SECONDS,
        ),
    ]


class _Client:
    """A program with a token, over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, self._headers)
        with self._connection.getresponse() as answer:
            return json.loads(answer.read())


def _finish(client: _Client, body: object) -> float:
    start = time.perf_counter()
    run_id = client.ask("POST", "/backtests", body)["run_id"]
    _await(client, run_id, {"DONE"})
    return time.perf_counter() - start


def _finish_all(client: _Client, bodies: list[dict[str, object]]) -> float:
    """Ask for many runs, one after the other, and wait for the last of them to be done."""
    start = time.perf_counter()
    asked = [client.ask("POST", "/backtests", body)["run_id"] for body in bodies]
    for run_id in asked:
        _await(client, run_id, {"DONE"})
    return time.perf_counter() - start


def _measure_folder(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _cancel(client: _Client, body: object, log: Path) -> float:
    """Cancel a run as soon as it works; its worker says in the log when it has stopped."""
    run_id = client.ask("POST", "/backtests", body)["run_id"]
    _await(client, run_id, {"RUNNING"})
    start = time.perf_counter()
    client.ask("POST", f"/backtests/{run_id}/cancel")
    while "Cancelled." not in (log / f"{run_id}.jsonl").read_text():
        time.sleep(_POLL_SECONDS)
    return time.perf_counter() - start


def _await(client: _Client, run_id: str, states: set[str]) -> None:
    while (run := client.ask("GET", f"/backtests/{run_id}"))["status"] not in states:
        if run["status"] in {"ERROR", "CANCELLED"}:
            raise RuntimeError(json.dumps(run.get("error")))
        time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def _serve(root: str) -> Iterator[int]:
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--bind", "127.0.0.1:0"],
        cwd=_PROJECT,
        env=os.environ | {"HEWSTON_DATA_ROOT": root, "HEWSTON_WORKERS": str(WORKERS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = iter(server.stdout or ())
        next(said)
        yield urlsplit(next(said).split()[-1]).port or 0
    finally:
        server.terminate()
        server.wait(30)
