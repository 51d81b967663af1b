"""A root folder with nothing in it but what strategies import, and all of that read-only."""

import os
from collections.abc import Iterable
from pathlib import Path

from hewston.pipeline.sandbox.inside import kernel

PROBE = "/probe"  # a file that can be read until Landlock forbids it
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20, 0x1000, 0x4000, 1 << 18
_HARDENED = _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
# What a mount of the machine may have set, and who is not its root may not unset.
_KEPT = {os.ST_NOATIME: 1 << 10, os.ST_NODIRATIME: 1 << 11, os.ST_RELATIME: 1 << 21}
_MNT_DETACH = 2
_SIZE = "size=1m,nr_inodes=4k,mode=755"


def change(shown: Iterable[str], *, hidden: Iterable[str]) -> None:
    """Make a root with the ``shown`` files and folders, each at its place, and move into it.

    ``hidden`` folders below them are empty. The mounts must be this process's own. Raises OSError.
    """
    kernel.mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    # Opened now, since the new root may come to lie over them.
    places = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in shown}
    new = _new_root()
    for path, place in places.items():
        _show(new, path, f"/proc/self/fd/{place}")
    for path in hidden:
        if Path(f"{new}{path}").is_dir():
            kernel.mount("none", f"{new}{path}", "tmpfs", _HARDENED, _SIZE)
    Path(f"{new}{PROBE}").write_bytes(b"")
    Path(f"{new}{PROBE}").chmod(0o444)
    kernel.mount(None, new, None, _MS_REMOUNT | _HARDENED, _SIZE)
    for place in places.values():
        os.close(place)
    os.chdir(new)
    kernel.call(kernel.NR_PIVOT_ROOT, b".", b".")
    kernel.unmount(".", _MNT_DETACH)  # the old root, which lies over the new one now
    os.chdir("/")


def _new_root() -> str:
    """Mount an empty file system over a folder that every machine has."""
    place = "/tmp"  # noqa: S108 (what is in it stays as it is: only this process sees the mount)
    kernel.mount("none", place, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, _SIZE)
    return place


def _show(new: str, path: str, link: str) -> None:
    target = Path(f"{new}{path}")
    if Path(link).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    kernel.mount(link, str(target), None, _MS_BIND)
    set_already = os.statvfs(target).f_flag
    kept = sum(flag for known, flag in _KEPT.items() if set_already & known)
    kernel.mount(None, str(target), None, _MS_REMOUNT | _MS_BIND | _HARDENED | kept)


def check(shown: Iterable[str]) -> None:
    """Look whether nothing else is there and nothing can be written. Raises PermissionError."""
    expected = {path.split("/")[1] for path in shown} | {PROBE[1:]}
    found = {entry.name for entry in os.scandir("/")}
    if found != expected:
        raise PermissionError(f"the root has {', '.join(sorted(found - expected)) or 'too little'}")
    try:
        Path("/written").touch()
    except OSError:
        return
    raise PermissionError("the root can be written")
