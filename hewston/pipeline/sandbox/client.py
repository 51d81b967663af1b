"""Asks a zygote to do a job, from whichever process was given the client."""

import contextlib
import fcntl
import os
import re
import socket
from collections.abc import Buffer, Iterator, Mapping, Sequence
from multiprocessing import reduction
from typing import Any

from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.inside import wire
from hewston.pipeline.sandbox.limits import USUAL, Answer, Limits

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_GRACE_S = 10.0  # beyond its limit, a job that nobody ended in time is given up
_MOST_LOG = 64 << 10
# Without newline and tab; with what turns the direction of a text.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LIMIT_WORDS = {
    "wall": "took longer than {wall_s:g} s",
    "cpu": "computed for longer than {cpu_s:g} s",
    "memory": "needed more than {memory_mb:g} MB of memory",
    "output": "gave back more than {output_mb:g} MB",
    "log": "printed more than {log_mb:g} MB",
}

# What a job reads: bytes, or parts that follow each other in it.
type File = bytes | Sequence[Buffer]


class Client:
    """Carries jobs to a zygote. Can be pickled for a child that is just being started."""

    def __init__(self, control: int, *, queue_s: float) -> None:
        """Ask over the descriptor ``control``; a job waits ``queue_s`` at most for its turn."""
        self._control, self._queue_s = control, queue_s

    def __getstate__(self) -> dict[str, Any]:
        """Take the descriptor along."""
        return {"control": reduction.DupFd(self._control), "queue_s": self._queue_s}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the descriptor over."""
        self._control, self._queue_s = state["control"].detach(), state["queue_s"]

    def run(
        self, request: Mapping[str, Any], files: Sequence[File], limits: Limits = USUAL
    ) -> Answer:
        """Do one job: ``request["work"]`` names it, ``files`` are what it reads.

        The output is whatever a stranger wrote. Raises SandboxError.
        """
        ours, theirs = socket.socketpair()
        with ours, _sealed(files) as sealed:
            ours.settimeout(self._queue_s)
            with theirs:
                self._submit(theirs)
            try:
                wire.send(ours, {"request": request, "limits": _as_words(limits)}, sealed)
                return self._wait(ours, limits)
            except TimeoutError as problem:
                raise SandboxError(
                    f"The sandbox had no turn for this within {self._queue_s:g} s. Try again.",
                    kind="unavailable",
                ) from problem
            except (EOFError, OSError) as problem:
                raise SandboxError(
                    "The sandbox was ended while the strategy ran. Try again.", kind="died"
                ) from problem

    def _submit(self, theirs: socket.socket) -> None:
        with socket.socket(fileno=os.dup(self._control)) as channel:
            channel.settimeout(self._queue_s)
            try:
                socket.send_fds(channel, [b"j"], [theirs.fileno()])
            except OSError as problem:  # too many wait already, or its owner is closing it
                raise SandboxError(
                    "The sandbox takes no more jobs now. Try again.", kind="unavailable"
                ) from problem

    def _wait(self, ours: socket.socket, limits: Limits) -> Answer:
        began, _ = wire.receive(ours)
        if began.get("end") == "refused":
            raise SandboxError(f"The sandbox refused: {began['reason']}.", kind="unavailable")
        ours.settimeout(limits.wall_s + _GRACE_S)
        try:
            report, _ = wire.receive(ours)
            output = wire.receive_exactly(ours, min(report["output_bytes"], limits.output_bytes))
            log = wire.receive_exactly(ours, min(report["log_bytes"], _MOST_LOG))
        except TimeoutError as problem:
            raise SandboxError("The sandbox does not answer. Try again.", kind="died") from problem
        text = clean(log)
        if report["end"] != "done":
            raise _explain(report, limits, text)
        return Answer(
            output=output,
            log=text,
            wall_s=report["wall_s"],
            cpu_s=report["cpu_s"],
            peak_bytes=report["peak_bytes"],
        )


def clean(log: bytes) -> str:
    """Make plain text of what a stranger printed: no control characters but line ends and tabs."""
    return _CONTROL.sub("", log.decode(errors="replace"))


@contextlib.contextmanager
def _sealed(files: Sequence[File]) -> Iterator[list[int]]:
    """Put bytes where a job can read and nobody can change them any more."""
    sealed: list[int] = []
    try:
        for content in files:
            file = os.memfd_create("hewston", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            sealed.append(file)
            for part in [content] if isinstance(content, bytes) else content:
                view = memoryview(part).cast("B")
                while view:
                    view = view[os.write(file, view) :]
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            os.lseek(file, 0, os.SEEK_SET)
        yield sealed
    finally:
        for file in sealed:
            os.close(file)


def _as_words(limits: Limits) -> dict[str, float]:
    return {
        "wall_s": limits.wall_s,
        "cpu_s": limits.cpu_s,
        "memory_bytes": limits.memory_bytes,
        "output_bytes": limits.output_bytes,
        "log_bytes": limits.log_bytes,
    }


def _explain(report: Mapping[str, Any], limits: Limits, log: str) -> SandboxError:
    end = report["end"]
    if end == "limit":
        words = _LIMIT_WORDS[report["limit"]].format(
            wall_s=limits.wall_s,
            cpu_s=limits.cpu_s,
            memory_mb=limits.memory_bytes / 1e6,
            output_mb=limits.output_bytes / 1e6,
            log_mb=limits.log_bytes / 1e6,
        )
        return SandboxError(
            f"The strategy {words} and was ended.", kind="limit", log=log, limit=report["limit"]
        )
    if end == "attempt":
        call = report["call"]
        what = f"the system call {call}" if call else "a system call that nothing innocent makes"
        return SandboxError(
            f"The strategy was ended because it tried {what}. Strategies can compute, and nothing "
            "else.",
            kind="attempt",
            log=log,
            call=call,
        )
    if end == "unlocked":
        return SandboxError(
            f"Nothing ran, because a job could not be locked: {report['reason']}. "
            "See manage.py check_sandbox.",
            kind="unavailable",
        )
    code = report.get("code")
    how = f"was ended by signal {-code}" if isinstance(code, int) and code < 0 else "ended itself"
    return SandboxError(
        f"The strategy {how} before it gave an answer.", kind="died", log=log, status=code
    )
