"""How much memory an upload costs the web process, and how fast it comes in."""

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Self

import psutil

from benchmarks.pages import run_python, serve
from benchmarks.rows import Row

UPLOAD_MB = 500
MEMORY_MB = 30.0
_PART = bytes(250_000)
_BOUNDARY = "b" * 16
_CSRF = "c" * 32
_LOOK_SECONDS = 0.01
_SIGN_IN = """
import json
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from apps.permissions.actions import ensure_user
request = HttpRequest()
request.session = SessionStore()
login(request, ensure_user(), backend="django.contrib.auth.backends.ModelBackend")
request.session.save()
print(json.dumps(request.session.session_key))
"""


def measure() -> list[Row]:
    """Send one large file to the page that takes it, over loopback."""
    with tempfile.TemporaryDirectory() as root:
        run_python(root, "manage.py", "migrate", "--verbosity", "0")
        session = json.loads(run_python(root, "manage.py", "shell", "-v", "0", "-c", _SIGN_IN))
        cookies = f"hewston_session={session}; hewston_csrf={_CSRF}"
        with serve(root) as (port, process):
            _upload(port, cookies, 2)  # what is loaded once is no cost of a large upload
            before = process.memory_info().rss
            with _Peak(process) as peak:
                start = time.perf_counter()
                _upload(port, cookies, UPLOAD_MB)
                taken = time.perf_counter() - start
            grown = (peak.resident_bytes - before) / 1e6
    return [
        Row(
            name=f"web process, growth at most in an upload of {UPLOAD_MB} MB",
            target=f"<= {MEMORY_MB:g} MB",
            measured=f"{grown:.1f} MB",
            met=grown <= MEMORY_MB,
        ),
        Row(
            name=f"upload of {UPLOAD_MB} MB, until the job is asked for",
            target="-",
            measured=f"{taken:.1f} s, {UPLOAD_MB / taken:.0f} MB/s",
            met=True,
        ),
    ]


class _Peak:
    """The most memory that a process held while the block ran."""

    def __init__(self, process: psutil.Process) -> None:
        self.resident_bytes = 0
        self._process = process
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            self.resident_bytes = max(self.resident_bytes, self._process.memory_info().rss)


def _upload(port: int, cookies: str, megabytes: int) -> None:
    parts = megabytes * 1_000_000 // len(_PART)
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.dbn"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(parts):
            yield _PART
        yield tail

    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {
        "Cookie": cookies,
        "X-CSRFToken": _CSRF,
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        "Content-Length": str(len(head) + parts * len(_PART) + len(tail)),
    }
    connection.request("POST", "/datasets/new/", body(), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != http.client.FOUND:
        raise RuntimeError(f"the upload was answered with {answer.status}: {text[:2000]!r}")
