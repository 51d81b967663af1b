"""A board of the catalogue's dataset, as one that was played leaves it."""

import dataclasses

from apps.parity.models import Board
from hewston.pipeline.parity.board import Row, add_up
from tests.scenes import Catalogue

BOARD_ID = "dddddddddddd"
ROWS = (
    Row(
        name="breakout",
        trades=1002,
        matched=1002,
        verdict="aligned",
        zone="Asia/Taipei",
        source_sha256="a" * 64,
        list_sha256="b" * 64,
    ),
    Row(
        name="crossover",
        trades=2150,
        matched=500,
        extra=1603,
        verdict="diverged",
        zone="Asia/Taipei",
        source_sha256="c" * 64,
        list_sha256="d" * 64,
    ),
    Row(name="=lost", problem="=lost.csv has no strategy beside it: =lost.py."),
)


def add_earlier(catalogue: Catalogue) -> Board:
    """Make the board before: one pair was better, and one was not there."""
    return add_board(
        catalogue,
        "dddddddddddc",
        (ROWS[0], dataclasses.replace(ROWS[1], matched=2150, extra=0, verdict="aligned")),
    )


def add_board(
    catalogue: Catalogue,
    board_id: str = BOARD_ID,
    rows: tuple[Row, ...] = ROWS,
    *,
    is_done: bool = True,
) -> Board:
    """Make a board with its files; one that is not done waits for a worker."""
    board = Board.objects.create(
        id=board_id,
        owner=catalogue.ada,
        revision=catalogue.revision,
        name="pairs.zip",
        spec={**catalogue.run.spec, "session": "all"},
        zone="Asia/Taipei",
        code_hash="e" * 64,
        ignored=["README.md"],
    )
    board.folder.mkdir(parents=True, exist_ok=True)
    for name in ("breakout.py", "breakout.csv", "crossover.py", "crossover.csv", "=lost.csv"):
        (board.folder / name).write_text(f"# {name}\n")
    if is_done:
        board.claim()
        board.complete(rows=[row.as_json() for row in rows], **add_up(rows).as_counts())
    return board
