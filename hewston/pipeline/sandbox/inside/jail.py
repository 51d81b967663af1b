"""The lock of one process: a fixed order of steps, of which each is seen to bite."""

import dataclasses
import errno
import mmap
import os
import socket
from collections.abc import Callable

from hewston.pipeline.sandbox.inside import filter as seccomp
from hewston.pipeline.sandbox.inside import kernel, landlock, preloading, privileges


class UnlockedError(Exception):
    """A step of the lock was made and holds nothing: no stranger's code may run."""


@dataclasses.dataclass(frozen=True)
class Jail:
    """What the zygote made ready for every job.

    ``rules`` is the descriptor of Landlock's rules (None in tier 2), ``probe`` a file that can be
    read only until they hold, ``base_bytes`` the address space that the zygote itself takes.
    """

    tier: int
    rules: int | None
    probe: str
    base_bytes: int


def lock(jail: Jail, *, parent: int, channel: socket.socket, memory_bytes: int, cpu_s: int) -> None:
    """Lock this process for good and prove it; tells the supervisor over ``channel``.

    Raises OSError and UnlockedError, after which nothing may run.
    """
    privileges.reset_signals()
    privileges.drop_capabilities()
    privileges.end_with(parent)
    privileges.hide_memory()
    preloading.reseed()
    privileges.limit_resources(address_space_bytes=jail.base_bytes + memory_bytes, cpu_s=cpu_s)
    with kernel.explaining("new privileges cannot be forbidden"):
        privileges.forbid_new_privileges()
    if jail.rules is not None:
        enter_landlock(jail.rules, jail.probe)
    enter_seccomp(channel)
    privileges.limit_files()
    prove()


def enter_landlock(rules: int, probe: str) -> None:
    """Put this process under Landlock's rules and see that a file can no longer be read."""
    if not _can_read(probe):
        raise UnlockedError("Landlock cannot be tried here")
    with kernel.explaining("Landlock cannot be entered"):
        landlock.restrict(rules)
    if _can_read(probe):
        raise UnlockedError("Landlock lets files be read")
    os.close(rules)


def enter_seccomp(channel: socket.socket) -> None:
    """Install the filter and hand its listener to the supervisor."""
    with kernel.explaining("seccomp is not there"):
        listener = seccomp.install(channel=channel.fileno(), notify=True)
    if listener is None:
        channel.sendmsg([b"-"])
    else:
        socket.send_fds(channel, [b"+"], [listener])
        os.close(listener)


def prove() -> None:
    """See that what strangers try first fails. Raises UnlockedError."""
    for name, attempt, expected in (
        ("a socket can be made", socket.socket, {errno.EPERM}),
        ("a process can be started", _fork, {errno.EPERM}),
        ("a file without a name can be written", _write_nameless, {errno.EPERM}),
        ("/etc/passwd can be read", lambda: os.open("/etc/passwd", os.O_RDONLY), _CLOSED),
        ("/proc can be listed", lambda: os.scandir("/proc"), _CLOSED),
        ("memory can be made to run", _map_code, {errno.EPERM}),
    ):
        _expect(name, attempt, expected)


_CLOSED = {errno.EPERM, errno.EACCES, errno.ENOENT}


def _expect(name: str, attempt: Callable[[], object], expected: set[int]) -> None:
    try:
        attempt()
    except OSError as problem:
        if problem.errno in expected:
            return
        raise UnlockedError(f"{name} would fail for another reason: {problem}") from problem
    raise UnlockedError(name)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _write_nameless() -> None:
    os.open("/", os.O_TMPFILE | os.O_RDWR)


def _map_code() -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC)


def _can_read(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
