"""Which records arrived out of order and which arrived twice, whatever the chunks.

Out of order: a record received earlier than the one before it of the same instrument. A
duplicate: a record equal to an earlier one in every field. Equal records share their receive
time, so it is enough to compare records of one receive time. In a file in order these follow
each other, and only the last of a chunk must be kept for the next; receive times that come back
later are noted, and a second pass over the file compares their records.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from hewston.pipeline.bars import by_instrument
from hewston.pipeline.errors import InputError
from hewston.pipeline.quality.tally import Tally
from hewston.pipeline.sources.dbn.records import Chunk, Rows

MOST_AT_ONE_TIME = 1 << 20  # records; keeps memory bounded, real files stay far below
_TIMES_A_PASS = 1 << 18
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no bits are lost


class Arrivals:
    """Follows one file's records, chunk by chunk, each put together by instrument.

    ``found`` is called with (kind, rows) for what is ``out_of_order`` or ``duplicate``.
    """

    def __init__(self, found: Callable[[str, Rows], object], *, name: str) -> None:
        self._found = found
        self._name = name
        self._held: Rows | None = None  # each instrument's records of its latest receive time
        self._highest: dict[int, int] = {}  # of instruments that were out of order before
        self._reopened: list[npt.NDArray[np.uint64]] = []

    def add(self, rows: Rows) -> None:
        """Take the next chunk, put together by instrument.

        Raises InputError when more than MOST_AT_ONE_TIME records share a receive time.
        """
        held = 0 if self._held is None else len(self._held)
        if self._held is not None:
            rows = np.concatenate((self._held, rows))
        ids, times = rows["instrument_id"], rows["ts_recv"]
        if (ids[1:] < ids[:-1]).any():
            order = np.argsort(ids, kind="stable")
            is_held = order < held
            rows = rows[order]
            ids, times = rows["instrument_id"], rows["ts_recv"]
        else:
            is_held = np.arange(len(rows)) < held
        times = np.ascontiguousarray(times)
        same_id = ids[1:] == ids[:-1]
        equal = same_id & (times[1:] == times[:-1])
        back = same_id & (times[1:] < times[:-1])
        if back.any():
            self._found("out_of_order", rows[1:][back])
        if back.any() or self._highest:
            self._note_reopened(ids, times, equal, is_held)
        self._compare(rows, same_id, equal)

    def finish(self) -> npt.NDArray[np.uint64]:
        """Compare what is still held; returns the receive times that came back, sorted."""
        if self._held is not None:
            self._report_equal(self._held)
            self._held = None
        if not self._reopened:
            return np.empty(0, np.uint64)
        return np.unique(np.concatenate(self._reopened))

    def _compare(
        self, rows: Rows, same_id: npt.NDArray[np.bool_], equal: npt.NDArray[np.bool_]
    ) -> None:
        """Report equal records of the times that are over, and hold each instrument's last."""
        run = np.concatenate(([0], np.cumsum(~equal)))
        last_of_id = np.concatenate((np.flatnonzero(~same_id), [len(rows) - 1]))
        open_runs = np.zeros(run[-1] + 1, np.bool_)
        open_runs[run[last_of_id]] = True
        is_open = open_runs[run]
        in_run = np.concatenate((equal, [False])) | np.concatenate(([False], equal))
        self._report_equal(rows[in_run & ~is_open])
        self._held = rows[is_open]
        if int(np.bincount(run).max()) > MOST_AT_ONE_TIME:
            raise InputError(
                f"{self._name}: more than {MOST_AT_ONE_TIME:,} records of one instrument share one "
                "receive time (ts_recv), which no feed does. The file is damaged; download it "
                "again.",
                file=self._name,
            )

    def _report_equal(self, rows: Rows) -> None:
        twice = repeated(rows)
        if len(twice):
            self._found("duplicate", rows[twice])

    def _note_reopened(
        self,
        ids: npt.NDArray[np.uint32],
        times: npt.NDArray[np.uint64],
        equal: npt.NDArray[np.bool_],
        is_held: npt.NDArray[np.bool_],
    ) -> None:
        """Note times that start again although the instrument had reached or passed them."""
        starts_run = np.concatenate(([True], ~equal))
        edges = np.concatenate(([0], np.flatnonzero(ids[1:] != ids[:-1]) + 1, [len(ids)]))
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            instrument, own = int(ids[start]), times[start:end]
            known = self._highest.get(instrument)
            if known is None and (own[1:] >= own[:-1]).all():
                continue
            reached = np.maximum.accumulate(own)
            if known is not None:
                reached = np.maximum(reached, np.uint64(known))
            # As uint64: beside a plain integer they would become floats and lose nanoseconds.
            before = np.concatenate((np.array([known or 0], np.uint64), reached[:-1]))
            again = starts_run[start:end] & ~is_held[start:end] & (own <= before)
            self._reopened.append(np.unique(own[again]))
            self._highest[instrument] = int(reached[-1])


