"""Work in a process of its own: warm, without Django, killed at any moment, gone with its parent.

A fork server imports the pipeline once; a job is a fork of it, which starts in milliseconds. The
fork server ends when its parent does, and the kernel then ends the job (lifeline.py).
"""

import contextlib
import errno
import logging
import multiprocessing
import os
import pkgutil
import re
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hewston import lifeline
from hewston.pipeline.errors import HewstonError, InputError

# pyarrow's allocator would start a thread, which does not survive the fork.
_ALLOCATOR = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
_LOOK_S = 0.25  # how often somebody who waits looks at the clock
# What those who wait ask for: imported by the fork server, since their first second is dear.
_ASKED = (
    "hewston.pipeline.ingest.tables.preview",
    "hewston.pipeline.export",
    "hewston.pipeline.strategies.differences",
    "hewston.pipeline.differences",
    "hewston.pipeline.bundle",
)
# With pandas, which takes longer to load than a small job takes: whatever lists sessions needs it.
_SESSIONS = "exchange_calendars"
_prepared: list[str] = []
_ENDING_S = 1.0  # a child that has answered has this long to end by itself
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # no space, or no more of it for this user
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_RUST_ERRNO = re.compile(r"\(os error (\d+)\)")  # in what polars raises when it cannot write
logger = logging.getLogger(__name__)
_context = multiprocessing.get_context("forkserver")
_turns = threading.BoundedSemaphore(max(os.cpu_count() or 1, 2))
_starting = threading.Lock()  # multiprocessing looks after all children when one starts


class ChildDiedError(Exception):
    """The child ended without an answer: it was killed, or had no more memory."""


class UnforeseenError(Exception):
    """What the work raised and did not foresee: its type, traceback and errno, where it has one."""

    def __init__(self, kind: str, lines: list[str], errno: int | None) -> None:
        super().__init__(kind, lines, errno)
        self.kind, self.lines, self.errno = kind, lines, errno

    def __str__(self) -> str:
        """Name what was raised, without the traceback."""
        return "".join(self.lines[-1:]).strip() or self.kind


def prepare(*modules: str) -> None:
    """Have these modules imported too by the fork server that this process starts later."""
    _prepared.extend(modules)


def warm(*modules: str) -> None:
    """Start the fork server with these modules imported; later calls change nothing."""
    os.environ.update(_ALLOCATOR)
    _context.set_forkserver_preload([*modules, *_prepared, _SESSIONS])
    forkserver.ensure_running()


def call(
    work: str,
    *,
    tick: Callable[[object], None],
    tick_s: float,
    log: Callable[..., None],
    **arguments: object,
) -> Any:  # noqa: ANN401 (whatever the work returns)
    """Call ``work(**arguments, progress=, log=)`` in a child and return what it returns.

    ``work`` is ``module:function``, which this process need not have loaded; arguments and result
    can be pickled. ``tick`` gets the newest progress (None before the first) every ``tick_s``
    seconds; what it raises ends the child and leaves here.

    Several threads may call at once. Raises what the work raised (HewstonError, or
    UnforeseenError) and ChildDiedError.
    """
    return _call(work, arguments, tick=tick, tick_s=tick_s, log=log)


def _call(
    work: str,
    arguments: dict[str, object],
    *,
    tick: Callable[[object], None],
    tick_s: float,
    log: Callable[..., None],
    memory_bytes: int | None = None,
) -> Any:  # noqa: ANN401 (whatever the work returns)
    warm(work.partition(":")[0])
    here, there = _context.Pipe(duplex=False)
    child = _context.Process(
        target=_perform, args=(there, work, arguments, memory_bytes), daemon=True
    )
    with here:
        try:
            with _uninterrupted(), _starting, there:
                child.start()
            result = _listen(here, tick=tick, tick_s=tick_s, log=log)
            child.join(_ENDING_S)
        except (ConnectionError, EOFError) as problem:  # the fork server was just killed
            raise ChildDiedError from problem
        finally:
            with _starting:
                _end(child)
    return result


