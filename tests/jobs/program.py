"""A program that speaks with a site whose workers work."""

import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.commands import succeed
from tests.serving import Serving, serve

BOUNDARY = "b" * 16
UPLOAD = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
JSON = {"Content-Type": "application/json"}


class Program:
    """Speaks with a served site by a token."""

    def __init__(self, serving: Serving, token: str) -> None:
        self.serving, self.token = serving, token

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] = UPLOAD
    ) -> tuple[int, dict[str, Any]]:
        bearer = {"Authorization": f"Bearer {self.token}"}
        answer = self.serving.request(path, body=body, headers={**headers, **bearer})
        return answer.status, json.loads(answer.body)

    def follow(self, path: str) -> dict[str, Any]:
        """The job at this address, once it is over."""
        wait(lambda: self.ask(path)[1]["status"] not in {"QUEUED", "RUNNING"}, path)
        return self.ask(path)[1]

    def request_run(self, dataset_id: str, seed: int) -> tuple[int, dict[str, Any]]:
        asked = {"dataset_id": dataset_id, "strategy_id": "sma_crossover", "seed": seed}
        return self.ask("/backtests", json.dumps(asked).encode(), JSON)


def wait(until: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 40
    while not until():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def multipart(*files: Path) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + path.read_bytes()
        for path in files
    ]
    return b"\r\n".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def choose(folder: Path, month: str) -> list[Path]:
    return sorted(folder.glob(f"*-2023{month}01-*.t*"))


@contextlib.contextmanager
def working(root: Path) -> Iterator[Program]:
    token = succeed(root, "token", "files", "--scope", "run", "--scope", "ingest")["token"]
    with serve(root) as serving:
        yield Program(serving, token)
        serving.process.send_signal(signal.SIGINT)
        assert serving.process.wait(60) == 0
