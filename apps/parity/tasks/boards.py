"""The work of a board: its pairs played by as many children as there are processors."""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from apps.parity.models import Board
from hewston import children
from hewston.pipeline.engine.kind import find_kind
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.parity.board import Pair, Row, add_up, find_pairs
from hewston.pipeline.sandbox.client import Client
from hewston.sandboxes import open_client
from hewston.taskqueue import Claim, perform
from hewston.taskqueue.work import TICK_S

PLAY = "hewston.pipeline.parity.board.playing:play_pairs"
_AT_ONCE = 6  # pairs that a child plays at most: what it prepares is shared, the work evenly spread
_DIED = "Its process ended before it was done, most likely for lack of memory."

type Report = Callable[[Mapping[str, object]], None]


def perform_board(board: Board, *, report: Report = lambda _progress: None) -> None:
    """Play a board. ``report`` gets every progress too.

    Raises HewstonError when it could not be played: only its row, files and log then remain.
    """
    perform(board, lambda claim: _play(board, claim, report))


def work_on_board(board_id: str) -> None:
    """Do what the queue delivered; a second delivery does nothing."""
    board = Board.objects.select_related("revision__dataset").filter(pk=board_id).first()
    if board is not None:
        with contextlib.suppress(HewstonError, CancelledError):  # the row has said it
            perform_board(board)


def _play(board: Board, claim: Claim, report: Report) -> None:
    pairs = find_pairs(board.folder, name=board.name).pairs
    rows = sorted(Team(board, pairs).play(claim, report), key=lambda row: row.name)
    totals = add_up(rows)
    claim.log.write(f"{totals.matched:,} of {totals.trades:,} trades of {len(rows):,} pairs match.")
    is_ours = board.complete(
        rows=[row.as_json() for row in rows],
        progress={"share": 1.0},
        **totals.as_counts(),
    )
    if not is_ours:
        raise CancelledError("The board was cancelled.")


def _open_sandboxes(pairs: Sequence[Pair]) -> dict[str, Client]:
    """Open a sandbox for each kind of strategy that there is."""
    kinds = [find_kind(pair.source.read_bytes()) for pair in pairs if pair.source is not None]
    return {kind.name: open_client(kind) for kind in {kind.name: kind for kind in kinds}.values()}


class Team:
    """Threads that each have one child after another play some of a board's pairs."""

    def __init__(self, board: Board, pairs: Sequence[Pair]) -> None:
        self._arguments: dict[str, Any] = {
            "bars_file": board.revision.folder / "bars.parquet",
            "stored": board.revision.dataset.interval,
            "spec": board.run_spec,
            "zone": board.zone or None,
            "date_order": board.date_order or None,
            "sandboxes": _open_sandboxes(pairs),
        }
        self._count = len(pairs)
        self._workers = min(len(os.sched_getaffinity(0)), len(pairs))
        share = min(-(-len(pairs) // (2 * self._workers)), _AT_ONCE)
        self._waiting: queue.SimpleQueue[list[Pair]] = queue.SimpleQueue()
        for start in range(0, len(pairs), share):
            self._waiting.put(list(pairs[start : start + share]))
        self._said: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._is_over = threading.Event()

    def play(self, claim: Claim, report: Report) -> list[Row]:
        """Play all pairs; raises what cancels the job, and what no row can say."""
        rows: list[Row] = []
        with ThreadPoolExecutor(self._workers) as threads:
            tasks: list[Future[None]] = [threads.submit(self._work) for _ in range(self._workers)]
            try:
                while wait(tasks, timeout=TICK_S).not_done:
                    self._tell(claim, report, rows)
                    if failed := next(
                        (one for one in tasks if one.done() and one.exception()), None
                    ):
                        failed.result()
            finally:
                self._is_over.set()
        for task in tasks:
            task.result()
        self._tell(claim, report, rows)
        return rows

    def _tell(self, claim: Claim, report: Report, rows: list[Row]) -> None:
        """Log what was said since, keep the rows in it, and show how far the board is."""
        while not self._said.empty():
            line, details = self._said.get()
            if (row := details.pop("row", None)) is not None:
                rows.append(Row.from_json(row))
            claim.log.write(line, **details)
        matched, trades = (
            sum(getattr(row, name) for row in rows) for name in ("matched", "trades")
        )
        progress = {
            "share": len(rows) / self._count,
            "done": len(rows),
            "of": self._count,
            "matched": matched,
            "trades": trades,
        }
        report(progress)
        claim.beat(progress)

    def _work(self) -> None:
        """Play what waits, in one thread, until nothing does."""
        while not self._is_over.is_set():
            try:
                left = self._waiting.get_nowait()
            except queue.Empty:
                return
            while left:
                left = self._call(left)

    def _call(self, pairs: list[Pair]) -> list[Pair]:
        """Have a child play these; gives those that are left where it died on the way."""
        played: list[str] = []

        def listen(line: str, **details: Any) -> None:  # noqa: ANN401 (what the child says)
            if "row" in details:
                played.append(details["row"]["name"])
            self._said.put((line, details))

        try:
            children.call(
                PLAY, tick=self._tick, tick_s=TICK_S, log=listen, pairs=pairs, **self._arguments
            )
        except children.ChildDiedError:
            left = [pair for pair in pairs if pair.name not in played]
            if not left:
                return []
            row = Row(name=left[0].name, problem=_DIED)
            self._said.put((f"{row.name}: {_DIED}", {"level": "warning", "row": row.as_json()}))
            return left[1:]
        return []

    def _tick(self, _progress: object) -> None:
        if self._is_over.is_set():
            raise CancelledError("The board was cancelled.")
