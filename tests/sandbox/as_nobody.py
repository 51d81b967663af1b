"""Runs a module as a plain user: `python -m tests.sandbox.as_nobody MODULE [WORD…]`, as root.

Where that user may not read the interpreter, the packages or the source, they are shown to it at
their places by mounts that only it sees.
"""

import os
import sys
from pathlib import Path

from hewston.pipeline.sandbox import places
from hewston.pipeline.sandbox.inside import kernel, privileges
from hewston.pipeline.sandbox.kinds import FRAME

_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18
CANNOT = 77  # the exit code where not even root may mount


def main() -> None:
    """Show, become nobody, and become the module."""
    packages = places.find_packages(FRAME.packages).values()
    needed = {sys.prefix, sys.base_prefix, places.SOURCE, *(str(Path(p).parent) for p in packages)}
    needed |= {os.path.realpath(path) for path in needed}
    try:
        _show(sorted(needed))
    except OSError as problem:
        sys.stderr.write(f"Nothing can be mounted: {problem}\n")
        sys.exit(CANNOT)
    privileges.become_nobody()
    os.chdir(places.SOURCE)
    os.environ["HOME"] = "/"
    os.execv(sys.executable, [sys.executable, "-B", "-m", *sys.argv[1:]])


def _show(paths: list[str]) -> None:
    closed = {path: found for path in paths if (found := _first_closed(Path(path))) is not None}
    if not closed:
        return
    kernel.call(kernel.NR_UNSHARE, kernel.CLONE_NEWNS)
    kernel.mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    opened = {path: os.open(path, os.O_PATH) for path in closed}
    for folder in sorted(set(closed.values())):
        kernel.mount("none", folder, "tmpfs", 0, "mode=755")
    for path, place in opened.items():
        Path(path).mkdir(parents=True, exist_ok=True)
        kernel.mount(f"/proc/self/fd/{place}", path, None, _MS_BIND | _MS_REC)


def _first_closed(path: Path) -> str | None:
    """Name the folder nearest to the root that others may not enter."""
    for folder in [*reversed(path.parents), path]:
        if not folder.stat().st_mode & 1:
            return str(folder)
    return None


if __name__ == "__main__":
    main()
