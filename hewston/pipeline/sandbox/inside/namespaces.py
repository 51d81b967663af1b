"""Namespaces: processes, files, network and users of the zygote's own."""

import os
import socket
from pathlib import Path

from hewston.pipeline.sandbox.inside import kernel, privileges

_ALL_BUT_FILES = (
    kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)
# What a new network has on some kernels: the way to itself, and tunnels to nowhere.
_EMPTY_NETWORK = frozenset({
    "lo", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0",
    "ip6gre0",
})  # fmt: skip


def leave() -> None:
    """Leave the machine's namespaces; children are in namespaces of their own. Raises OSError.

    A plain user becomes the owner of a user namespace, in which nobody else exists. Root does not
    yet: it first has to open what only root may read (become_other).
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        with kernel.explaining("namespaces cannot be made"):
            kernel.call(kernel.NR_UNSHARE, _ALL_BUT_FILES)
        return
    with kernel.explaining("user namespaces cannot be made"):
        kernel.call(kernel.NR_UNSHARE, kernel.CLONE_NEWUSER | _ALL_BUT_FILES)
        write_maps("/proc/self", user, group, deny_groups=True)


def leave_files() -> None:
    """Leave the machine's table of mounts; raises OSError."""
    with kernel.explaining("mount namespaces cannot be made"):
        kernel.call(kernel.NR_UNSHARE, kernel.CLONE_NEWNS)


def leave_users() -> None:
    """Enter a user namespace in which the caller is nobody until its maps are written."""
    os.setgroups([])
    with kernel.explaining("user namespaces cannot be made"):
        kernel.call(kernel.NR_UNSHARE, kernel.CLONE_NEWUSER)


def become_inner_root() -> None:
    """Become user 0 of the user namespace, whom the maps make nobody outside of it."""
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def write_maps(process: str, user: int, group: int, *, deny_groups: bool = False) -> None:
    """Say who is user and group 0 of the user namespace that a process is in."""
    if deny_groups:
        Path(process, "setgroups").write_text("deny")
    Path(process, "uid_map").write_text(f"0 {user} 1")
    Path(process, "gid_map").write_text(f"0 {group} 1")


def check() -> None:
    """Look whether this process is where it should be: alone. Raises PermissionError."""
    if os.getpid() != 1 or os.getppid() != 0:
        raise PermissionError("the processes of the machine can be seen")
    if {name for _, name in socket.if_nameindex()} - _EMPTY_NETWORK:
        raise PermissionError("the network of the machine can be seen")
    if os.getuid() != 0 or os.getgid() != 0:
        raise PermissionError("the users of the machine can be seen")
    _check_user_map()


def _check_user_map() -> None:
    """Try to become a user whom the namespace has not: it must fail with EINVAL, not EPERM."""
    try:
        os.setresuid(privileges.NOBODY, -1, -1)
    except OSError:
        return
    raise PermissionError("other users of the machine can be become")
