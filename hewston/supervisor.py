"""One foreground command that starts all of Hewston and ends all of it: `manage.py serve`.

It imports no Django, so it stays small and outlives a part that crashes: the web server, and a
cluster of workers for each queue. It holds the listening socket: while a crashed web server starts
again, browsers wait instead of failing. `manage.py worker` is the same without the web server.
"""

import argparse
import contextlib
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

LIFELINE = Path(__file__).resolve().with_name("lifeline.py")
WEB_SERVER = (
    *("hewston.webserver", "--verbosity", "0", "--no-server-name", "-t", "60"),
    *("--ping-interval", "10", "--ping-timeout", "20"),
    *("--websocket-max-message-size", "16384", "--application-close-timeout", "5"),
)
QUEUES = ("runs", "ingest")
APPLICATION = "hewston.asgi:application"
# Pages read a file now and then: memory goes back at once, and few threads each keep some.
WEB_MEMORY = {
    "MALLOC_ARENA_MAX": "2",  # glibc: Python and its libraries
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0,narenas:1",  # jemalloc: polars
    "POLARS_MAX_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "1",
}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOPBACK = ("127.0.0.1", "localhost")
GRACE_SECONDS = 5.0  # a child that was asked to end has this long
WORKER_GRACE_SECONDS = 12.0  # jobs under way may end within it
QUICK_SECONDS = 1.5  # parts without work end within it
LOOK_SECONDS = 0.2
START_LOOK_SECONDS = 0.05
STEADY_SECONDS = 10.0  # a part that ran this long had started well
BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
START_TRIES = 3  # a part that never once started well is given up after these


class ServeError(Exception):
    """Serving cannot go on; the message says why and what to do."""


def main(command: str, arguments: Sequence[str]) -> int:
    """Do ``serve`` or ``worker`` until Ctrl-C.

    Returns the exit code: 0 ended on request, 1 failed, 2 wrong usage.
    """
    options = (_parser() if command == "serve" else _worker_parser()).parse_args(arguments)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        if command == "serve":
            _serve(options.bind, sample=options.sample)
        _work()
    except ServeError as problem:
        sys.stderr.write(f"Error: {problem}\n")
        return 1
    except KeyboardInterrupt:
        _say("Stopped.")
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="manage.py serve", description="Serve Hewston's pages until Ctrl-C."
    )
    parser.add_argument(
        "--bind",
        type=_address,
        default=("127.0.0.1", 8000),
        metavar="HOST:PORT",
        help="where to listen (default: 127.0.0.1:8000)",
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="make the sample year and a backtest of it first, where they are missing",
    )
    return parser


def _worker_parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="manage.py worker", description="Work on ingests and backtests until Ctrl-C."
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 (ports end there)
        raise argparse.ArgumentTypeError(
            f"{text!r} is not HOST:PORT with a port from 0 to 65535, like 127.0.0.1:8000"
        )
    return host, int(port)


def _serve(bind: tuple[str, int], *, sample: bool) -> NoReturn:
    with _bound(bind) as listener:
        port = int(listener.getsockname()[1])
        path = _prepare(sample=sample)
        _listen(listener, bind[0])
        web = _Part(
            "web server",
            (*WEB_SERVER, "--fd", str(listener.fileno()), APPLICATION),
            keep=listener,
            env=WEB_MEMORY | os.environ,
            is_up=lambda: _answers(port),
        )
        with _running([web, *_workers()]) as parts:
            _look_after(parts, announce=lambda: _announce(bind[0], port, path))


def _work() -> NoReturn:
    _prepare(sample=False)
    with _running(_workers()) as parts:
        _look_after(parts, announce=lambda: _say("Jobs are worked on until you press Ctrl-C."))


def _workers() -> "list[_Part]":
    return [
        _Part(
            f"worker of {queue}",
            ("manage", "cluster"),
            env=os.environ | {"Q_CLUSTER_NAME": queue},
            grace_s=WORKER_GRACE_SECONDS,
        )
        for queue in QUEUES
    ]


