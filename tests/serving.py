"""`manage.py serve` in a process of its own, on a data root of its own."""

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from email.message import Message
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from hewston.supervisor import WEB_MEMORY

PROJECT = Path(__file__).resolve().parents[1]
LONG_SECONDS = 30  # far more than any of it takes


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


class Serving(NamedTuple):
    process: subprocess.Popen[str]
    port: int
    link: str

    def part(self, name: str) -> psutil.Process:
        """The process that serve started for a part: webserver, runs or ingest."""
        (found,) = (
            child
            for child in psutil.Process(self.process.pid).children()
            if name in (f"{' '.join(child.cmdline())} {child.environ().get('Q_CLUSTER_NAME')}")
        )
        return found

    def family(self) -> list[psutil.Process]:
        """Every process that there is because of this one, without itself."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def request(
        self,
        path: str,
        *,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG_SECONDS)
        with contextlib.closing(connection):
            connection.request("GET" if body is None else "POST", path, body, dict(headers))
            with connection.getresponse() as answer:
                return Answer(answer.status, answer.headers, answer.read())


def start_serving(data_root: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", *options],
        cwd=PROJECT,
        # Without what libraries that this process loaded have set for themselves.
        env={name: value for name, value in os.environ.items() if name not in WEB_MEMORY}
        | {"HEWSTON_DATA_ROOT": str(data_root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def serve(data_root: Path, *options: str) -> Iterator[Serving]:
    with start_serving(data_root, "--bind", "127.0.0.1:0", *options) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline(), process.stderr.read()
            link = process.stdout.readline().split()[-1]
            yield Serving(process, int(urlsplit(link).port or 0), link)
        finally:
            if process.poll() is None:
                process.kill()
