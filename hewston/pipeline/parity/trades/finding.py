"""What is found of two lists of trades: where they part first, and why."""

import dataclasses
import datetime as dt
from typing import Literal

type Layer = Literal["candles", "signals", "orders", "fills", "size", "fees"]

MS_NS = 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeFinding:
    """Why trades differ: class and cause as comparisons name them, and a sentence.

    ``layer`` is the first that breaks, ``at`` the time (UTC, ns) of the first entry or exit that
    differs: Pine's, or Python's where Pine has none.
    """

    class_name: str
    cause: str
    layer: Layer
    at: int
    sentence: str
    shifts_ms: tuple[int, ...] = ()  # to add to Pine's times so that they are those of Python
    later: bool | None = None  # whether Python trades bars after Pine; None of other causes


def write_time(at_ms: int) -> str:
    """Write a moment (UTC, ms) for a sentence."""
    return f"{dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC):%Y-%m-%d %H:%M} UTC"


def write_count(count: int, noun: str = "trade") -> str:
    """Write how many there are of a thing."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"
