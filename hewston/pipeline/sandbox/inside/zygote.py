"""The zygote: one thread that has everything imported and forks a supervisor for each job."""

import contextlib
import dataclasses
import os
import select
import socket
import time
from collections.abc import Mapping

from hewston.pipeline.sandbox.inside import canary, job, kernel, supervisor, wire
from hewston.pipeline.sandbox.inside.jail import Jail

_LOOK_MS = 1000  # orphans of a killed supervisor are collected at least this often
_SOON_MS = 5  # and right after one was
_CANARY_LIMITS = {
    "wall_s": 10.0,
    "cpu_s": 5.0,
    "memory_bytes": 256 << 20,
    "output_bytes": 1 << 10,
    "log_bytes": 1 << 10,
}


@dataclasses.dataclass(frozen=True)
class Ends:
    """Who is told that this zygote leaves, where jobs come from, and what ends with its parent."""

    owner: socket.socket
    control: socket.socket
    alive: int


def serve(
    ends: Ends,
    jail: Jail,
    works: Mapping[str, job.Work],
    *,
    cores: int,
    most_jobs: int,
    most_s: float,
) -> None:
    """Fork a supervisor for each socket that arrives; returns when it is time for a new zygote.

    At most ``cores`` at once; others wait in the kernel. What a job is about is read by its
    supervisor alone: nothing of it was ever in the memory that later jobs inherit. Ends when
    nobody holds the other end of its sockets any more.
    """
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # so that orphans come here in tier 3 too
    running: set[int] = set()
    count, began, old = 0, time.monotonic(), False
    ends.control.settimeout(0)
    while True:
        if not old and (count >= most_jobs or time.monotonic() - began > most_s):
            old = True
            wire.send(ends.owner, {"leaving": True})  # another begins; this one does what it began
        if old and not running:
            return
        poll = select.poll()
        poll.register(ends.alive, select.POLLIN)
        for process in running:
            poll.register(process, select.POLLIN)
        if len(running) < cores and not old:
            poll.register(ends.control, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(_LOOK_MS)}
        if ends.alive in ready:
            return
        _collect(running, ready)
        if ends.control.fileno() in ready:
            client = _accept(ends.control)
            if client is not None:
                count += 1
                running.add(_fork(client, ends, jail, works, running))


def try_canary(jail: Jail, works: Mapping[str, job.Work]) -> None:
    """Have one job done before any other. Raises OSError with what does not hold."""
    ours, theirs = socket.socketpair()
    zygote = os.getpid()
    if os.fork() == 0:
        ours.close()
        supervisor.serve(theirs, jail, works, zygote)
    theirs.close()
    with ours:
        wire.send(ours, {"request": {"work": canary.NAME}, "limits": _CANARY_LIMITS})
        wire.receive(ours)
        report, _ = wire.receive(ours)
        answer = wire.receive_exactly(ours, report["output_bytes"])
        log = wire.receive_exactly(ours, report["log_bytes"])
    os.wait()
    if answer != canary.ANSWER or report["end"] != "done":
        raise OSError(0, str(report.get("reason") or log.decode() or report))


def _accept(control: socket.socket) -> socket.socket | None:
    try:
        word, files, _, _ = socket.recv_fds(control, 16, 1)
    except BlockingIOError:  # another zygote, that this one follows, was faster
        return None
    if not word:  # nobody can ask any more
        os._exit(0)
    return socket.socket(fileno=files[0]) if files else None


def _fork(
    client: socket.socket,
    ends: Ends,
    jail: Jail,
    works: Mapping[str, job.Work],
    running: set[int],
) -> int:
    zygote = os.getpid()
    pid = os.fork()
    if pid == 0:
        for fd in (ends.owner.detach(), ends.control.detach(), ends.alive, *running):
            os.close(fd)
        supervisor.serve(client, jail, works, zygote)
    client.close()
    return os.pidfd_open(pid)


def _collect(running: set[int], ready: set[int]) -> None:
    """Forget supervisors that ended, and collect them and the orphans of killed ones."""
    for process in ready & running:
        running.discard(process)
        os.close(process)
    killed = False
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            killed = killed or os.WIFSIGNALED(ended[1])
        if killed:  # its job dies now
            time.sleep(_SOON_MS / 1000)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
