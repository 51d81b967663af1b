"""Playing pairs: a strategy in the sandbox and on the engine, and its trades beside the list."""

import dataclasses
import hashlib
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from hewston.pipeline import backtest, schemas
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.kind import EVENT, find_kind
from hewston.pipeline.errors import CancelledError, HewstonError, InputError
from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.parity.board.divergence import find_first_divergence
from hewston.pipeline.parity.board.exact import match_exactly, within
from hewston.pipeline.parity.board.listed import Bars, place_list, read_list
from hewston.pipeline.parity.board.pairs import Pair
from hewston.pipeline.parity.board.row import Row, Verdict
from hewston.pipeline.parity.board.sessions import has_other_hours, hint_at_session
from hewston.pipeline.parity.side import list_trades
from hewston.pipeline.parity.trades import explain_trades
from hewston.pipeline.sandbox.strategy import Client, SandboxedStrategy
from hewston.pipeline.spec import RunSpec
from hewston.pipeline.store import sha256_file

SOURCE_BYTES = 256 * 1024  # that a strategy may have
_MOST_NOTES = 20  # of a run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ground:
    """What every pair of a board is played on: bars, the options of a run, where lists are from.

    The strategy of ``spec`` is nobody's. ``bars`` are those on which lists are put, and
    ``has_other_hours`` tells whether they were made of some before or after regular hours.
    """

    prepared: backtest.Prepared
    spec: RunSpec
    bars: Bars
    sandboxes: Mapping[str, Client]  # by the name of the kind of strategies that it runs
    has_other_hours: bool = False


def play_pairs(
    *,
    bars_file: Path,
    stored: str,
    spec: RunSpec,
    pairs: Sequence[Pair],
    zone: str | None,
    date_order: str | None = None,
    sandboxes: Mapping[str, Client],
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[..., None] = lambda _line, **_details: None,
) -> None:
    """Play pairs one by one on a revision's bars, which are prepared once.

    Each pair is told to ``log`` as soon as it is known: a sentence, and ``row`` as JSON. None ends
    the others: what is wrong with it is said in its row. Raises InputError where the bars are
    not there, and what ``progress`` raises to cancel.
    """
    bars = backtest.read_bars(bars_file, spec.bars_sha256)
    prepared = backtest.prepare(bars, spec, stored=stored)
    ground = Ground(
        prepared=prepared,
        spec=spec,
        bars=Bars(frame=prepared.frame, spec=spec, zone=zone, date_order=date_order),
        sandboxes=sandboxes,
        has_other_hours=has_other_hours(bars),
    )
    for done, pair in enumerate(pairs):
        progress(done / len(pairs))
        row = play_pair(pair, ground, log=log)
        log(
            describe_row(row), level="info" if row.problem is None else "warning", row=row.as_json()
        )


def play_pair(
    pair: Pair, ground: Ground, *, log: Callable[..., None] = lambda _line, **_details: None
) -> Row:
    """Play one pair; whatever is wrong with it is said in its row."""
    row = Row(name=pair.name)
    try:
        listed = None
        if pair.listed is not None:
            row = dataclasses.replace(row, list_sha256=sha256_file(pair.listed))
            upload = read_list(pair.listed, ground.bars)
            row = dataclasses.replace(
                row,
                trades=0 if upload.trades is None else upload.trades.height,
                notes=upload.warnings,
            )
            placed = place_list(upload, ground.bars)
            listed = placed.trades
            row = dataclasses.replace(row, zone=placed.zone, notes=placed.notes)
        if pair.problem is not None or pair.source is None or listed is None:
            return dataclasses.replace(row, problem=pair.problem)
        source = _read_source(pair.source)
        row = dataclasses.replace(row, source_sha256=hashlib.sha256(source).hexdigest())
        return _compare(row, source, listed, ground)
    except CancelledError:
        raise
    except HewstonError as problem:
        return dataclasses.replace(row, problem=problem.message)
    except Exception as unforeseen:  # the edge of a row: a stranger's pair ends no other
        lines = traceback.format_exception(unforeseen)
        log(f"{pair.name}: something unforeseen.", level="error", traceback=lines)
        kind = type(unforeseen).__name__
        return dataclasses.replace(row, problem=f"Something unforeseen happened ({kind}).")


def describe_row(row: Row) -> str:
    """Say what became of a pair, in a line."""
    if row.problem is not None:
        return f"{row.name}: {row.problem}"
    extra = f", {row.extra:,} more that are not in the list" if row.extra else ""
    return f"{row.name}: {row.matched:,} of {row.trades:,} trades{extra}."


def _read_source(path: Path) -> bytes:
    with path.open("rb") as file:
        source = file.read(SOURCE_BYTES + 1)
    if len(source) > SOURCE_BYTES:
        raise InputError(
            f"{path.name} has more than the {SOURCE_BYTES:,} bytes that a strategy may have.",
            file=path.name,
        )
    return source


def _compare(row: Row, source: bytes, listed: pl.DataFrame, ground: Ground) -> Row:
    kind = find_kind(source)
    make = EventStrategy if kind is EVENT else SandboxedStrategy
    strategy = make(source, ground.sandboxes[kind.name])
    spec = dataclasses.replace(ground.spec, strategy_id=row.name, strategy_sha256=strategy.sha256)
    notes: list[str] = []
    followed = backtest.follow(ground.prepared, spec, strategy, log=notes.append)
    made = list_trades(followed.trades, ground.prepared.bars["ts_open"])
    found = match_exactly(listed, made)
    if not found.is_whole:
        row = _explain(row, listed, made, ground)
    return dataclasses.replace(
        row,
        matched=found.matched,
        extra=found.extra,
        first_divergence=find_first_divergence(found),
        verdict=_judge(row, is_whole=found.is_whole),
        notes=(*row.notes, *notes[:_MOST_NOTES]),
    )


def _explain(row: Row, listed: pl.DataFrame, made: pl.DataFrame, ground: Ground) -> Row:
    """Name the class and the cause of what differs."""
    finding = explain_trades(
        listed,
        within(listed, made),
        candles=ground.prepared.frame.select(list(schemas.CANDLES)),
        interval_ms=INTERVAL_NS[ground.spec.interval] // 1_000_000,
    )
    if finding is None:
        return row
    notes = [*row.notes, finding.sentence]
    if ground.has_other_hours:
        hint = hint_at_session(listed, ground.prepared.frame, ground.spec)
        notes += [hint] if hint else []
    return dataclasses.replace(
        row, class_=finding.class_name, cause=finding.cause, notes=tuple(notes)
    )


def _judge(row: Row, *, is_whole: bool) -> Verdict:
    if is_whole:
        return "aligned"
    return "aligned_within_tolerance" if row.class_ == "numeric_tolerance" else "diverged"
