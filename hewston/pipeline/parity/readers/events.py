"""Trades out of entries and exits: first in, first out."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import polars as pl

from hewston.pipeline.schemas import LISTED_TRADES

_REST = 1e-9  # relative: what is left of a lot by the rounding of its parts


@dataclass(frozen=True, kw_only=True)
class Event:
    """An entry or an exit; ``where`` is its path in the file."""

    where: str
    stamp_ns: int
    side: str
    is_entry: bool
    price: float
    qty: float
    reason: str | None


@dataclass(kw_only=True)
class _Lot:
    entry: Event
    left: float


def pair_events(
    events: Sequence[Event], *, refuse: Callable[[str, str], NoReturn]
) -> tuple[pl.DataFrame, list[str]]:
    """Make LISTED_TRADES of events in the order of their times; also warnings.

    An exit closes the oldest lots of its side; a part of a lot is a trade of its own. Profit is
    the price difference times quantity: what a point is worth, and fees, no event says. ``refuse``
    is called for an exit of more than is open.
    """
    lots: dict[str, deque[_Lot]] = {"LONG": deque(), "SHORT": deque()}
    rows: list[dict[str, object]] = []
    for event in sorted(events, key=lambda one: one.stamp_ns):
        if event.is_entry:
            lots[event.side].append(_Lot(entry=event, left=event.qty))
            continue
        left = event.qty
        while left > _REST * event.qty:
            if not lots[event.side]:
                refuse(event.where, f"exits {left:g} more than is open")
            lot = lots[event.side][0]
            part = min(left, lot.left)
            rows.append(_trade(lot.entry, event, part))
            lot.left -= part
            left -= part
            if lot.left <= _REST * lot.entry.qty:
                lots[event.side].popleft()
    for side in lots.values():
        rows += [_trade(lot.entry, None, lot.left) for lot in side]
    frame = pl.DataFrame(
        rows, schema=LISTED_TRADES | dict.fromkeys(("entry_ts", "exit_ts"), pl.Int64)
    )
    frame = frame.sort("entry_ts", "exit_ts", nulls_last=True, maintain_order=True).with_columns(
        trade_id=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32)
    )
    warnings = (
        ["Profits are of prices and quantities alone: events say no fees and no point value."]
        if rows
        else []
    )
    return frame.cast(pl.Schema(LISTED_TRADES)), warnings


def _trade(entry: Event, last: Event | None, qty: float) -> dict[str, object]:
    sign = 1.0 if entry.side == "LONG" else -1.0
    return {
        "trade_id": 0,
        "side": entry.side,
        "entry_ts": entry.stamp_ns,
        "entry_price": entry.price,
        "exit_ts": None if last is None else last.stamp_ns,
        "exit_price": None if last is None else last.price,
        "qty": qty,
        "net_pnl": None if last is None else sign * (last.price - entry.price) * qty,
        "entry_reason": entry.reason,
        "exit_reason": None if last is None else last.reason,
    }