def ask(work: str, *, within_s: float, memory_bytes: int | None = None, **arguments: object) -> Any:  # noqa: ANN401 (as of call)
    """Call as ``call`` does for somebody who waits, ``within_s`` seconds at most.

    So many work at once as there are processors; the others wait for their turn. ``memory_bytes``
    is the most that the work may add to what its modules take. Progress and log are nobody's.
    Raises HewstonError (BUSY) when it takes longer, and where the child died or the disk is full;
    HewstonError (DEPENDENCY_UNAVAILABLE) for a file that the server may not read or write;
    InputError where it most likely needed more memory; HewstonError and UnforeseenError as
    ``call`` does.
    """
    end = time.monotonic() + within_s
    warm(*_ASKED)
    if not _turns.acquire(timeout=within_s):
        raise HewstonError("Too many ask for work at once. Try again.", code="BUSY")

    def tick(_progress: object) -> None:
        if time.monotonic() > end:
            raise HewstonError(f"This took longer than {within_s:g} s. Ask for less.", code="BUSY")

    try:
        return _call(
            work,
            arguments,
            tick=tick,
            tick_s=_LOOK_S,
            log=lambda *_words, **_details: None,
            memory_bytes=memory_bytes,
        )
    except ChildDiedError as problem:
        if memory_bytes is not None:
            raise _too_large(memory_bytes) from problem
        raise HewstonError(
            "The work ended before it was done. Try again.", code="BUSY"
        ) from problem
    except UnforeseenError as problem:
        if memory_bytes is not None and problem.kind == MemoryError.__name__:
            raise _too_large(memory_bytes) from problem
        if (known := explain_errno(problem.errno)) is not None:
            logger.warning("%s: %s", work, problem)
            raise known from problem
        raise
    finally:
        _turns.release()


def explain_errno(number: int | None) -> HewstonError | None:
    """Turn a full disk, or a file that may not be used, into a sentence; None for anything else."""
    if number in _FULL:
        return HewstonError("The disk is full. Free some space and try again.", code="BUSY")
    if number in _REFUSED:
        return HewstonError(
            "The server may not read or write one of its files; its log names the file. Give its "
            "user the right to, and try again.",
            code="DEPENDENCY_UNAVAILABLE",
        )
    return None


def _too_large(memory_bytes: int) -> InputError:
    return InputError(
        f"This needs more than the {memory_bytes / 1e9:g} GB of memory that it may have. Give it "
        "less at once."
    )


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a request to end wait: a child whose start is cut short could not be ended any more.

    Blocking the signals would not do: another thread, as libraries start, would take them. A
    thread beside the main one is never cut short.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for first in asked[:1]:
            signal.raise_signal(first)


def _listen(
    here: Connection,
    *,
    tick: Callable[[object], None],
    tick_s: float,
    log: Callable[..., None],
) -> Any:  # noqa: ANN401 (whatever the work returns)
    progress: object = None
    due = time.monotonic()
    while True:
        if time.monotonic() >= due:
            tick(progress)
            due = time.monotonic() + tick_s
        if not here.poll(max(due - time.monotonic(), 0)):
            continue
        try:
            kind, value = here.recv()
        except EOFError as problem:
            raise ChildDiedError from problem
        if kind == "progress":
            progress = value
        elif kind == "log":
            log(value[0], **value[1])
        elif kind == "raised":
            raise value
        else:
            return value


def _end(child: BaseProcess) -> None:
    if child.pid is None:
        return
    if child.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # it leads a group of its own, once it has begun
        child.kill()
    child.join()
    child.close()


def _perform(
    there: Connection, work: str, arguments: dict[str, object], memory_bytes: int | None
) -> None:
    """Run in the child: do the work and send what came of it."""
    os.setsid()
    if memory_bytes is not None:
        _limit_memory(memory_bytes)
    lifeline.end_with(os.getppid())
    # The fork server ends when nobody holds this any more: its parent shall be the only one.
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]  # noqa: SLF001
    with contextlib.suppress(BrokenPipeError):  # nobody is there who wants it
        try:
            result = pkgutil.resolve_name(work)(
                **arguments,
                progress=lambda state: there.send(("progress", state)),
                log=lambda message, **details: there.send(("log", (message, details))),
            )
        except HewstonError as problem:
            there.send(("raised", problem))
        except Exception as problem:  # the edge of the child: its parent logs it
            lines = traceback.format_exception(problem)
            there.send(("raised", UnforeseenError(type(problem).__name__, lines, _errno(problem))))
        else:
            there.send(("returned", result))


def _limit_memory(more_bytes: int) -> None:
    """Let the process have only so much more memory of its own than it has now.

    Not of address space, of which allocators reserve far more than they use.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmData:\s+(\d+) kB", status)
    now = int(found[1]) * 1024 if found else 0
    resource.setrlimit(resource.RLIMIT_DATA, (now + more_bytes, now + more_bytes))


def _errno(problem: Exception) -> int | None:
    if isinstance(problem, OSError) and problem.errno is not None:
        return problem.errno
    named = _RUST_ERRNO.search(str(problem))  # polars raises OSError without a number
    return int(named[1]) if named else None
