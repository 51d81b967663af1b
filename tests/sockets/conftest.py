"""A served site, what its people sign in with, and how others change its database meanwhile."""

import contextlib
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from websockets.asyncio.client import connect

START_SECONDS = 60
CSRF = "c" * 32


class Site(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int
    root: Path

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self):
        return f"http://{self.host}"

    def log(self):
        return (self.root / "site.log").read_text()

    def people(self):
        return json.loads((self.root / "people.json").read_text())

    def cookie(self, name):
        return {"Cookie": f"hewston_session={self.people()[name]['session']}"}

    def bearer(self, name):
        return {"Authorization": f"Bearer {self.people()[name]['token']}"}

    def open(self, path, headers, *, origin=None):
        """Open a socket as a browser does, or, without an origin, as a program does."""
        return connect(
            f"ws://{self.host}{path}",
            origin=origin,
            additional_headers=headers,
            proxy=None,
            max_size=None,
            close_timeout=0.5,
        )

    def request(self, method, path, *, body=None, headers=()):
        """Ask for something; returns status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            with connection.getresponse() as answer:
                return answer.status, answer.read()

    def connect(self, head):
        """Open a raw connection and send the head of a request."""
        client = socket.create_connection(("127.0.0.1", self.port), 30)
        client.sendall(head.encode().replace(b"\n", b"\r\n"))
        return client

    def ask(self, path):
        return json.loads(self.request("GET", path)[1])

    def write(self, statement, *values):
        """Change the database from outside of the web process."""
        database = sqlite3.connect(self.root / "hewston.sqlite3", 20)
        with contextlib.closing(database), database:
            database.execute(statement, values)

    @property
    def resident_bytes(self):
        return psutil.Process(self.process.pid).memory_info().rss


@contextlib.contextmanager
def serve(root, **settings):
    """Serve on a data root until the block ends, which must leave no traceback in the log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (root / "site.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.sockets.site", str(port)],
            env=os.environ | {"HEWSTON_DATA_ROOT": str(root), **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    site = Site(process, port, root)
    deadline = time.monotonic() + START_SECONDS
    try:
        while True:
            with contextlib.suppress(OSError):
                site.request("GET", "/healthz")
                break
            assert process.poll() is None, site.log()
            assert time.monotonic() < deadline, site.log()
            time.sleep(0.05)
        yield site
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in site.log()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """One whose uploads are small."""
    with serve(tmp_path_factory.mktemp("sockets"), HEWSTON_UPLOAD_GB="0.02") as site:
        yield site


@pytest.fixture(scope="session")
def strict_site(tmp_path_factory):
    """One behind HTTPS, on a disk without room."""
    settings = {"HEWSTON_HTTPS": "1", "HEWSTON_MIN_FREE_GB": "1e9"}
    with serve(tmp_path_factory.mktemp("strict"), **settings) as site:
        yield site


def wait_until(true):
    """Wait for what must come about, however busy the machine is."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return True
