"""What a process gives up for good: capabilities, other users, its parent's absence, resources."""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import struct

from hewston.pipeline.sandbox.inside import kernel

NOBODY = 65534
_NR_CAPGET, _NR_CAPSET = 125, 126
_CAPABILITIES_3 = 0x2008_0522  # _LINUX_CAPABILITY_VERSION_3
_LAST_POSSIBLE = 63
_STACK = 16 << 20
_MOST_FILES = 32


def read_capabilities() -> bytes:
    """Read the effective, permitted and inheritable capabilities of this process."""
    header = struct.pack("=Ii", _CAPABILITIES_3, 0)
    data = ctypes.create_string_buffer(24)
    kernel.call(_NR_CAPGET, header, data)
    return data.raw


def drop_capabilities() -> None:
    """Give up every capability, and every way to have one again. Raises OSError."""
    with contextlib.suppress(OSError):  # none can be ambient on a kernel that knows no such
        kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(_LAST_POSSIBLE + 1):
        try:
            kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
        except OSError as problem:
            if problem.errno == errno.EINVAL:  # the kernel's last one was before it
                break
            # Who has none may not drop any, and gets none either: no_new_privs comes next.
            if problem.errno != errno.EPERM or any(read_capabilities()):
                raise
            break
    kernel.call(_NR_CAPSET, struct.pack("=Ii", _CAPABILITIES_3, 0), bytes(24))
    if any(read_capabilities()):
        raise PermissionError("capabilities are left")


def become_nobody() -> None:
    """Become the user who owns nothing. Raises OSError."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies.

    ``parent`` is its number as this process sees it: 0 outside of its own processes' numbers.
    A change of user clears it, so it comes after the last one.
    """
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before the kernel was told
        os._exit(1)


def hide_memory() -> None:
    """Let no process look into this one or trace it."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


def limit_resources(*, address_space_bytes: int, cpu_s: int) -> None:
    """Set every limit for good: what is asked for beyond them fails, or ends the process."""
    limits = {
        resource.RLIMIT_AS: address_space_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_STACK: _STACK,
    }
    for number, most in limits.items():
        _limit(number, most)


def limit_files() -> None:
    """Set the limit of open files for good.

    It comes after the last descriptor was sent: the kernel counts those that are under way of all
    processes of a user, and compares with the limit of the one that sends.
    """
    _limit(resource.RLIMIT_NOFILE, _MOST_FILES)


def _limit(number: int, most: int) -> None:
    _, hard = resource.getrlimit(number)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(number, (limit, limit))


def forbid_new_privileges() -> None:
    """Let no program that is started have more rights than this process."""
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def reset_signals() -> None:
    """Let every signal do what it does by default, and block none."""
    for number in signal.valid_signals():
        with contextlib.suppress(
            OSError, ValueError
        ):  # two cannot be changed, some are the C library's
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
