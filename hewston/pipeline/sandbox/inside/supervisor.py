"""The supervisor of one job: a process that measures, and knows nothing but SIGKILL."""

import contextlib
import dataclasses
import fcntl
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from hewston.pipeline.sandbox.inside import calls, job, privileges, wire
from hewston.pipeline.sandbox.inside.jail import Jail

_PATIENCE_S = 10.0  # a client has this long to say what it wants, and to take the answer
_PIPE_BYTES = 1 << 20
_CHUNK = 1 << 20
_LOG_KEPT = 64 << 10
# linux/seccomp.h: receive one notification, of so many bytes; the call's number is at 16.
_NOTIFICATION_RECEIVE, _NOTIFICATION_BYTES, _NUMBER_AT = 0xC050_2100, 80, 16
_NEARLY = 0.9  # of its memory, at which a job that was ended by the kernel had too little


@dataclasses.dataclass(frozen=True)
class Limits:
    """Where a job is ended: seconds, and bytes of memory, answer and log."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    output_bytes: int
    log_bytes: int


def serve(
    client: socket.socket, jail: Jail, works: Mapping[str, job.Work], zygote: int
) -> NoReturn:
    """Do the one job that a client asks for, answer, and end this process."""
    code = 1
    try:
        privileges.end_with(zygote)
        privileges.hide_memory()
        client.settimeout(_PATIENCE_S)
        message, files = wire.receive(client)
        limits = Limits(**message["limits"])
        work = works.get(message["request"].get("work"))
        if work is None or len(files) > job.MOST_FILES:
            _answer(client, {"end": "refused", "reason": "there is no such work"})
        else:
            wire.send(client, {"begun": True})
            watch = Watch(client, limits)
            watch.start(jail, work, message["request"], files)
            watch.follow()
            _answer(client, watch.report(), bytes(watch.output), bytes(watch.log))
        code = 0
    finally:  # where it raised, the client sees that it is gone, and says so
        os._exit(code)


def _answer(
    client: socket.socket, report: dict[str, Any], output: bytes = b"", log: bytes = b""
) -> None:
    wire.send(client, report | {"output_bytes": len(output), "log_bytes": len(log)})
    client.sendall(output)
    client.sendall(log)


class Watch:
    """Follows one job to its end, whatever that is."""

    def __init__(self, client: socket.socket, limits: Limits) -> None:
        self.client, self.limits = client, limits
        self.output, self.log = bytearray(), bytearray()
        self.logged = 0
        self.end: dict[str, Any] = {}
        self.locked = False
        self.listener: int | None = None
        self.poll = select.poll()

    def start(self, jail: Jail, work: job.Work, request: dict[str, Any], files: list[int]) -> None:
        """Fork the job and watch everything that it holds."""
        (self.out, out), (self.err, err) = os.pipe(), os.pipe()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.suppress(OSError):  # slower without
            fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        ends = job.Ends(log=err, out=out, channel=theirs.fileno(), files=files)
        parent = os.getpid()
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            for mine in (self.client, ours, theirs):
                mine.detach()  # else collecting them would close what is there by then
            job.run(
                jail,
                ends,
                work,
                request,
                parent=parent,
                memory_bytes=self.limits.memory_bytes,
                cpu_s=math.ceil(self.limits.cpu_s) + 1,
            )
        for theirs_alone in (out, err, *files):
            os.close(theirs_alone)
        theirs.close()
        self.channel = ours
        self.process = os.pidfd_open(self.pid)
        for fd in (self.out, self.err, ours.fileno(), self.process):
            self.poll.register(fd, select.POLLIN)
        self.poll.register(self.client, select.POLLIN | select.POLLRDHUP)

    def follow(self) -> None:
        """Watch until the job is gone, and read what it left."""
        over = False
        while not over:
            for fd, _ in self.poll.poll(self._wait_ms()):
                if fd == self.out:
                    self._read_output()
                elif fd == self.err:
                    self._read_log()
                elif fd == self.channel.fileno():
                    self._hear()
                elif fd == self.listener:
                    self._note_attempt(fd)
                elif fd == self.process:
                    over = True
                else:  # the client ended, or breaks the rules
                    self._kill(end="abandoned")
            self._look_at_clocks()
        _, self.status, self.usage = os.wait4(self.pid, 0)
        self.wall_s = time.monotonic() - self.began
        for read in (self._hear, self._read_output, self._read_log):
            while read():
                pass

    def report(self) -> dict[str, Any]:
        """Say how it ended, in plain values."""
        cpu_s = self.usage.ru_utime + self.usage.ru_stime
        peak_bytes = self.usage.ru_maxrss * 1024
        return {
            **(self.end or self._explain(peak_bytes, cpu_s)),
            "wall_s": self.wall_s,
            "cpu_s": cpu_s,
            "peak_bytes": peak_bytes,
            "log_cut": self.logged > len(self.log),
        }

    def _explain(self, peak_bytes: int, cpu_s: float) -> dict[str, Any]:
        """Say how a job ended that this process did not end."""
        code = os.waitstatus_to_exitcode(self.status)
        if not self.locked:
            return {"end": "unlocked", "reason": f"it ended with {code} before it was locked"}
        if code == job.DONE:
            return {"end": "done"}
        if code == -signal.SIGSYS:
            return {"end": "attempt", "call": None}
        if code == job.NO_MEMORY or (code < 0 and peak_bytes > _NEARLY * self.limits.memory_bytes):
            return {"end": "limit", "limit": "memory"}
        if code == -signal.SIGKILL and cpu_s >= self.limits.cpu_s:
            return {"end": "limit", "limit": "cpu"}
        return {"end": "died", "code": code}

    def _kill(self, **end: Any) -> None:  # noqa: ANN401 (plain values)
        self.end = self.end or end
        self._forget(self.client.fileno())
        with contextlib.suppress(ProcessLookupError):  # it was faster
            signal.pidfd_send_signal(self.process, signal.SIGKILL)

    def _wait_ms(self) -> float:
        if self.end:
            return 1000.0
        left_s = self.limits.wall_s - (time.monotonic() - self.began)
        # One thread: it cannot use more seconds of a processor than pass.
        left_s = min(left_s, self.limits.cpu_s - self._cpu_s())
        return max(left_s, 0.0) * 1000 + 1

    def _look_at_clocks(self) -> None:
        if self.end:
            return
        if self._cpu_s() >= self.limits.cpu_s:
            self._kill(end="limit", limit="cpu")
        elif time.monotonic() - self.began >= self.limits.wall_s:
            self._kill(end="limit", limit="wall")

    def _cpu_s(self) -> float:
        try:
            return time.clock_gettime((~self.pid << 3) | 2)  # the process's own clock
        except OSError:  # it is gone
            return 0.0

    def _read_output(self) -> bool:
        data = self._read(self.out)
        self.output += data
        if len(self.output) > self.limits.output_bytes:
            del self.output[self.limits.output_bytes :]
            self._kill(end="limit", limit="output")
            return False
        return bool(data)

    def _read_log(self) -> bool:
        data = self._read(self.err)
        self.logged += len(data)
        self.log += data[: _LOG_KEPT - len(self.log)]
        if self.logged > self.limits.log_bytes:
            self._kill(end="limit", limit="log")
            return False
        return bool(data)

    def _read(self, fd: int) -> bytes:
        data = os.read(fd, _CHUNK)
        if not data:
            self._forget(fd)
        return data

    def _forget(self, fd: int) -> None:
        with contextlib.suppress(KeyError):
            self.poll.unregister(fd)

    def _hear(self) -> bool:
        """Hear from a job that runs no stranger's code yet, or that closed its channel."""
        said, fds, _, _ = socket.recv_fds(self.channel, 1 << 10, 1)
        if fds:
            self.listener = fds[0]
            self.poll.register(self.listener, select.POLLIN)
        if said == job.LOCKED:
            self.locked = True
        elif said.startswith(job.SORRY):
            self._kill(end="unlocked", reason=said[1:].decode(errors="replace"))
        elif not said:
            self._forget(self.channel.fileno())
        return bool(said)

    def _note_attempt(self, listener: int) -> None:
        notification = bytearray(_NOTIFICATION_BYTES)
        try:
            fcntl.ioctl(listener, _NOTIFICATION_RECEIVE, notification)
        except OSError:  # the job is gone
            self._forget(listener)
            return
        number = int.from_bytes(notification[_NUMBER_AT : _NUMBER_AT + 4], sys.byteorder)
        self._kill(end="attempt", call=calls.NAMES.get(number, str(number)))
