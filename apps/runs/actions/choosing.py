"""A finished run's trades, as they are asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.runs.models import Run
from hewston import children
from hewston.pipeline.breakdown import (
    GROUPS,
    PLACED_TRADES,
    RESULTS,
    SIDES,
    STATES,
    TradeSelection,
)
from hewston.pipeline.errors import InputError
from hewston.pipeline.export import KINDS
from hewston.pipeline.fields import Rule
from hewston.pipeline.schemas import SESSIONS

EXPORT = "hewston.pipeline.export:export_trades"
_WAIT_S = 120.0

TRADE_ORDERS = tuple(name for name in PLACED_TRADES if name not in {"entry_open", "exit_open"})
TRADE_FIELDS: dict[str, Rule] = {
    "side": {"type": "str", "default": None, "choices": SIDES},
    "result": {
        "type": "str",
        "default": None,
        "choices": RESULTS,
        "help": "of closed trades: net P&L above, below or at 0",
    },
    "state": {"type": "str", "default": None, "choices": STATES},
    "reason": {"type": "str", "default": None, "help": "of the entry or of the exit"},
    "session": {"type": "str", "default": None, "choices": SESSIONS, "help": "of the entry"},
    "weekday": {
        "type": "int",
        "default": None,
        "min": 1,
        "max": 7,
        "help": "of the entry's exchange date, 1 is Monday",
    },
    "hour": {
        "type": "int",
        "default": None,
        "min": 0,
        "max": 23,
        "help": "of the entry on the exchange's clock",
    },
    "from": {"type": "date", "default": None, "help": "entered on this exchange date or later"},
    "to": {"type": "date", "default": None, "help": "entered on this exchange date or earlier"},
}
GROUP_FIELDS: dict[str, Rule] = {
    "group_by": {
        "type": "str",
        "default": None,
        "choices": tuple(GROUPS),
        "help": "give groups of closed trades instead of trades",
    }
}
TRADE_ORDER: dict[str, Rule] = {
    "order": {
        "type": "str",
        "default": "trade_id",
        "choices": tuple(sign + name for name in TRADE_ORDERS for sign in ("", "-")),
        "help": "a column; with a minus it falls",
    }
}
TRADE_EXPORT: dict[str, Rule] = {
    **TRADE_FIELDS,
    **GROUP_FIELDS,
    **TRADE_ORDER,
    "format": {"type": "str", "default": "csv", "choices": KINDS},
}


def read_selection(asked: Mapping[str, Any]) -> TradeSelection:
    """Turn what was asked for by TRADE_FIELDS into a selection; raises InputError."""
    first, last = asked.get("from"), asked.get("to")
    if first and last and first > last:
        raise InputError(f"from ({first}) is after to ({last}).", field="from")
    same = ("side", "result", "state", "reason", "session", "weekday", "hour")
    return TradeSelection(**{name: asked.get(name) for name in same}, first=first, last=last)


def write_trades(*, run: Run, asked: Mapping[str, Any], path: Path) -> int:
    """Write what was asked for by TRADE_EXPORT to a file, in a child; returns how many rows.

    Raises InputError for more than the format holds, HewstonError (BUSY) when it takes too long.
    """
    rows: int = children.ask(
        EXPORT,
        within_s=_WAIT_S,
        stored=run.stored,
        selection=read_selection(asked),
        group_by=asked["group_by"],
        order=asked["order"],
        kind=asked["format"],
        path=path,
    )
    return rows
