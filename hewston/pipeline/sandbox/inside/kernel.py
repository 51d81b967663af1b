"""Calls of the Linux kernel that Python has no function for, by number."""

import contextlib
import ctypes
import os
import platform
import sys
from collections.abc import Iterator

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

# linux/sched.h
CLONE_NEWNS = 0x0002_0000
CLONE_NEWCGROUP = 0x0200_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

# The one architecture whose table of calls is here, and on which the attacks were tried.
MACHINE = "x86_64"
NR_PIVOT_ROOT = 155
NR_UNSHARE = 272
NR_SECCOMP = 317
NR_LANDLOCK_CREATE_RULESET = 444
NR_LANDLOCK_ADD_RULE = 445
NR_LANDLOCK_RESTRICT_SELF = 446


def is_known() -> bool:
    """Tell whether this is a system that the sandbox was written for and tried on."""
    return (
        sys.platform == "linux" and platform.machine() == MACHINE and sys.maxsize == (1 << 63) - 1
    )


def _load() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


_libc = _load() if is_known() else None


def call(number: int, *arguments: object) -> int:
    """Make a system call; integers are passed as 64 bits. Raises OSError."""
    if _libc is None:
        raise OSError("This system is not known.")
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = _libc.syscall(ctypes.c_long(number), *words)
    return _checked(int(result))


def prctl(option: int, *values: int) -> int:
    """Change what the kernel does with this process (prctl(2)). Raises OSError."""
    if _libc is None:
        raise OSError("This system is not known.")
    words = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    return _checked(int(_libc.prctl(ctypes.c_int(option), *words)))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mount (mount(2)). Raises OSError."""
    if _libc is None:
        raise OSError("This system is not known.")
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    result = _libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None)
    _checked(int(result), target)


def unmount(target: str, flags: int) -> None:
    """Unmount (umount2(2)). Raises OSError."""
    if _libc is None:
        raise OSError("This system is not known.")
    _checked(int(_libc.umount2(target.encode(), ctypes.c_int(flags))), target)


def _checked(result: int, name: str | None = None) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


@contextlib.contextmanager
def explaining(what: str) -> Iterator[None]:
    """Say in an OSError what was being done."""
    try:
        yield
    except OSError as problem:
        raise OSError(0, f"{what}: {problem.strerror or problem}") from problem
