"""What tests have done in the sandbox: run a source that attacks, and tell what came of it."""

import ctypes
import errno
import json
import os
import sys
import tempfile
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(number: int, *arguments: Any) -> int:
    """Make a system call; raises OSError."""
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *words))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def run_machine_code(code: bytes) -> int:
    """Run bytes as a function, in memory that may be written and run. Raises OSError."""
    import mmap  # noqa: PLC0415 (only here)

    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=7)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return int(ctypes.CFUNCTYPE(ctypes.c_long)(address)())


def perform(request: dict[str, Any], files: list[int], out: int) -> None:
    """Run the last file and write as JSON what its ``attack()`` won, or what stopped it."""
    source = os.pread(files[-1], 1 << 20, 0).decode()
    scope: dict[str, Any] = {
        "call": call,
        "ctypes": ctypes,
        "errno": errno,
        "files": files,
        "os": os,
        "out": out,
        "request": request,
        "run_machine_code": run_machine_code,
        "sys": sys,
        "tempfile": tempfile,
    }
    try:
        exec(compile(source, "strategy.py", "exec"), scope)
        won = scope["attack"]()
        said = {"won": repr(won)[:200]} if won else {"stopped": "nothing came of it"}
    except MemoryError:
        raise
    except OSError as problem:
        said = {"stopped": errno.errorcode.get(problem.errno or 0, str(problem))}
    except BaseException as problem:
        said = {"stopped": type(problem).__name__, "why": str(problem)[:200]}
    os.write(out, json.dumps(said).encode())
