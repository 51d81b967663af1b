"""The seccomp filter of a job: a list of what it may call, with what arguments."""

import ctypes
import errno
import mmap
import os
import resource

from hewston.pipeline.sandbox.inside import bpf, calls, kernel
from hewston.pipeline.sandbox.inside.bpf import Condition

# linux/seccomp.h
_KILL = 0x8000_0000  # the whole process
_FAIL = 0x0005_0000  # with the error number in the low half
_NOTIFY = 0x7FC0_0000  # the supervisor is told, and the call waits for what it does
_ALLOW = 0x7FFF_0000
_SET_MODE_FILTER, _TSYNC, _NEW_LISTENER, _TSYNC_ESRCH = 1, 1, 8, 16
_ARCHITECTURE = 0xC000_003E  # AUDIT_ARCH_X86_64
_X32 = 0x4000_0000

_INT = 0xFFFF_FFFF  # the kernel reads an int: whatever is above it is cut off
_LONG = 0xFFFF_FFFF_FFFF_FFFF
_TIOCGWINSZ, _TCGETS, _TCGETS2, _FIOCLEX, _FIONCLEX = 0x5413, 0x5401, 0x802C542A, 0x5451, 0x5450
_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_DUPFD_CLOEXEC, _F_GET_SEALS = 0, 1, 2, 3, 1030, 1034
_FUTEX_OPERATION = 0x7F
_FUTEX_WAIT, _FUTEX_WAKE, _FUTEX_WAIT_BITSET, _FUTEX_WAKE_BITSET = 0, 1, 9, 10
_MADVICE = (0, 1, 2, 3, 4, 8, 14, 15)  # of its own pages: about use, DONTNEED, FREE, huge pages
_O_LARGEFILE = 0x8000
_OPEN_FLAGS = (
    os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
) | _O_LARGEFILE
_MAP_FIXED, _MAP_NORESERVE, _MAP_FIXED_NOREPLACE = 0x10, 0x4000, 0x10_0000
_MAP_FLAGS = (
    mmap.MAP_SHARED | mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_STACK | mmap.MAP_DENYWRITE
) | (_MAP_FIXED | _MAP_NORESERVE | _MAP_FIXED_NOREPLACE)
_DATA = mmap.PROT_READ | mmap.PROT_WRITE


def _among(argument: int, allowed: int, width: int) -> Condition:
    """No bit is set but the allowed ones."""
    return Condition(argument, width & ~allowed, 0)


def write(*, pid: int, channel: int, notify: bool) -> list[bpf.Instruction]:
    """Write the filter for the process ``pid``.

    ``channel`` is the descriptor over which it may send its listener, before it has it closed.
    Without ``notify`` a call of calls.FATAL kills it without a name.
    """
    fatal = _NOTIFY if notify else _KILL
    refuse = _FAIL | errno.EPERM
    rules: dict[int, list[list[Condition]]] = {
        calls.OPEN: [[_among(1, _OPEN_FLAGS, _INT)]],
        calls.OPENAT: [[_among(2, _OPEN_FLAGS, _INT)]],
        calls.MMAP: [[_among(2, _DATA, _LONG), _among(3, _MAP_FLAGS, _LONG)]],
        calls.MPROTECT: [[_among(2, _DATA, _LONG)]],
        calls.IOCTL: [
            [Condition(1, _INT, command)]
            for command in (_TIOCGWINSZ, _TCGETS, _TCGETS2, _FIOCLEX, _FIONCLEX)
        ],
        calls.FCNTL: [
            [Condition(1, _INT, command)]
            for command in (
                _F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_DUPFD_CLOEXEC, _F_GET_SEALS,
            )
        ],
        calls.MADVISE: [[Condition(2, _INT, advice)] for advice in _MADVICE],
        calls.FUTEX: [
            [Condition(1, _FUTEX_OPERATION, operation)]
            for operation in (_FUTEX_WAIT, _FUTEX_WAKE, _FUTEX_WAIT_BITSET, _FUTEX_WAKE_BITSET)
        ],
        calls.TGKILL: [[Condition(0, _INT, pid)]],
        # Its own limits, and only to read them; that of open files it lowers once more itself.
        calls.PRLIMIT64: [
            *([Condition(0, _INT, own), Condition(2, _LONG, 0)] for own in (0, pid)),
            [Condition(0, _INT, 0), Condition(1, _INT, resource.RLIMIT_NOFILE)],
        ],
        calls.SENDMSG: [[Condition(0, _INT, channel)]],
    }  # fmt: skip
    program = [
        bpf.load_architecture(),
        *bpf.unless_equal(_ARCHITECTURE, _KILL),
        bpf.load_number(),
        *bpf.if_at_least(_X32, _KILL),
    ]
    for number in sorted(calls.ALLOWED.values()):
        program += bpf.if_equal(number, _ALLOW)
    for number, alternatives in rules.items():
        program += bpf.decide(number, alternatives, allow=_ALLOW, refuse=refuse)
    program += bpf.if_equal(calls.CLONE3, _FAIL | errno.ENOSYS)
    for number in sorted(calls.FATAL.values()):
        program += bpf.if_equal(number, fatal)
    return [*program, bpf.give(refuse)]


def install(*, channel: int, notify: bool) -> int | None:
    """Install the filter for good; returns its listener's descriptor if it notifies.

    It notifies where it is asked to and the kernel can; else the calls kill at once. Raises
    OSError.
    """
    if notify:
        try:
            return _install(channel, _TSYNC | _NEW_LISTENER | _TSYNC_ESRCH, notify=True)
        except OSError as problem:
            # An old kernel; or another supervisor around this one listens already.
            if problem.errno not in {errno.EINVAL, errno.EBUSY}:
                raise
    _install(channel, _TSYNC, notify=False)
    return None


def _install(channel: int, flags: int, *, notify: bool) -> int:
    program, buffer = bpf.assemble(write(pid=os.getpid(), channel=channel, notify=notify))
    result = kernel.call(kernel.NR_SECCOMP, _SET_MODE_FILTER, flags, ctypes.byref(program))
    del buffer  # which the kernel has read
    if not notify and result:
        raise OSError(errno.ESRCH, "a thread could not be locked")
    return result
