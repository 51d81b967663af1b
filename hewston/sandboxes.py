"""The sandboxes of this process: each started when it is first needed, gone with the process."""

import atexit
import os
import threading

from hewston.pipeline.engine.kind import find_kind
from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.kinds import FRAME, Kind
from hewston.pipeline.sandbox.zygotes import Zygote

_starting = threading.Lock()
_running: dict[tuple[int, str], Zygote] = {}  # by the process that owns it: a fork has none


def open_client(kind: Kind = FRAME) -> Client:
    """Give a client for strangers' code, for this process or a child that is started now.

    The first call of a kind takes up to seconds, in which the sandbox proves that it holds. Raises
    SandboxError where it does not.
    """
    with _starting:
        zygote = _running.get((os.getpid(), kind.name))
        if zygote is None:
            zygote = Zygote(kind)
            zygote.__enter__()
            if not _running:
                atexit.register(close)
            _running[os.getpid(), kind.name] = zygote
        return zygote.client()


def client_for(source: bytes | None) -> Client | None:
    """Give a client for the source of a version; a built-in strategy has none and needs none."""
    return None if source is None else open_client(find_kind(source))


def close() -> None:
    """End the sandboxes of this process, where there are any."""
    with _starting:
        own = [key for key in _running if key[0] == os.getpid()]
        zygotes = [_running.pop(key) for key in own]
    for zygote in zygotes:
        zygote.__exit__(None, None, None)
