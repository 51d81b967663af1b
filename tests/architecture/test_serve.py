"""`manage.py serve`: one command that starts all of it, and ends all of it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
LONG_SECONDS = 30  # far more than any of it takes

pytestmark = pytest.mark.slow


class Serving(NamedTuple):
    process: subprocess.Popen[str]
    port: int
    link: str

    def web_server(self) -> psutil.Process:
        (child,) = psutil.Process(self.process.pid).children()
        return child

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG_SECONDS)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()


def start_serving(data_root: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", *options],
        cwd=PROJECT,
        env=os.environ | {"HEWSTON_DATA_ROOT": str(data_root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    process = start_serving(tmp_path, "--bind", "127.0.0.1:0")
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    link = lines[1].split()[-1]
    port = urlsplit(link).port
    assert port is not None, lines
    with process:
        yield Serving(process, port, link)
        if process.poll() is None:
            process.kill()


def test_it_prints_a_link_that_signs_in_once(serving: Serving) -> None:
    assert serving.get("/healthz").status == 200
    path = urlsplit(serving.link).path
    first = serving.get(path)
    assert first.status == 302
    assert first.headers["Location"] == "/"
    session = (first.headers["Set-Cookie"] or "").split(";")[0]
    assert serving.get("/", Cookie=session).status == 200
    again = serving.get(path)
    assert "hewston_session" not in (again.headers["Set-Cookie"] or "")


def test_ctrl_c_ends_all_of_it(serving: Serving) -> None:
    web_server = serving.web_server()
    serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(LONG_SECONDS) == 0
    assert not web_server.is_running()
    assert serving.process.stderr is not None
    assert serving.process.stderr.read() == ""


def test_a_request_to_terminate_ends_all_of_it(serving: Serving) -> None:
    web_server = serving.web_server()
    serving.process.terminate()
    assert serving.process.wait(LONG_SECONDS) == 0
    assert not web_server.is_running()


def test_a_killed_supervisor_leaves_nothing_behind(serving: Serving) -> None:
    web_server = serving.web_server()
    serving.process.kill()
    _, alive = psutil.wait_procs([web_server], timeout=LONG_SECONDS)
    assert alive == []


def test_a_killed_web_server_starts_again_and_no_browser_is_refused(serving: Serving) -> None:
    before = serving.web_server()
    before.kill()
    before.wait(LONG_SECONDS)
    assert serving.get("/healthz").status == 200
    assert serving.web_server().pid != before.pid


def test_a_body_over_the_limit_is_refused_before_it_is_read(serving: Serving) -> None:
    with socket.create_connection(("127.0.0.1", serving.port), LONG_SECONDS) as client:
        client.sendall(b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_grows_over_the_limit_is_refused(serving: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=LONG_SECONDS)
    connection.request("POST", "/healthz", body=(b"x" * 10_000 for _ in range(150)))
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.load(answer)["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_a_body_below_the_limit_reaches_the_site(serving: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=LONG_SECONDS)
    connection.request("POST", "/healthz", body=b"x" * 1_000_000)
    assert connection.getresponse().status in {403, 405}


def test_a_busy_port_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        process = start_serving(tmp_path, "--bind", f"127.0.0.1:{port}")
        said, complained = process.communicate(timeout=LONG_SECONDS)
    assert process.returncode == 1
    assert said == ""
    assert complained.startswith(f"Error: Port {port} of 127.0.0.1 is in use by another program.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bind", ["8000", "127.0.0.1:", "127.0.0.1:eight", "127.0.0.1:70000"])
def test_an_address_that_is_none_is_wrong_usage(tmp_path: Path, bind: str) -> None:
    process = start_serving(tmp_path, "--bind", bind)
    _, complained = process.communicate(timeout=LONG_SECONDS)
    assert process.returncode == 2
    assert "is not HOST:PORT" in complained
