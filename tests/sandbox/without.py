"""Runs a module on a kernel that lacks something: `python -m tests.sandbox.without NAME MODULE …`.

A filter answers certain calls as a kernel without them would; every process below has it.
"""

import ctypes
import errno
import os
import sys

from hewston.pipeline.sandbox.inside import bpf, kernel
from hewston.pipeline.sandbox.inside.bpf import Condition

_ALLOW, _FAIL = 0x7FFF_0000, 0x0005_0000
_INT = 0xFFFF_FFFF
_MOUNT, _UMOUNT, _PIVOT_ROOT, _PRCTL, _UNSHARE, _SECCOMP = 165, 166, 155, 157, 272, 317
_NO_NEW_PRIVS, _LISTENER = 38, 8
# For each: the call, the conditions under which it still works, and how it fails else.
LACKS: dict[str, list[tuple[int, list[list[Condition]], int]]] = {
    "nothing": [],
    "landlock": [(number, [], errno.ENOSYS) for number in (444, 445, 446)],
    "landlock-rules": [(445, [], errno.EPERM)],
    "landlock-restriction": [(446, [], errno.EPERM)],
    "unshare": [(_UNSHARE, [], errno.EPERM)],
    "user-namespaces": [(_UNSHARE, [[Condition(0, kernel.CLONE_NEWUSER, 0)]], errno.ENOSPC)],
    "network-namespaces": [(_UNSHARE, [[Condition(0, kernel.CLONE_NEWNET, 0)]], errno.EINVAL)],
    "cgroup-namespaces": [(_UNSHARE, [[Condition(0, kernel.CLONE_NEWCGROUP, 0)]], errno.EINVAL)],
    "mount": [(_MOUNT, [], errno.EPERM)],
    "unmount": [(_UMOUNT, [], errno.EPERM)],
    "pivot-root": [(_PIVOT_ROOT, [], errno.EPERM)],
    "seccomp": [(_SECCOMP, [], errno.ENOSYS)],
    "notifications": [(_SECCOMP, [[Condition(1, _LISTENER, 0)]], errno.EINVAL)],
    "no-new-privileges": [
        (_PRCTL, [[Condition(0, _INT, option)] for option in range(64) if option != _NO_NEW_PRIVS],
         errno.EINVAL),
    ],
    "landlock-that-does-nothing": [(446, [], 0)],
    "seccomp-that-does-nothing": [(_SECCOMP, [], 0)],
    "unshare-that-does-nothing": [(_UNSHARE, [], 0)],
    "process-descriptors": [(434, [], errno.ENOSYS)],
    "namespaces-and-landlock": [(_UNSHARE, [], errno.EPERM), (444, [], errno.ENOSYS)],
}  # fmt: skip


def main() -> None:
    """Install the filter and become the module."""
    if os.geteuid() != 0:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    program = [bpf.load_number()]
    for number, working, problem in LACKS[sys.argv[1]]:
        program += bpf.decide(number, working, allow=_ALLOW, refuse=_FAIL | problem)
    code, buffer = bpf.assemble([*program, bpf.give(_ALLOW)])
    kernel.call(kernel.NR_SECCOMP, 1, 0, ctypes.byref(code))
    del buffer
    os.execv(sys.executable, [sys.executable, "-B", "-m", *sys.argv[2:]])


if __name__ == "__main__":
    main()
