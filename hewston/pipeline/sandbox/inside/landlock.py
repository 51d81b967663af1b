"""Landlock: the kernel's own file rights for a process, taken away for good.

Everything that the running kernel can refuse is refused; reading some files and folders is given
back. See linux/landlock.h.
"""

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from hewston.pipeline.sandbox.inside import kernel

_VERSION = 1  # flag of landlock_create_ruleset: only tell the version
_PATH_BENEATH = 1
READ_FILE, READ_FOLDER = 1 << 2, 1 << 3
# The rights of files that came with each version.
_FILE_RIGHTS = {1: 0x1FFF, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_NETWORK_SINCE, _NETWORK = 4, 0b11  # bind and connect TCP
_SCOPES_SINCE, _SCOPES = 6, 0b11  # abstract sockets and signals outside of the process


def version() -> int:
    """Tell the kernel's version of Landlock, from 1. Raises OSError where there is none."""
    return kernel.call(kernel.NR_LANDLOCK_CREATE_RULESET, None, 0, _VERSION)


def make(*, readable: Iterable[str], listable: Iterable[str]) -> int:
    """Make a set of rules under which only these can be read; returns its descriptor.

    ``readable`` are files and folders with all below them, ``listable`` folders of which only the
    names can be listed. What is not there is left out. Raises OSError.
    """
    known = version()
    rights = sum(bits for since, bits in _FILE_RIGHTS.items() if since <= known)
    words = [rights]
    if known >= _NETWORK_SINCE:
        words.append(_NETWORK)
    if known >= _SCOPES_SINCE:
        words.append(_SCOPES)
    attribute = struct.pack(f"={len(words)}Q", *words)
    rules = kernel.call(kernel.NR_LANDLOCK_CREATE_RULESET, attribute, len(attribute), 0)
    for path in readable:
        _give(rules, path, READ_FILE | READ_FOLDER)
    for path in listable:
        _give(rules, path, READ_FOLDER)
    return rules


def _give(rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= READ_FILE
            attribute = struct.pack("=Qi", rights, place)
            buffer = ctypes.create_string_buffer(attribute, len(attribute))
            kernel.call(kernel.NR_LANDLOCK_ADD_RULE, rules, _PATH_BENEATH, buffer, 0)
        finally:
            os.close(place)


def restrict(rules: int) -> None:
    """Put this process under the rules for good; it must have no_new_privs. Raises OSError."""
    kernel.call(kernel.NR_LANDLOCK_RESTRICT_SELF, rules, 0)
