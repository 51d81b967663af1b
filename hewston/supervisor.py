"""One foreground command that starts all of Hewston and ends all of it: `manage.py serve`.

It imports no Django, so it stays small and outlives a part that crashes. It holds the
listening socket: while a crashed web server starts again, browsers wait instead of failing.
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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

LIFELINE = Path(__file__).resolve().with_name("lifeline.py")
WEB_SERVER = (
    *("hewston.webserver", "--verbosity", "0", "--no-server-name", "-t", "60"),
    *("--ping-interval", "10", "--ping-timeout", "20"),
    *("--websocket-max-message-size", "16384", "--application-close-timeout", "5"),
)
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
STEADY_SECONDS = 10.0  # a web server that ran this long had started well
BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
START_TRIES = 3  # a web server that never once started well is given up after these


class ServeError(Exception):
    """Serving cannot go on; the message says why and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C; returns the exit code: 0 ended on request, 1 failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        _serve(options.bind, sample=options.sample)
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
        command = (*WEB_SERVER, "--fd", str(listener.fileno()), APPLICATION)
        announced = False
        failures = 0
        while True:
            started = time.monotonic()
            with _child(*command, keep=listener, env=WEB_MEMORY | os.environ) as web:
                if not announced and _answers(web, port):
                    announced = True
                    _announce(bind[0], port, path)
                code = web.wait()
            failures = 1 if time.monotonic() - started >= STEADY_SECONDS else failures + 1
            if not announced and failures == START_TRIES:
                raise ServeError("The web server does not start; what it said is above.")
            delay = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS)) - 1]
            _say(
                f"The web server ended by itself ({_ending(code)}); it starts again in {delay:g} s."
            )
            time.sleep(delay)


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
    with _child("manage", "prepare", *(["--sample"] if sample else []), capture=True) as command:
        said, _ = command.communicate()
    if command.returncode:
        raise ServeError("Hewston could not be made ready; the reason is above.")
    return str(said).strip()


@contextlib.contextmanager
def _child(
    *command: str,
    keep: socket.socket | None = None,
    capture: bool = False,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a module in a session of its own; when the block ends, so does all of that session."""
    child = subprocess.Popen(  # noqa: S603 (modules of this project, named here)
        [sys.executable, LIFELINE, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        text=True,
        env=env,
        start_new_session=True,
        pass_fds=[] if keep is None else [keep.fileno()],
    )
    try:
        yield child
    finally:
        _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    # It ends already: a second Ctrl-C changes nothing.
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    with contextlib.suppress(ProcessLookupError):  # where all of the session is gone
        os.killpg(child.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _answers(web: subprocess.Popen[str], port: int) -> bool:
    """Wait until the web server answers; False when it ended instead."""
    while web.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return True
        finally:
            connection.close()
    return False


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
