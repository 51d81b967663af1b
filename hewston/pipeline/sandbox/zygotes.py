"""Owns a zygote: starts it in the strongest lock that holds here, and again when it is gone."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from hewston.pipeline.sandbox import places
from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.inside import kernel, wire
from hewston.pipeline.sandbox.kinds import Kind

TIERS = {
    1: ("namespaces", "Landlock", "seccomp"),
    2: ("namespaces", "seccomp"),
    3: ("Landlock", "seccomp"),
}
_BEGIN = """\
import sys
sys.path.append({source!r})
from hewston.pipeline.sandbox.inside import boot
boot.main({control}, {owner})
"""
# Fixed for every job: the same hashes, one thread, one language, one zone.
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",  # the engine's
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}
_START_S = 60.0
_QUEUE_S = 60.0
_MOST_JOBS = 500
_MOST_S = 3600.0
_PAUSE_S = (0.0, 0.0, 0.5, 2.0, 10.0)  # before a start, by how many in a row failed


class Zygote:
    """A warm zygote of one kind, as long as this object is open (a context manager).

    The process that opens it owns it: the zygote and its jobs are gone when the owner is. A thread
    starts another when it dies, and after 500 jobs or an hour; clients notice nothing but a wait.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        cores: int | None = None,
        most_jobs: int = _MOST_JOBS,
        most_s: float = _MOST_S,
        tiers: Sequence[int] = tuple(TIERS),
    ) -> None:
        """Prepare one of a kind; at most ``cores`` jobs run at once.

        ``tiers`` are tried in their order: each is a whole lock, and tests try them one by one.
        """
        self.kind, self._tiers = kind, tiers
        self._share: dict[str, Any] = {
            "cores": cores or len(os.sched_getaffinity(0)),
            "most_jobs": most_jobs,
            "most_s": most_s,
        }
        self.tier: int | None = None
        self.reasons: dict[int, str] = {}  # why each tier before it does not hold
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._changing = threading.Lock()
        self._closing = threading.Event()
        self._watch: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start it; raises SandboxError (unavailable) where no lock holds."""
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process, line = self._start()
        except BaseException:
            self._close_sockets()
            raise
        self._watch = threading.Thread(
            target=self._follow, args=(line,), name=f"zygote-{self.kind.name}", daemon=True
        )
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and every job of it."""
        self._closing.set()
        with self._changing:
            for process in (*self._leaving, self._process):
                self._end(process)
        if self._watch is not None:
            self._watch.join()
        self._close_sockets()

    @property
    def layers(self) -> tuple[str, ...]:
        """Name the layers of the lock."""
        return TIERS[self.tier] if self.tier else ()

    @property
    def pid(self) -> int:
        """Number the first process, which looks after the zygote."""
        if self._process is None:
            raise ValueError("It is not open.")
        return self._process.pid

    def client(self) -> Client:
        """Give a client, for this process or for a child that is started now."""
        if self._ours is None:
            raise ValueError("It is not open.")
        return Client(self._ours.fileno(), queue_s=_QUEUE_S)

    def _close_sockets(self) -> None:
        for end in (self._ours, self._theirs):
            if end is not None:
                end.close()
        self._ours = self._theirs = None

    def _follow(self, line: socket.socket) -> None:
        """Start another whenever one ended or leaves, until this is closed (a thread)."""
        failures = 0
        while True:
            with line:
                leaves = _listen(line)
            if not leaves:
                self._end(self._process)
            failures = 0 if leaves else failures + 1
            started = self._start_again(failures)
            if started is None:
                return
            process, line = started
            with self._changing:
                before = [*self._leaving, self._process]
                self._leaving = [old for old in before if old is not None and old.poll() is None]
                self._process = process
                if self._closing.is_set():
                    self._end(process)

    def _start_again(self, failures: int) -> tuple[subprocess.Popen[bytes], socket.socket] | None:
        """Start another, with pauses where that fails; None when this is closed before."""
        while not self._closing.wait(_PAUSE_S[min(failures, len(_PAUSE_S) - 1)]):
            try:
                return self._start()
            except SandboxError:
                failures += 1
        return None

    def _end(self, process: subprocess.Popen[bytes] | None) -> None:
        if process is not None:
            process.kill()  # the kernel ends the others
            process.wait()

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """Start one in the first tier that holds. Raises SandboxError."""
        if not kernel.is_known():
            raise SandboxError(
                "Strangers' strategies run only on Linux on x86_64, because only there is their "
                "sandbox known to hold. Run Hewston in a Linux virtual machine (on Windows: WSL2).",
                kind="unavailable",
            )
        self.reasons = {}
        for tier in self._tiers:
            try:
                started = self._start_in(tier)
            except (OSError, EOFError, ValueError) as problem:
                self.reasons[tier] = str(problem.args[-1] if problem.args else "it ended")
            else:
                self.tier = tier
                return started
        self.tier = None
        reasons = "; ".join(f"tier {tier}: {reason}" for tier, reason in self.reasons.items())
        raise SandboxError(
            f"Strangers' strategies cannot run here, because no lock holds ({reasons}). They need "
            "Linux 5.13 or newer with seccomp, and user namespaces or Landlock: allow them to this "
            "user or container, or run Hewston in a Linux virtual machine.",
            kind="unavailable",
        )

    def _start_in(self, tier: int) -> tuple[subprocess.Popen[bytes], socket.socket]:
        line, child = socket.socketpair()
        try:
            with child:
                process = self._exec(child.fileno())
            try:
                line.settimeout(_START_S)
                wire.send(line, places.plan(self.kind, tier=tier, **self._share))
                said, _ = wire.receive(line)
                if "ready" not in said:
                    raise OSError(0, str(said.get("failed")))  # noqa: TRY301 (ends it as others do)
            except BaseException:
                self._end(process)
                raise
        except BaseException:
            line.close()
            raise
        line.settimeout(None)
        return process, line

    def _exec(self, owner: int) -> subprocess.Popen[bytes]:
        if self._theirs is None:
            raise ValueError("It is not open.")
        control = self._theirs.fileno()
        return subprocess.Popen(  # noqa: S603 (this interpreter, and words of ours)
            # Not -I, which would have it ignore the hash seed; its environment has nothing else.
            [sys.executable, "-P", "-s", "-S", "-B", "-c", self._begin(control, owner)],
            env=_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(control, owner),
        )

    def _begin(self, control: int, owner: int) -> str:
        """Write the program of the first process."""
        return _BEGIN.format(source=places.SOURCE, control=control, owner=owner)


def _listen(line: socket.socket) -> bool:
    """Wait until the zygote says that it leaves (True) or is gone."""
    try:
        said, _ = wire.receive(line)
    except (OSError, EOFError, ValueError):
        return False
    return "leaving" in said
