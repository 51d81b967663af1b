"""What an event strategy did, as bytes."""

import dataclasses
import math
from collections.abc import Buffer, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.inside.form import FILLS, ORDERS, STATUSES, TYPES
from hewston.pipeline.engine.inside.stage import Played, read_level
from hewston.pipeline.engine.inside.traded import read_immediate, read_type
from hewston.pipeline.sandbox.inside.answer import Declaration, StrategyFailure
from hewston.pipeline.sandbox.inside.columns import read_texts, shorten
from hewston.pipeline.sandbox.inside.form import (
    LONGEST_TEXT,
    MOST_HEADER_BYTES,
    START,
    fill_columns,
    write_header,
)
from hewston.pipeline.sandbox.inside.writing import make_safe, write_texts

_STATUSES = {
    nautilus.OrderStatus.FILLED: "FILLED",
    nautilus.OrderStatus.REJECTED: "REJECTED",
    nautilus.OrderStatus.DENIED: "REJECTED",
    nautilus.OrderStatus.CANCELED: "CANCELLED",
    nautilus.OrderStatus.EXPIRED: "CANCELLED",
}


def write_played(
    played: Played | None,
    *,
    closes_ns: Sequence[int],
    declaration: Declaration | None,
    params: Mapping[str, Any] | None = None,
    failure: StrategyFailure | None = None,
) -> list[Buffer]:
    """Write what came of a run, or how it failed; ``closes_ns`` are those of its bars.

    Raises StrategyFailure where the form does not hold it.
    """
    header: dict[str, Any] = {
        "account": None,
        "declaration": declaration and dataclasses.asdict(declaration),
        "failure": failure and {"kind": failure.kind, "details": make_safe(failure.details)},
        "params": None if params is None else dict(params),
        "reasons": None,
        "rows": None,
    }
    parts: list[Buffer] = []
    if played is not None:
        orders = _list_orders(played, closes_ns)
        places = {order[0]: place for place, order in enumerate(orders)}
        fills = [(places[name], *fill) for name, *fill in played.record.fills]
        reasons = read_texts(pd.Series([order[-1] for order in orders], dtype=object))
        entry, texts = write_texts("reason", reasons)
        header |= {
            "account": [played.balance, *(played.position or (0.0, 0.0)), played.ruined_bar],
            "reasons": entry,
            "rows": [len(orders), len(fills)],
        }
        parts = [
            *_write_columns(ORDERS, [order[1:-1] for order in orders]),
            *_write_columns(FILLS, fills),
            *texts,
        ]
    head = write_header(header)
    if len(head) > START.size + MOST_HEADER_BYTES:
        raise StrategyFailure(
            "unfit", message=f"PARAMS is too long: {MOST_HEADER_BYTES:,} bytes are the most."
        )
    return [head, *fill_columns(parts)]


def _write_columns(kinds: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> list[Buffer]:
    columns = zip(*rows, strict=True) if rows else [[] for _ in kinds]
    return [
        np.array(values, dtype=kind).data
        for values, kind in zip(columns, kinds.values(), strict=True)
    ]


def _list_orders(played: Played, closes_ns: Sequence[int]) -> list[tuple[Any, ...]]:
    """List the orders as they were made: their name, ORDERS, the reason."""
    closes = np.array(closes_ns)
    refused = played.record.refused
    sent = [*played.orders, *(order for order, _ in refused.values())]
    listed = []
    for order in sorted(sent, key=_read_number):
        name = str(order.client_order_id)
        place = int(np.searchsorted(closes, int(order.ts_init), side="right")) - 1
        price, _ = read_level(order)
        status = _STATUSES.get(order.status, "OPEN")
        reason = ", ".join(str(tag) for tag in order.tags or [])
        if name in refused:
            status, reason = "REJECTED", refused[name][1]
        elif status == "REJECTED":
            reason = str(getattr(order.last_event, "reason", "")) or reason
        listed.append((
            name, max(place, 0), 1 if order.is_buy else -1, float(order.quantity.as_decimal()),
            TYPES.index(read_type(order)), read_immediate(order),
            math.nan if price is None else float(price.as_decimal()),
            STATUSES.index(status), shorten(reason, LONGEST_TEXT) or None,
        ))  # fmt: skip
    return listed


def _read_number(order: Any) -> tuple[int, int]:  # noqa: ANN401 (the engine is untyped)
    """Give an order's place: when it was made, and the number that its name ends with."""
    number = str(order.client_order_id).rpartition("-")[2]
    return int(order.ts_init), int(number) if number.isdecimal() else 0
