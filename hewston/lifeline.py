"""Runs a module as a child that ends with its parent: `python hewston/lifeline.py PID MODULE …`.

The kernel does it where it can (Linux); elsewhere a thread watches for the parent.
"""

import ctypes
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOOK_SECONDS = 0.2


def end_with(parent: int) -> None:
    """Let this process be killed as soon as the parent process is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it went before the kernel was told
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    end_with(int(sys.argv[1]))
    del sys.argv[:2]
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # wherever it was called from
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        sys.exit(130)  # asked to end before it could say so itself
