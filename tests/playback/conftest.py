"""The catalogue of the pages' tests, and the site as it is served."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.playback.films import frames_of
from tests.scenes import RUN_ID, catalogue, stage

__all__ = ["catalogue", "stage"]

START_SECONDS = 60


class Viewer:
    """A client of the playback socket that acknowledges every so many frames; 0 is never."""

    def __init__(self, connection, acks):
        self.connection, self.acks = connection, acks
        self.heard = []

    async def say(self, **message):
        await self.connection.send(json.dumps(message))

    async def control(self, cmd, **values):
        await self.say(t="ctrl", cmd=cmd, **values)

    async def hear(self):
        message = json.loads(await self.connection.recv())
        self.heard.append(message)
        if message["t"] == "frame" and self.acks and message["seq"] % self.acks == 0:
            await self.say(t="ack", seq=message["seq"])
        return message

    async def hear_until(self, kind, **values):
        """Listen up to the first message of a kind with these values."""
        while True:
            message = await self.hear()
            if message["t"] == kind and values.items() <= message.items():
                return message

    async def hear_to_the_close(self):
        """Listen until the server closes; returns its code."""
        while True:
            try:
                await self.hear()
            except Exception:
                return self.connection.close_code

    @property
    def frames(self):
        return frames_of(self.heard)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: str


class Site(NamedTuple):
    port: int
    process: psutil.Process
    cookie: str

    @contextlib.asynccontextmanager
    async def watch(self, query="", *, acks=10, run=RUN_ID, **options):
        """Open a run's socket as a page does."""
        async with connect(
            f"ws://127.0.0.1:{self.port}/backtests/{run}/ws{query}",
            origin=Origin(f"http://127.0.0.1:{self.port}"),
            additional_headers={"Cookie": self.cookie},
            proxy=None,
            **options,
        ) as connection:
            yield Viewer(connection, acks)

    def ask(self, path, *, pause=0, **headers):
        """Ask for something, and read it to its end after a pause."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Cookie": self.cookie} | headers)
            with connection.getresponse() as answer:
                time.sleep(pause)
                return Answer(answer.status, answer.headers, answer.read().decode())


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("playback")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = Path(root / "site.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.playback.site", str(port)],
            env=os.environ | {"HEWSTON_DATA_ROOT": str(root)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + START_SECONDS
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        session = (root / "session").read_text()
        yield Site(port, psutil.Process(process.pid), f"hewston_session={session}")
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in log.read_text(), log.read_text()
