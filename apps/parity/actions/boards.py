"""Boards: asking for one, finding it and the one before, stopping and deleting it."""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.datasets.models import Revision
from apps.parity.actions.zones import read_order_name, read_zone_name
from apps.parity.models import Board
from apps.permissions.models import User
from apps.runs.actions import ChosenStrategy, build_spec
from hewston import children
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, suggest
from hewston.pipeline.parity.board import Change, find_changes
from hewston.pipeline.parity.board.packing import copy_pairs
from hewston.pipeline.spec import COST_FIELDS, RUN_FIELDS, canonical_json
from hewston.taskqueue import LIVE, Status, Watch, find_dead, new_id, revive

_UNPACK = "hewston.pipeline.parity.board.packing:unpack_pairs"
_WITHIN_S = 60.0
_MEMORY_BYTES = 512 << 20
_ORPHANED_S = 3600.0  # a folder without its row is this old before it is nobody's
_LONGEST_NAME = 200
_NOBODY = ChosenStrategy(strategy_id="board", sha256="0" * 64, rules={})

# As TradingView's own lists are made where nothing else is said: no costs, and money enough.
_AS_PINE: Mapping[str, object] = {
    "session": "all",
    "starting_cash": 100_000_000.0,
    **dict.fromkeys(COST_FIELDS, 0.0),
}
BOARD_FIELDS: dict[str, Rule] = {
    name: {**rule, "default": _AS_PINE.get(name, rule["default"])}
    for name, rule in (RUN_FIELDS | COST_FIELDS).items()
}  # what may be said of a board's runs, beside spread_fallback


def request_board(
    *,
    owner: User,
    revision: Revision,
    source: Path,
    name: str,
    options: Mapping[str, object],
    zone: str = "",
    date_order: str = "",
) -> Board:
    """Ask for the pairs of a folder, or of a zip, to be played on a revision.

    ``options`` are those of a run, with the defaults of BOARD_FIELDS; ``zone`` is that of every
    list's times, else each list's own is found out; ``date_order`` that of day and month where
    neither a list nor the bars tell. The files are copied. Raises InputError for options, a zone,
    an order and files that cannot be used: then nothing is kept.
    """

    def fill(folder: Path) -> tuple[str, ...]:
        if source.is_dir():
            return copy_pairs(source=source, target=folder)
        ignored: tuple[str, ...] = children.ask(
            _UNPACK,
            within_s=_WITHIN_S,
            memory_bytes=_MEMORY_BYTES,
            archive=source,
            target=folder,
            name=name,
        )
        return ignored

    if not source.exists():
        raise InputError(f"There is no folder {source}.", field="folder", file=str(source))
    said = {key: value for key, value in options.items() if value is not None}
    spec = build_spec(revision=revision, strategy=_NOBODY, params={}, options={**_AS_PINE, **said})
    board = Board(
        owner=owner,
        revision=revision,
        name=name[:_LONGEST_NAME],
        spec=spec.as_json(),
        zone=read_zone_name(zone),
        date_order=read_order_name(date_order),
        code_hash=artifacts.hash_code(),
    )
    _keep(board, fill)
    return board


def board_again(*, board: Board) -> Board:
    """Play the same pairs once more, on the newest revision and as the pipeline is now.

    Raises HewstonError while the board is under way.
    """
    if not board.is_over:
        raise HewstonError(
            f"Board {board.pk} is {board.get_status_display()}: there is nothing to play again.",
            code="CONFLICT",
        )
    revision = board.revision.dataset.latest
    again = Board(
        owner=board.owner,
        revision=revision,
        name=board.name,
        spec={**board.spec, "bars_sha256": revision.bars_sha256},
        zone=board.zone,
        date_order=board.date_order,
        code_hash=artifacts.hash_code(),
    )
    _keep(again, lambda folder: _link(board, folder))
    return again


def _keep(board: Board, fill: Callable[[Path], tuple[str, ...]]) -> None:
    """Put the pairs into their place, and the row beside them: both, or neither."""
    place = store.Store(settings.DATA_ROOT)
    with place.staging(f"board-{new_id()}") as staged:
        folder = staged / "pairs"
        folder.mkdir()
        board.ignored = list(fill(folder))
        store.publish(folder, board.folder)
    try:
        with transaction.atomic():
            board.save(force_insert=True)
            board.enqueue()
    except BaseException:
        shutil.rmtree(board.folder, ignore_errors=True)
        raise


