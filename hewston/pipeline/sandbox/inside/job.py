"""A job: a fork of the supervisor that locks itself and then runs what it was asked for."""

import contextlib
import dataclasses
import fcntl
import io
import os
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from hewston.pipeline.sandbox.inside.jail import Jail, UnlockedError, lock

Work = Callable[[dict[str, Any], list[int], int], None]

# How it ends. After the lock it can end as it likes: a lie is about itself.
DONE, FAILED, NO_MEMORY, UNLOCKED = 0, 71, 72, 73
LOCKED, SORRY = b"L", b"!"  # what it tells over its channel
OUT, FIRST_FILE, MOST_FILES = 3, 4, 2
_CHANNEL, _RULES = 8, 9  # closed before the work begins
_ABOVE = 64
_NICER = 5  # when processors are short, everything else of the machine comes first
_MOST_REASON = 500


@dataclasses.dataclass(frozen=True)
class Ends:
    """The descriptors that a job is given: where it writes, what it reads, whom it tells."""

    log: int
    out: int
    channel: int
    files: Sequence[int]


def run(
    jail: Jail,
    ends: Ends,
    work: Work,
    request: dict[str, Any],
    *,
    parent: int,
    memory_bytes: int,
    cpu_s: int,
) -> NoReturn:
    """Lock this process, work, and end it. Never returns and never raises."""
    code = UNLOCKED
    try:
        os.nice(_NICER)
        jail = _place(jail, ends)
        channel = socket.socket(fileno=_CHANNEL)
        try:
            lock(jail, parent=parent, channel=channel, memory_bytes=memory_bytes, cpu_s=cpu_s)
        except (OSError, UnlockedError) as problem:
            with contextlib.suppress(OSError):
                reason = problem.strerror if isinstance(problem, OSError) else None
                channel.sendmsg([SORRY + (reason or str(problem)).encode()[:_MOST_REASON]])
        else:
            channel.sendmsg([LOCKED])
            channel.close()
            code = _work(work, request, len(ends.files))
    finally:
        os._exit(code)


def _place(jail: Jail, ends: Ends) -> Jail:
    """Put each descriptor where it belongs and close all others."""
    wanted = {1: ends.log, 2: ends.log, OUT: ends.out, _CHANNEL: ends.channel}
    wanted |= {FIRST_FILE + number: file for number, file in enumerate(ends.files)}
    if jail.rules is not None:
        wanted[_RULES] = jail.rules
    copies = {place: fcntl.fcntl(fd, fcntl.F_DUPFD, _ABOVE) for place, fd in wanted.items()}
    for place, copy in copies.items():
        os.dup2(copy, place)
    last = FIRST_FILE + len(ends.files)
    os.closerange(last, _CHANNEL)
    os.closerange(_CHANNEL + 1 if jail.rules is None else _RULES + 1, os.sysconf("SC_OPEN_MAX"))
    return dataclasses.replace(jail, rules=None if jail.rules is None else _RULES)


def _work(work: Work, request: dict[str, Any], files: int) -> int:
    code = FAILED
    try:
        sys.stdout, sys.stderr = _open_log(1), _open_log(2)
        work(request, list(range(FIRST_FILE, FIRST_FILE + files)), OUT)
        code = DONE
    except MemoryError:
        code = NO_MEMORY
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    return code


def _open_log(fd: int) -> io.TextIOWrapper:
    """Open a stream anew: Python's own began at another file."""
    raw = io.FileIO(fd, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