class _Part:
    """A process that is started again, ever more slowly, whenever it ends by itself."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        keep: socket.socket | None = None,
        is_up: Callable[[], bool] = lambda: True,
        grace_s: float = GRACE_SECONDS,
    ) -> None:
        self.name, self.grace_s, self.is_up = name, grace_s, is_up
        self._command, self._env, self._keep = command, env, keep
        self._failures = 0
        self.start()

    def start(self) -> None:
        """Start the process, in a session of its own."""
        self._started = time.monotonic()
        self._due: float | None = None
        self.process = _start(*self._command, keep=self._keep, env=self._env)

    def is_running_after(self, seconds: float) -> bool:
        """Wait for the process to end; tell whether it runs still."""
        try:
            self.process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            return True
        return False

    def look(self, *, is_announced: bool) -> None:
        """Start the process again, when it has ended and its time has come.

        Raises ServeError for one that never once started well.
        """
        code = self.process.poll()
        if code is None:
            return
        now = time.monotonic()
        if self._due is None:
            _kill_session(self.process)
            steady = now - self._started >= STEADY_SECONDS
            self._failures = 1 if steady else self._failures + 1
            if not is_announced and self._failures == START_TRIES:
                raise ServeError(f"The {self.name} does not start; what it said is above.")
            delay = BACK_OFF_SECONDS[min(self._failures, len(BACK_OFF_SECONDS)) - 1]
            self._due = now + delay
            _say(
                f"The {self.name} ended by itself ({_ending(code)}); it starts again in "
                f"{delay:g} s."
            )
        elif now >= self._due:
            self.start()


def _interrupt(child: subprocess.Popen[str], grace_s: float = GRACE_SECONDS) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(grace_s)
    _kill_session(child)


@contextlib.contextmanager
def _running(parts: list[_Part]) -> Iterator[list[_Part]]:
    """End all parts at once when the block ends."""
    try:
        yield parts
    finally:
        with _deaf():
            for part in parts:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(part.process.pid, signal.SIGINT)  # what it started, it ends itself
            asked = time.monotonic()
            if any(part.is_running_after(QUICK_SECONDS) for part in parts):
                _say("Stopping: a job under way has 10 s, and goes on at the next start.")
            for part in parts:
                part.is_running_after(asked + part.grace_s - time.monotonic())
                _kill_session(part.process)


def _look_after(parts: Sequence[_Part], *, announce: Callable[[], None]) -> NoReturn:
    is_announced = False
    while True:
        for part in parts:
            part.look(is_announced=is_announced)
        if not is_announced and all(part.is_up() for part in parts):
            is_announced = True
            announce()
        time.sleep(LOOK_SECONDS if is_announced else START_LOOK_SECONDS)


def _bound(bind: tuple[str, int]) -> socket.socket:
    """Take the address first, so that a busy one is refused before any work is done."""
    host, port = bind
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # The address may still know connections of a server that has just ended.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise _refusal(host, port, problem) from problem
    return listener


def _listen(listener: socket.socket, host: str) -> None:
    try:
        listener.listen(1024)
    except OSError as problem:  # another server that was also starting won
        raise _refusal(host, int(listener.getsockname()[1]), problem) from problem


def _refusal(host: str, port: int, problem: OSError) -> ServeError:
    if problem.errno == errno.EADDRINUSE:
        return ServeError(
            f"Port {port} of {host} is in use by another program. End that one, or choose"
            f" another port: --bind {host}:{port + 1} (with make: PORT={port + 1})."
        )
    return ServeError(f"{host}:{port} cannot be listened on: {problem.strerror or problem}.")


def _prepare(*, sample: bool) -> str:
    """Bring database and data up to date; returns the path of a one-time sign-in link."""
    command = _start("manage", "prepare", *(["--sample"] if sample else []), capture=True)
    try:
        said, _ = command.communicate()
    finally:
        with _deaf():
            _interrupt(command)
    if command.returncode:
        raise ServeError("Hewston could not be made ready; the reason is above.")
    return str(said).strip()


def _start(
    *command: str,
    keep: socket.socket | None = None,
    capture: bool = False,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start a module in a session of its own, which the kernel ends with this process."""
    return subprocess.Popen(  # noqa: S603 (modules of this project, named here)
        [sys.executable, LIFELINE, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        text=True,
        env=env,
        start_new_session=True,
        pass_fds=[] if keep is None else [keep.fileno()],
    )


def _kill_session(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):  # where all of the session is gone
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Ignore signals to stop: what they ask for is under way."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _answers(port: int) -> bool:
    """Tell whether the web server answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _announce(host: str, port: int, path: str) -> None:
    if host in LOOPBACK:
        site = f"http://{host}:{port}"
        _say(f"Hewston is at {site}/ until you press Ctrl-C.")
        _say(f"Sign in with this link, once, within ten minutes: {site}{path}")
    else:
        _say(f"Hewston listens on {host}:{port} until you press Ctrl-C.")


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