def _link(board: Board, folder: Path) -> tuple[str, ...]:
    """Take over another board's files, which nobody edits: they are on the disk once."""
    for path in sorted(board.folder.iterdir()):
        (folder / path.name).hardlink_to(path)
    return tuple(board.ignored)


def find_board(*, user: User, board_id: str) -> Board:
    """Find a board that the user may see; raises HewstonError (BOARD_NOT_FOUND)."""
    mine = Board.objects.visible_to(user)
    found = mine.filter(pk=board_id).select_related("revision__dataset", "owner").first()
    if found is None:
        known = list(mine.values_list("pk", flat=True)[:10])
        raise HewstonError(
            f"There is no board {board_id[:40]}. {suggest(board_id, known)}",
            code=Board.missing,
            field="id",
        )
    return found


def find_earlier(*, board: Board, user: User) -> Board | None:
    """Find the board of the same dataset that was done before this one was asked for.

    One of the same runs' options comes before a later one of others.
    """
    earlier = Board.objects.visible_to(user).filter(
        revision__dataset=board.revision.dataset_id,
        status=Status.DONE,
        created_at__lt=board.created_at,
    )
    options = _options_of(board)
    known = list(earlier.only("spec", "created_at").order_by("-created_at")[:100])
    same = next((one for one in known if _options_of(one) == options), None)
    chosen = same or next(iter(known), None)
    return None if chosen is None else earlier.get(pk=chosen.pk)


def compare_with_earlier(*, board: Board, user: User) -> tuple[Board | None, list[Change]]:
    """Find what got better or worse since the board before; gives that board too."""
    earlier = find_earlier(board=board, user=user)
    if earlier is None:
        return None, []
    return earlier, find_changes(earlier.read_rows(), board.read_rows())


def _options_of(board: Board) -> str:
    return canonical_json({k: v for k, v in board.spec.items() if k != "bars_sha256"})


def cancel_board(*, board: Board) -> None:
    """Stop a board; its log is kept. Raises HewstonError when it is over."""
    if not board.cancel():
        raise HewstonError(
            f"Board {board.pk} is over already: {board.get_status_display()}.", code="CONFLICT"
        )


def delete_board(*, board: Board) -> None:
    """Remove a board that is over, with its files and its log. Raises HewstonError otherwise."""
    deleted, _ = Board.objects.filter(pk=board.pk).exclude(status__in=LIVE).delete()
    if not deleted:
        board.reread()
        raise HewstonError(f"Board {board.pk} is under way: cancel it first.", code="CONFLICT")
    shutil.rmtree(board.folder, ignore_errors=True)
    store.Store(settings.DATA_ROOT).log_file(board.pk).unlink(missing_ok=True)


def recover_boards(watch: Watch | None = None) -> list[Board]:
    """Give the boards of dead processes to others, and remove folders that are nobody's."""
    dead = find_dead(Board.objects.all(), watch)
    for board in dead:
        revive(board)
    _sweep()
    return dead


def _sweep() -> None:
    """Remove folders whose rows are gone: with their dataset, or never written."""
    folders = list(store.Store(settings.DATA_ROOT).boards.glob("*"))
    known = set(
        Board.objects.filter(pk__in=[one.name for one in folders]).values_list("pk", flat=True)
    )
    for folder in folders:
        if folder.name not in known and time.time() - folder.stat().st_mtime > _ORPHANED_S:
            shutil.rmtree(folder, ignore_errors=True)


_CSV = (
    *("name", "trades", "matched", "extra", "pct", "verdict", "class", "cause"),
    *("first_divergence", "problem", "zone", "source_sha256", "list_sha256"),
)


def tabulate_board(board: Board) -> tuple[list[str], list[list[object]]]:
    """Give a board's pairs as a table: its header, and a row a pair."""

    def write(value: object) -> object:
        return canonical_json(value) if isinstance(value, dict) else value

    return [*_CSV], [[write(row[name]) for name in _CSV] for row in board.rows]


def describe_board(board: Board) -> dict[str, Any]:
    """Give a board and its rows as plain JSON values."""
    return {
        "board_id": board.pk,
        "dataset_id": board.revision.dataset_id,
        "revision": board.revision.number,
        "zone": board.zone or None,
        "date_order": board.date_order or None,
        "ignored": board.ignored,
        **board.figures(),
        "pairs": board.rows,
    }
