"""The sandbox of this process: started when it is first needed, gone with the process."""

import atexit
import os
import threading

from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.kinds import FRAME
from hewston.pipeline.sandbox.zygotes import Zygote
from hewston.pipeline.spec import is_version

_starting = threading.Lock()
_running: dict[int, Zygote] = {}  # by the process that owns it: a fork has none


def open_client() -> Client:
    """Give a client for strangers' code, for this process or a child that is started now.

    The first call takes up to seconds, in which the sandbox proves that it holds. Raises
    SandboxError where it does not.
    """
    with _starting:
        zygote = _running.get(os.getpid())
        if zygote is None:
            zygote = Zygote(FRAME)
            zygote.__enter__()
            _running[os.getpid()] = zygote
            atexit.register(close)
        return zygote.client()


def client_for(strategy_id: str) -> Client | None:
    """Give a client for a run of a version; a built-in strategy needs none."""
    return open_client() if is_version(strategy_id) else None


def close() -> None:
    """End the sandbox of this process, where there is one."""
    with _starting:
        zygote = _running.pop(os.getpid(), None)
    if zygote is not None:
        zygote.__exit__(None, None, None)
