"""Several files at once: each in a thread of its own, what they give in the files' order.

Threads serve, because what takes the time (zstd, numpy, polars, SHA-256) lets others run meanwhile.
Neither their number nor their timing can show in a result: a file is read by one thread alone,
and what it gives is taken in its turn.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from hewston.pipeline.errors import CancelledError
from hewston.pipeline.ingest.drafts import Progress

_MOST_WORKERS = 8  # each holds the buffers of a file
_AHEAD = (
    2  # files a worker may be ahead of the one whose turn it is, so that a large one stops none
)


def count_workers(wanted: int | None = None) -> int:
    """Give how many files are read at once: as many as there are cores, but not very many."""
    return wanted or min(len(os.sched_getaffinity(0)), _MOST_WORKERS)


class Meter:
    """Progress over files that are read at once, told by one thread at a time.

    What ``progress`` raises, or ``end``, ends the work on every file at its next report.
    """

    def __init__(self, *, total_bytes: int, progress: Progress) -> None:
        self._total_bytes = max(total_bytes, 1)
        self._progress = progress
        self._lock = threading.Lock()
        self._consumed: dict[str, int] = {}  # bytes by file; one that is read again counts once
        self._records: dict[str, int] = {}
        self._ended: BaseException | None = None

    def tell(self, file: str, *, consumed: int, records: int = 0, day: str | None = None) -> None:
        """Report how far a file is: bytes of it, and records, from its start."""
        with self._lock:
            if self._ended is not None:
                raise self._ended
            self._consumed[file] = max(consumed, self._consumed.get(file, 0))
            self._records[file] = max(records, self._records.get(file, 0))
            state = {
                "file": file,
                "day": day,
                "records": sum(self._records.values()),
                "share": min(1.0, sum(self._consumed.values()) / self._total_bytes),
            }
            try:
                self._progress(state)
            except BaseException as reason:
                self._ended = reason
                raise

    def end(self) -> None:
        """Let the work that is still under way end: nobody wants it any more."""
        with self._lock:
            self._ended = self._ended or CancelledError("Nobody waits for this file any more.")


@contextlib.contextmanager
def in_order[Item, Result](
    work: Callable[[Item], Result], items: Sequence[Item], *, workers: int, meter: Meter
) -> Iterator[Iterator[Result]]:
    """Give ``work`` of each item in the order of the items; a few are worked on ahead.

    ``work`` reports to ``meter``. The first item in order that fails raises, as if one had been
    done after the other; then, and when the block ends early, what is under way is ended.
    """
    if workers == 1:
        yield map(work, items)
        return
    with ThreadPoolExecutor(workers) as threads:
        ahead: deque[Future[Result]] = deque()
        try:
            yield _results(threads, work, items, ahead, most=_AHEAD * workers)
        finally:
            meter.end()
            for one in ahead:
                one.cancel()


def _results[Item, Result](
    threads: ThreadPoolExecutor,
    work: Callable[[Item], Result],
    items: Sequence[Item],
    ahead: deque[Future[Result]],
    *,
    most: int,
) -> Iterator[Result]:
    for item in items:
        ahead.append(threads.submit(work, item))
        if len(ahead) >= most:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()