def repeated(rows: Rows) -> npt.NDArray[np.intp]:
    """Find the rows that equal an earlier one in every field; each but the first is given."""
    nothing = np.empty(0, np.intp)
    if len(rows) < 2:  # noqa: PLR2004  # one row equals no other
        return nothing
    words = np.ascontiguousarray(rows).view("<u8").reshape(len(rows), -1)
    mixed = np.zeros(len(rows), np.uint64)
    for column in range(words.shape[1]):
        mixed = (mixed ^ words[:, column]) * _MIX
        mixed ^= mixed >> np.uint64(32)
    ordered = np.sort(mixed)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(shared) == 0:
        return nothing
    seen: set[bytes] = set()
    twice = []
    for index in np.flatnonzero(np.isin(mixed, shared)).tolist():
        content = rows[index].tobytes()
        if content in seen:
            twice.append(index)
        seen.add(content)
    return np.array(twice, np.intp)


def count_reopened(
    read: Callable[[], Iterator[Chunk]],
    times: npt.NDArray[np.uint64],
    tally: Tally,
    *,
    name: str,
) -> None:
    """Correct the count of duplicates for receive times that came back later in the file.

    ``read`` reads the file again from its start. What the first pass counted for these times
    is taken back and all their records are compared, a bounded number of times at once.
    """
    waiting = [times[i : i + _TIMES_A_PASS] for i in range(0, len(times), _TIMES_A_PASS)]
    while waiting:
        some = waiting.pop()
        if _count_some(read(), some, tally, name=name):
            continue
        if len(some) == 1:
            raise InputError(
                f"{name}: more than {MOST_AT_ONE_TIME:,} records share the receive time (ts_recv) "
                f"{int(some[0])}, which no feed does. The file is damaged; download it again.",
                file=name,
            )
        waiting += np.array_split(some, 2)


def _count_some(
    chunks: Iterator[Chunk], times: npt.NDArray[np.uint64], tally: Tally, *, name: str
) -> bool:
    """Compare all records of some times; False, with nothing counted, when they are too many."""
    counted: list[Rows] = []

    def note(kind: str, rows: Rows) -> None:
        if kind == "duplicate":
            counted.append(rows[np.isin(rows["ts_recv"], times)])

    first_pass = Arrivals(note, name=name)
    kept: list[Rows] = []
    size = 0
    for chunk in chunks:
        first_pass.add(by_instrument(chunk.rows))
        kept.append(chunk.rows[np.isin(chunk.rows["ts_recv"], times)])
        size += len(kept[-1])
        if size > MOST_AT_ONE_TIME:
            return False
    first_pass.finish()
    for rows in counted:
        if len(rows):
            tally.add("duplicate", rows, weight=-1)
    rows = np.concatenate(kept)
    twice = repeated(rows)
    if len(twice):
        tally.add("duplicate", rows[twice])
    return True
